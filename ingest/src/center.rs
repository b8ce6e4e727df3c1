//! What every way in shares: the books, the broker, the clock and the bounds.

use std::{future::Future, sync::Arc, time::Duration};

use bus::Bus;
use schemas::{Clock, Timestamp};
use store::{Pool, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Refusal, backlogs::Backlogs, door::Waiting, drains::Drains, khqr::Khqr};

/// Requests that are worked on at once, over all ways in; the next is told to
/// ask again.
pub const MAX_CONCURRENT_REQUESTS: usize = 128;
/// Exports of registers that are sent at once; each may take minutes.
pub const MAX_EXPORTS: usize = 4;
/// The longest that one statement of a request may run, in milliseconds: the
/// server ends it, because whoever asked has given up by then.
pub const STATEMENT_TIMEOUT_MS: u32 = 3_000;

/// The longest that anyone waits for an answer. Work that takes longer goes on
/// to its own end, but is told as too slow.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(4);

pub(crate) struct Center {
    pool: Pool,
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) backlogs: Backlogs,
    pub(crate) waiting: Waiting,
    pub(crate) khqr: Khqr,
    pub(crate) drains: Drains,
    permits: Arc<Semaphore>,
    exports: Arc<Semaphore>,
}

impl Center {
    pub(crate) fn new(
        pool: Pool,
        bus: Bus,
        clock: Arc<dyn Clock>,
        shards: u16,
        waiting: Waiting,
        khqr: Khqr,
    ) -> Self {
        let backlogs = Backlogs::new(bus.clone(), shards);
        let drains = Drains::new(bus.clone(), shards);
        let permits = Arc::new(Semaphore::new(MAX_CONCURRENT_REQUESTS));
        let exports = Arc::new(Semaphore::new(MAX_EXPORTS));
        Self { pool, bus, clock, backlogs, waiting, khqr, drains, permits, exports }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A place among the requests that are worked on.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.permits).try_acquire_owned().map_err(|_| Refusal::Busy)
    }

    /// A place among the exports that are sent.
    pub(crate) fn enter_export(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.exports).try_acquire_owned().map_err(|_| Refusal::Busy)
    }

    /// A transaction whose statements are bounded. Run it in a task of its own:
    /// neither its beginning nor its commit may be cancelled.
    pub(crate) async fn begin(&self) -> Result<Transaction, Refusal> {
        let mut transaction = self.pool.begin().await.map_err(store::Error::from)?;
        store::pool::limit_statements(&mut transaction, STATEMENT_TIMEOUT_MS).await?;
        Ok(transaction)
    }

    pub(crate) async fn commit(&self, transaction: Transaction) -> Result<(), Refusal> {
        Ok(transaction.commit().await.map_err(store::Error::from)?)
    }
}

/// Runs `work` to its end in a task of its own, whatever happens to who waits.
pub(crate) async fn uncancelled<T, R>(work: R) -> T
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(value) => value,
        Err(broken) if broken.is_panic() => std::panic::resume_unwind(broken.into_panic()),
        // The runtime is going down; so is who waits.
        Err(_) => std::future::pending().await,
    }
}

/// The same, but says [`Refusal::TooSlow`] after [`ANSWER_WITHIN`].
pub(crate) async fn within_time<T, R>(work: R) -> Result<T, Refusal>
where
    T: Send + 'static,
    R: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    within(ANSWER_WITHIN, work).await
}

/// The same with a bound of one's own.
pub(crate) async fn within<T, R>(bound: Duration, work: R) -> Result<T, Refusal>
where
    T: Send + 'static,
    R: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    let outcome = tokio::time::timeout(bound, uncancelled(work)).await;
    outcome.unwrap_or(Err(Refusal::TooSlow))
}
