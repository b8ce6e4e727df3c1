//! The relay: facts leave the books.
//!
//! Every fact was written to `outbox` by the transaction that made it true, in a
//! run with the branch's others of that transaction. The relay *places* the run:
//! its facts get the next `fact_seq`s of their branch. Only then they are
//! published to `books.<tenant>.<branch>.<fact>`, each branch in the order of
//! `fact_seq`.
//!
//! Delivery: at least once, under the same id, place and bytes. A crash after
//! placing publishes later; a crash after publishing publishes again. Whatever
//! the stream loses is published again as soon as its newest fact of a branch
//! is behind what was published ([`publisher`]). Facts stay in the books for
//! the retention, for consumers that missed some.
//!
//! Only the holder of the lease `relay` works. The lease's row is locked in the
//! transaction that places facts, so a holder that was asleep places nothing;
//! what it publishes once more is a repetition like any other.
//!
//! Several tasks share the lease: [`placer`] gives places, [`publisher`]
//! publishes, [`pruner`] removes what is older than the retention. An operator's
//! [`refill`] fills holes in the stream that its tail does not show.

pub mod lines;
pub mod message;
pub mod refill;

mod outgoing;
mod placer;
mod pruner;
mod publisher;
mod settings;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bus::{Bus, notices, retry};
use schemas::{Clock, subjects::WAKE_RELAY};
use store::{Pool, lease::Lease};
use telemetry::CancellationToken;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use uuid::Uuid;

pub use settings::Settings;

/// The lease's name.
const LEASE: &str = "relay";
/// The pauses after a failure: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the relay's tasks share.
struct Shared {
    settings: Settings,
    pool: Pool,
    bus: Bus,
    clock: Arc<dyn Clock>,
    /// The outbox may hold facts without a place.
    enqueued: Notify,
    /// New facts have their place.
    placed: Notify,
    /// The stream's tails were compared with the books under the present lease.
    compared: watch::Sender<bool>,
}

/// Relays facts until `shutdown` is cancelled, whenever it holds the lease.
///
/// # Errors
/// If the broker refuses the subscription to wake-ups, or a task panics.
/// Other failures are waited out.
pub async fn run(
    settings: Settings,
    pool: Pool,
    bus: Bus,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let (enqueued, placed) = (Notify::new(), Notify::new());
    let (compared, _) = watch::channel(false);
    let shared = Arc::new(Shared { settings, pool, bus, clock, enqueued, placed, compared });
    listen(&shared, &shutdown).await?;
    let holder = format!("relay-{}-{}", std::process::id(), Uuid::now_v7());
    let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
    while !shutdown.is_cancelled() {
        // In a task of its own: a lease that was asked for is known about.
        let asked = {
            let (shared, holder) = (shared.clone(), holder.clone());
            tokio::spawn(async move { shared.acquire(&holder).await })
        };
        let pause = match asked.await.context("the relay panicked")? {
            Ok(Some(lease)) => {
                pauses.reset();
                tracing::info!(lease.term = lease.term(), "relaying");
                hold(&shared, lease, &shutdown).await?;
                continue;
            }
            Ok(None) => shared.settings.sweep(),
            Err(error) => {
                tracing::warn!(error = chain(&error), "cannot ask for the relay's lease");
                pauses.next_pause()
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
    }
    Ok(())
}

/// Works under `lease` until it is lost, a task fails, or `shutdown`.
async fn hold(
    shared: &Arc<Shared>,
    lease: Lease,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let stop = shutdown.child_token();
    shared.compared.send_replace(false);
    // Tasks are asked to stop, never aborted: no commit is cancelled.
    let mut tasks = JoinSet::new();
    tasks.spawn(placer::run(shared.clone(), lease.clone(), stop.clone()));
    tasks.spawn(publisher::run(shared.clone(), stop.clone()));
    tasks.spawn(pruner::run(shared.clone(), stop.clone()));
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        stop.cancel();
        outcome = outcome.and(ended.context("a task of the relay panicked"));
    }
    if shutdown.is_cancelled()
        && let Err(error) = shared.resign(&lease).await
    {
        tracing::warn!(error = chain(&error), "the relay's lease was not resigned and expires");
    }
    outcome
}

/// Turns notices into one pending wake-up, however many come.
async fn listen(shared: &Arc<Shared>, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let mut wakes = notices::subscribe(&shared.bus, WAKE_RELAY)
        .await
        .context("the relay cannot listen for wake-ups")?;
    let (shared, shutdown) = (shared.clone(), shutdown.clone());
    tokio::spawn(shutdown.run_until_cancelled_owned(async move {
        while wakes.next().await.is_some() {
            shared.enqueued.notify_one();
        }
    }));
    Ok(())
}

impl Shared {
    async fn acquire(&self, holder: &str) -> Result<Option<Lease>, store::Error> {
        let mut conn = self.pool.acquire().await?;
        if store::recovery::look_around(&mut conn, "relay").await? {
            tracing::error!("the books were restored or moved; nothing is relayed until recovered");
        }
        store::lease::acquire(&mut conn, LEASE, holder, self.settings.lease()).await
    }

    async fn resign(&self, lease: &Lease) -> Result<(), store::Error> {
        let mut conn = self.pool.acquire().await?;
        store::lease::resign(&mut conn, lease).await
    }
}

/// An error with its sources, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
