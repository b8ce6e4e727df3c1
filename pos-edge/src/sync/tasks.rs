//! Keeps the parts running: a failure is told and the part starts again after
//! a pause; a panic, a closed journal or wrong settings end all of them.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Edge, adoption, board::Part, catalogue, confirmations, heartbeat, mapping, pruning, publisher,
    stock, wakes,
};
use crate::journal::JournalError;

/// The first pause before a part is started again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before a part is started again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A part that ran for so long had started well: pauses begin anew.
const STARTED_WELL: Duration = Duration::from_secs(30);

/// Runs all parts until `shutdown`, or until one cannot go on.
pub(super) async fn run(edge: Arc<Edge>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let stop = shutdown.child_token();
    let mut parts = JoinSet::new();
    parts.spawn(keep(Part::Heartbeat, Arc::clone(&edge), stop.clone(), heartbeat::run));
    parts.spawn(keep(Part::Wakes, Arc::clone(&edge), stop.clone(), wakes::run));
    parts.spawn(keep(Part::Publisher, Arc::clone(&edge), stop.clone(), publisher::run));
    parts.spawn(keep(Part::Confirmations, Arc::clone(&edge), stop.clone(), confirmations::run));
    parts.spawn(keep(Part::Mapping, Arc::clone(&edge), stop.clone(), mapping::run));
    parts.spawn(keep(Part::Adoption, Arc::clone(&edge), stop.clone(), adoption::run));
    parts.spawn(keep(Part::Stock, Arc::clone(&edge), stop.clone(), stock::run));
    parts.spawn(keep(Part::Pruning, Arc::clone(&edge), stop.clone(), pruning::run));
    parts.spawn(keep(Part::Catalogue, edge, stop.clone(), catalogue::run));
    let mut outcome = Ok(());
    while let Some(ended) = parts.join_next().await {
        let ended = ended.context("a part of the sync panicked").and_then(|ended| ended);
        stop.cancel();
        outcome = outcome.and(ended);
    }
    outcome
}

async fn keep<F, R>(
    part: Part,
    edge: Arc<Edge>,
    shutdown: CancellationToken,
    start: F,
) -> anyhow::Result<()>
where
    F: Fn(Arc<Edge>) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let mut pauses = bus::retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        let started = Instant::now();
        let outcome = shutdown.run_until_cancelled(start(Arc::clone(&edge))).await;
        let error = match outcome {
            None => return Ok(()),
            Some(Ok(())) => anyhow::anyhow!("it ended by itself"),
            Some(Err(error)) => error,
        };
        if matches!(error.downcast_ref(), Some(JournalError::Closed)) {
            return Err(error.context(format!("the {} lost the journal", part.name())));
        }
        let shown = format!("{error:#}");
        tracing::error!(part = part.name(), error = shown, "failed; it starts again");
        edge.figures.restarted(part.name());
        edge.board.tell_error(part, Some(shown));
        if started.elapsed() >= STARTED_WELL {
            pauses.reset();
        }
        if !pauses.wait_unless(&shutdown).await {
            return Ok(());
        }
    }
}
