//! Removes facts that are older than the retention: published ones only, from
//! each branch's low end, a bounded number at a time. Cancelled or crashed, it
//! goes on at its next sweep.

use std::{sync::Arc, time::Duration};

use metrics::counter;
use telemetry::CancellationToken;

use super::{Shared, chain};

/// How often it looks.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The most runs that one statement removes.
const BATCH_RUNS: u32 = 500;
/// The most statements for one branch in one sweep.
const MAX_BATCHES: u32 = 20;

/// Sweeps until `stop`.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match sweep(&shared, &stop).await {
            Ok(0) => {}
            Ok(removed) => {
                counter!("relay_pruned_total").increment(removed);
                tracing::info!(facts = removed, "removed facts older than the retention");
            }
            Err(error) => tracing::warn!(error = chain(&error), "old facts were not removed"),
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// One sweep over all branches. Returns how many facts were removed.
async fn sweep(shared: &Shared, stop: &CancellationToken) -> Result<u64, store::Error> {
    let before = shared.clock.now().plus_micros(-shared.settings.retention_micros());
    let mut conn = shared.pool.acquire().await?;
    let mut removed = 0;
    for head in store::relay::heads(&mut conn, false).await? {
        for _ in 0..MAX_BATCHES {
            if stop.is_cancelled() {
                return Ok(removed);
            }
            let gone = store::relay::prune(&mut conn, head.branch_id, before, BATCH_RUNS).await?;
            removed += gone.facts;
            if gone.runs < u64::from(BATCH_RUNS) {
                break;
            }
        }
    }
    Ok(removed)
}
