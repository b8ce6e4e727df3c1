//! Prunes the journal while the line is up: only then is it known, from the newest
//! answer, how far the books and a backup of them have it.
//!
//! In small steps with a pause after each, so that captures hardly wait; see the
//! journal's own `prune` for what may go. A round goes on from the newest entry that was
//! pruned, and now and then from the start: what was needed before may not be any more.
//! A crash in between loses nothing.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::Edge;
use crate::journal::Pruning;

/// The time between two rounds.
const ROUND_EVERY: Duration = Duration::from_secs(60);
/// The time between two rounds that begin from the start.
const FROM_THE_START_EVERY: Duration = Duration::from_secs(3_600);
/// After a step, at least so long until the next one: the writer is the tills' meanwhile.
const BETWEEN_STEPS: Duration = Duration::from_millis(20);

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let mut heard = edge.board.heard();
    let mut from_the_start_at = Instant::now();
    loop {
        let known = heard.wait_for(|heard| heard.is_some_and(|heard| heard.prunable > 0)).await;
        let Some(below) = known?.map(|heard| heard.prunable) else { continue };
        let begun = Instant::now();
        let mut after = edge.journal.pruned();
        if begun >= from_the_start_at {
            after = 0;
            from_the_start_at = begun + FROM_THE_START_EVERY;
        }
        round(&edge, after, below).await?;
        tokio::time::sleep_until(begun + ROUND_EVERY).await;
    }
}

async fn round(edge: &Edge, mut after: u64, below: u64) -> anyhow::Result<()> {
    let mut deleted = 0;
    loop {
        let begun = Instant::now();
        let Pruning { next, deleted: now } = edge.journal.prune_some(after, below).await?;
        let Some(next) = next else { break };
        (after, deleted) = (next, deleted + now);
        edge.figures.pruned.increment(now);
        // A slow disk gets as long a rest as it was kept.
        tokio::time::sleep(BETWEEN_STEPS.max(begun.elapsed())).await;
    }
    if deleted > 0 {
        tracing::info!(deleted, up_to = edge.journal.pruned(), "entries were pruned");
    }
    Ok(())
}
