//! Filling holes that comparing tails does not see: facts that the stream lost although
//! its newest ones are there. Published as the relay publishes again, under the same
//! ids and places; the relay itself goes on beside it.

use std::sync::Arc;

use bus::Bus;
use schemas::{BranchId, Clock};
use store::{
    Pool,
    facts::{self, Wanted},
    relay,
};
use tokio::sync::{Notify, watch};

use super::{
    Settings, Shared,
    publisher::{Publisher, WINDOW_BYTES, WINDOW_FACTS},
};

/// Facts could not be published again.
#[derive(Debug, thiserror::Error)]
pub enum RefillError {
    /// The books do not answer.
    #[error("the books cannot be read")]
    Store(#[from] store::Error),
    /// The stream did not take a fact, or the books do not hold it any more.
    #[error("fact {1} of branch {0} is not taken by the stream, or gone from the books")]
    NotTaken(BranchId, u64),
}

/// Publishes the facts `first..=last` of a branch again. `progress` hears how many the
/// stream took.
///
/// # Errors
/// [`RefillError`]; those before it are in the stream.
pub async fn refill(
    (pool, bus, clock): (&Pool, &Bus, Arc<dyn Clock>),
    branch: BranchId,
    (first, last): (u64, u64),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), RefillError> {
    let shared = Arc::new(Shared {
        settings: Settings::default(),
        pool: pool.clone(),
        bus: bus.clone(),
        clock,
        enqueued: Notify::new(),
        placed: Notify::new(),
        // Nothing is placed here.
        compared: watch::Sender::new(false),
    });
    let mut conn = pool.acquire().await.map_err(store::Error::from)?;
    let heads = relay::heads(&mut conn, false).await?;
    drop(conn);
    let mut publisher = Publisher::again(shared, &heads, branch);
    let mut after = first.saturating_sub(1);
    while after < last {
        let most = u32::try_from(last - after).unwrap_or(WINDOW_FACTS).min(WINDOW_FACTS);
        let wanted = [Wanted { branch_id: branch, after_seq: after, most }];
        let mut conn = pool.acquire().await.map_err(store::Error::from)?;
        let found = facts::after_each(&mut conn, &wanted, WINDOW_BYTES).await?;
        drop(conn);
        let count = found.len();
        let newest = found.last().map(|fact| fact.fact_seq);
        let is_next = found.first().is_some_and(|fact| fact.fact_seq == after + 1);
        let taken = publisher.publish(found).await;
        progress(taken as u64);
        match newest {
            Some(newest) if is_next && taken == count => after = newest,
            _ => return Err(RefillError::NotTaken(branch, after + taken as u64 + 1)),
        }
    }
    Ok(())
}
