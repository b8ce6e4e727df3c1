//! The one task that reads and writes the journal's file.

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::{
    captures::{Capture, Captured},
    chain,
    error::Refusal,
    group,
    state::Ledger,
};

/// The most captures in one transaction.
const GROUP_CAPTURES: usize = 128;

/// A capture and who waits for it.
pub(super) struct Waiting {
    pub(super) capture: Capture,
    pub(super) answer: oneshot::Sender<Result<Captured, Refusal>>,
}

/// Something to do with the ledger.
pub(super) type Job = Box<dyn for<'a> FnOnce(&'a mut Ledger) -> BoxFuture<'a, ()> + Send>;

/// Everything that is no capture.
pub(super) enum Request {
    Job(Job),
    Close(oneshot::Sender<()>),
}

/// Serves until it is closed or every handle is gone: all captures that wait,
/// then one request, and so on; the later check of the chain only when nothing
/// waits.
pub(super) async fn run(
    mut ledger: Ledger,
    mut captures: mpsc::Receiver<Waiting>,
    mut requests: mpsc::Receiver<Request>,
) {
    let mut group = Vec::with_capacity(GROUP_CAPTURES);
    let closed = loop {
        let idle = ledger.checking.as_ref().is_some_and(chain::Checking::goes_on);
        tokio::select! {
            biased;
            waiting = captures.recv_many(&mut group, GROUP_CAPTURES) => {
                if waiting == 0 {
                    break None;
                }
                capture(&mut ledger, &mut group).await;
                // One request between two groups, so that neither starves.
                match requests.try_recv() {
                    Ok(Request::Job(job)) => job(&mut ledger).await,
                    Ok(Request::Close(done)) => break Some(done),
                    Err(_) => {}
                }
            }
            request = requests.recv() => match request {
                Some(Request::Job(job)) => job(&mut ledger).await,
                Some(Request::Close(done)) => break Some(done),
                None => break None,
            },
            () = std::future::ready(()), if idle => chain::step(&mut ledger).await,
        }
    };
    // Captures that came before the end are still served.
    captures.close();
    while captures.recv_many(&mut group, GROUP_CAPTURES).await > 0 {
        capture(&mut ledger, &mut group).await;
    }
    ledger.close().await;
    if let Some(done) = closed {
        // Whoever asked may have gone.
        let _nobody_waits = done.send(());
    }
}

async fn capture(ledger: &mut Ledger, group: &mut Vec<Waiting>) {
    let (mut captures, answers): (Vec<_>, Vec<_>) =
        group.drain(..).map(|waiting| (waiting.capture, waiting.answer)).unzip();
    let captured = match ledger.refresh().await {
        Ok(()) => group::capture(ledger, &mut captures).await,
        Err(error) => Err(error),
    };
    let outcomes = match captured {
        Ok(outcomes) => outcomes,
        Err(error) => {
            ledger.note(&error);
            tracing::error!(edge.id = %ledger.shared.identity.edge_id, %error, captures = captures.len(), "nothing was captured");
            captures.iter().map(|_| Err(Refusal::Journal(error.clone()))).collect()
        }
    };
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // A till that hung up asks again under the same ticket.
        let _nobody_waits = answer.send(outcome);
    }
}

impl Ledger {
    /// Closes the file, then lets the next daemon in.
    async fn close(self) {
        use sqlx::Connection;
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the journal was not closed cleanly; it is whole all the same");
        }
        drop(self.fence);
    }
}
