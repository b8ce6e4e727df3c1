//! Gives facts their place, and keeps the lease.
//!
//! Pending runs are taken, never ids above a mark. Lease, heads and places commit
//! together; an error from COMMIT means unknown, and the next round takes whatever
//! is pending then. Nothing is placed before the stream's tails were compared under
//! this lease, and nothing of companies whose books must be recovered (ADR 0013).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bus::retry;
use metrics::{counter, gauge, histogram};
use store::{
    lease::Lease,
    relay::{Done, Most},
};
use telemetry::{CancellationToken, failpoint};

use super::{FIRST_PAUSE, LONGEST_PAUSE, Shared, chain};

/// The most that one transaction places.
const BATCH: Most = Most { runs: 500, facts: 10_000 };
/// How often the outbox is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// The most pending runs that are counted for its gauge.
const MEASURED_RUNS: u32 = 10_000;

/// Places facts until the lease is lost, or `stop`.
pub(super) async fn run(shared: Arc<Shared>, lease: Lease, stop: CancellationToken) {
    let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
    let mut compared = shared.compared.subscribe();
    let mut seen = Seen { renewed_at: Instant::now(), measured_at: None, more: true };
    while !stop.is_cancelled() {
        let round = round(&shared, &lease, &mut seen).await;
        // After an error nobody knows: look without being asked to.
        seen.more = !matches!(round, Ok(Round::Drained));
        let pause = match round {
            Ok(Round::LeaseLost) => {
                tracing::warn!(lease.term = lease.term(), "the relay's lease went elsewhere");
                return;
            }
            Ok(Round::Full) => {
                pauses.reset();
                continue;
            }
            Ok(Round::Drained) => {
                pauses.reset();
                shared.settings.sweep()
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "facts cannot be placed");
                pauses.next_pause()
            }
        };
        tokio::select! {
            () = shared.enqueued.notified() => {}
            Ok(()) = compared.changed() => seen.more = true,
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// What earlier rounds leave behind for the next.
struct Seen {
    renewed_at: Instant,
    measured_at: Option<Instant>,
    /// There may be more pending than the last round took.
    more: bool,
}

enum Round {
    /// There may be more.
    Full,
    /// Nothing is pending for now.
    Drained,
    LeaseLost,
}

async fn round(shared: &Shared, lease: &Lease, seen: &mut Seen) -> Result<Round, store::Error> {
    if seen.measured_at.is_none_or(|at| at.elapsed() >= MEASURE_EVERY) {
        let mut conn = shared.pool.acquire().await?;
        let waiting = store::relay::waiting(&mut conn, MEASURED_RUNS).await?;
        gauge!("relay_outbox_facts").set(u32::try_from(waiting).unwrap_or(u32::MAX));
        seen.measured_at = Some(Instant::now());
    }
    let must_renew = seen.renewed_at.elapsed() >= shared.settings.lease() / 3;
    if !must_renew && !seen.more {
        let mut conn = shared.pool.acquire().await?;
        if store::relay::waiting(&mut conn, 1).await? == 0 {
            return Ok(Round::Drained);
        }
    }
    let started = Instant::now();
    let mut tx = shared.pool.begin().await?;
    if !store::lease::renew(&mut tx, lease, shared.settings.lease()).await? {
        return Ok(Round::LeaseLost);
    }
    // A place may not be given out twice: not before the stream was asked what it
    // holds, and not while the books are older than it.
    let must_wait = store::recovery::waiting(&mut tx).await?;
    let placed = if *shared.compared.borrow() {
        store::relay::place_facts(&mut tx, BATCH, &must_wait, shared.clock.now()).await?
    } else {
        Done::default()
    };
    tx.commit().await?;
    seen.renewed_at = started;
    if placed.runs > 0 {
        failpoint("relay.sequenced");
        shared.placed.notify_one();
        histogram!("relay_place_seconds").record(started.elapsed());
        counter!("relay_placed_total").increment(placed.facts);
    }
    Ok(if placed.is_all_of(BATCH) { Round::Full } else { Round::Drained })
}
