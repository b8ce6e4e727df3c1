//! The fast path of confirmations: a worker tells right after its commit.
//!
//! Notices may be lost, repeated or late; the heartbeat repeats their content.
//! Those that come together are taken as one, so that a busy worker does not
//! keep the journal's writer from capturing.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use futures::FutureExt;
use schemas::{
    requests::{ConfirmedV1, JournalHead},
    subjects,
};

use super::{Edge, board::Part};
use crate::journal::JournalError;

/// At most one confirmation per this time is written into the journal.
const NOT_OFTENER_THAN: Duration = Duration::from_millis(20);

impl Edge {
    /// The books say that they have everything up to `cursor`. Only after the
    /// journal has found it in itself does any other part believe it.
    pub(super) async fn confirm(&self, cursor: JournalHead) -> Result<(), JournalError> {
        telemetry::failpoint("edge.before_confirm");
        self.journal.confirm(cursor).await?;
        telemetry::failpoint("edge.after_confirm");
        self.board.raise_cursor(cursor.seq);
        Ok(())
    }
}

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let subject = subjects::confirmed(edge.journal.identity().edge_id);
    let mut notices = bus::notices::subscribe(&edge.bus, &subject).await?;
    edge.board.tell_error(Part::Confirmations, None);
    while let Some(first) = notices.next().await {
        let mut newest = Newest::default();
        newest.take(&first);
        while let Some(Some(more)) = notices.next().now_or_never() {
            newest.take(&more);
        }
        if let Some(notice) = newest.notice {
            believe(&edge, notice).await?;
        }
        tokio::time::sleep(NOT_OFTENER_THAN).await;
    }
    anyhow::bail!("the notices ended")
}

async fn believe(edge: &Edge, notice: ConfirmedV1) -> anyhow::Result<()> {
    let ConfirmedV1 { cursor, resend, held } = notice;
    if held.is_some() {
        edge.board.ask.notify_one();
    }
    match edge.confirm(cursor).await {
        Ok(()) => {}
        // The journal keeps it and says so; the heartbeat brings the whole picture.
        Err(JournalError::RolledBack(_)) => {
            edge.board.ask.notify_one();
            return Ok(());
        }
        Err(error) => return Err(error).context("a confirmation could not be kept"),
    }
    if resend {
        edge.board.tell_hole(cursor.seq);
    }
    Ok(())
}

/// The notice with the highest cursor of those that came together.
#[derive(Default)]
struct Newest {
    notice: Option<ConfirmedV1>,
}

impl Newest {
    fn take(&mut self, bytes: &[u8]) {
        let notice: ConfirmedV1 = match serde_json::from_slice(bytes) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::warn!(%error, "a confirmation that is none was dropped");
                return;
            }
        };
        match &mut self.notice {
            Some(newest) if newest.cursor.seq == notice.cursor.seq => {
                newest.resend |= notice.resend;
                newest.held = notice.held.or_else(|| newest.held.take());
            }
            Some(newest) if newest.cursor.seq > notice.cursor.seq => {}
            newest => *newest = Some(notice),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use schemas::Sha256Hash;

    use super::*;

    fn notice(seq: u64, resend: bool) -> Vec<u8> {
        let cursor = JournalHead { seq, hash: Sha256Hash::ZERO };
        serde_json::to_vec(&ConfirmedV1 { cursor, resend, held: None }).unwrap()
    }

    #[test]
    fn the_highest_cursor_counts_and_a_hole_there_is_not_forgotten() {
        let mut newest = Newest::default();
        for (seq, resend) in [(3, true), (9, false), (9, true), (9, false), (5, true)] {
            newest.take(&notice(seq, resend));
        }
        newest.take(b"{");
        let taken = newest.notice.unwrap();
        assert_eq!((taken.cursor.seq, taken.resend), (9, true));

        let mut newest = Newest::default();
        newest.take(&notice(3, true));
        newest.take(&notice(4, false));
        assert!(!newest.notice.unwrap().resend, "the hole after 3 is closed");
    }
}
