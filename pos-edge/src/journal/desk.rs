//! Where captures are decided one by one, inside of a group's transaction.
//!
//! What a decision reads is what the transaction holds: all that came before,
//! of this group too. It decides first and writes then, so that a refusal
//! leaves nothing behind; a failing storage undoes the whole group. An answer
//! is made from the entry that it wrote, and a repeated request gets it again.

use domain::journal_chain;
use schemas::{
    DraftId, Entry, EntryKind, Sha256Hash, Timestamp,
    edge_api::Update,
    events::TenderMethod,
    requests::{JournalHead, StorageLevel, StorageReport},
};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{
    acts,
    captures::{Capture, Captured},
    error::{JournalError, Refusal},
    insert::{NewRows, insert},
    pruned::{self, Key, Pruned},
    standing,
    state::Shared,
    updates::{Place, PlacedUpdate},
};

/// What a decision works with.
pub(super) struct Desk<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) shared: &'a Shared,
    /// By the edge's clock, the same for the whole group.
    pub(super) now: Timestamp,
    /// The newest entry.
    pub(super) head: JournalHead,
    /// How many sales there are.
    pub(super) captured: u64,
    /// Drafts that were sold.
    pub(super) sold_drafts: Vec<DraftId>,
    /// What is told after the commit.
    pub(super) told: Vec<Told>,
}

/// An update and the entry that it tells of.
pub(super) struct Told {
    seq: u64,
    update: Update,
}

/// An entry that a decision wrote.
pub(super) struct Written {
    pub(super) seq: u64,
    pub(super) hash: Sha256Hash,
    pub(super) payload: Vec<u8>,
}

impl From<Written> for Captured {
    fn from(written: Written) -> Self {
        Self { payload: written.payload, replayed: false }
    }
}

impl<'a> Desk<'a> {
    /// A desk within a transaction, after the entry `head` and `captured` sales.
    pub(super) fn new(
        connection: &'a mut SqliteConnection,
        shared: &'a Shared,
        now: Timestamp,
        head: JournalHead,
        captured: u64,
    ) -> Self {
        let (sold_drafts, told) = (Vec::new(), Vec::new());
        Self { connection, shared, now, head, captured, sold_drafts, told }
    }

    /// Whether anything new may be written.
    ///
    /// # Errors
    /// Why nothing may ([`super::standing`]).
    pub(super) fn may_write(&self) -> Result<(), Refusal> {
        standing::refusal(self.shared).map_or(Ok(()), Err)
    }

    /// Whether there is room for a late sale that was paid this way.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`].
    pub(super) fn has_room(&self, method: TenderMethod) -> Result<(), Refusal> {
        let StorageReport { free_bytes, level, .. } = self.shared.storage();
        if level == StorageLevel::Full && method != TenderMethod::Khqr {
            return Err(Refusal::NoRoom { free_bytes });
        }
        Ok(())
    }

    /// What was done under a key and pruned since.
    pub(super) async fn pruned(&mut self, key: Key<'_>) -> Result<Option<Pruned>, JournalError> {
        if self.shared.base.borrow().seq == 0 {
            return Ok(None);
        }
        pruned::find(self.connection, key).await
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] before anything was written; else the storage's.
    pub(super) async fn append(
        &mut self,
        kind: EntryKind,
        event: &impl Serialize,
    ) -> Result<Written, Refusal> {
        let payload =
            serde_json::to_vec(event).map_err(|error| JournalError::Storage(error.to_string()))?;
        if payload.len() > Entry::MAX_PAYLOAD_BYTES {
            return Err(Refusal::TooLarge(payload.len()));
        }
        let edge = self.shared.identity.edge_id;
        let version = kind.newest_version();
        let entry = journal_chain::seal(edge, self.head, kind, version, self.now, payload);
        let entries = std::slice::from_ref(&entry);
        insert(self.connection, NewRows { entries, ..NewRows::default() }).await?;
        self.head = journal_chain::head_of(&entry);
        Ok(Written { seq: entry.seq, hash: entry.hash, payload: entry.payload })
    }

    /// Tells an update of entry `seq` after the commit.
    pub(super) fn tell(&mut self, seq: u64, update: Update) {
        self.told.push(Told { seq, update });
    }
}

/// Decides a capture.
///
/// # Errors
/// [`Refusal`]; nothing was written then. [`Refusal::Journal`] must undo the
/// transaction.
pub(super) async fn decide(desk: &mut Desk<'_>, capture: &Capture) -> Result<Captured, Refusal> {
    match capture {
        Capture::LateSale(late) => acts::late_sale(desk, late).await,
        Capture::Fact(fact) => acts::fact(desk, fact).await,
        Capture::Act(asked) => acts::carry_out(desk, asked).await,
        Capture::Command(command) => acts::command(desk, command).await,
        Capture::Order(order) => acts::accept(desk, order).await,
        Capture::Sale(_) | Capture::Session(_) => {
            Err(JournalError::Storage("it is not decided one by one".to_owned()).into())
        }
    }
}

/// Tells those who watch, after the commit.
pub(super) fn make_known(shared: &Shared, told: Vec<Told>) {
    let mapping_seq = *shared.mapping_seq.borrow();
    for Told { seq, update } in told {
        if let Update::SessionClosed { cash_session_id, .. } = &update {
            shared.write_sessions().remove(cash_session_id);
        }
        // An error means that the last watcher left meanwhile.
        let _nobody_watches = shared
            .updates
            .send(PlacedUpdate { place: Place { journal_seq: seq, mapping_seq }, update });
    }
}
