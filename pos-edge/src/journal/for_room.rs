//! Room: how much there is, who is told when it gets less, and pruning, which makes some.

use schemas::requests::{StorageLevel, StorageReport};
use tokio::sync::watch;

use super::{Journal, JournalError, Pruning, Refusal, notifications, prune};

impl Journal {
    /// What the journal takes on the disk, and what it may still take.
    pub fn storage(&self) -> StorageReport {
        self.shared.storage()
    }

    /// How much room there was at the last look, which each sale and each
    /// [`Self::storage`] is.
    pub fn storage_level(&self) -> watch::Receiver<StorageLevel> {
        self.shared.gauge.level()
    }

    /// Whether there is room for a new sale, which says nothing about the moment after.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`].
    pub fn has_room(&self) -> Result<(), Refusal> {
        let StorageReport { free_bytes, level, .. } = self.storage();
        if level == StorageLevel::Full { Err(Refusal::NoRoom { free_bytes }) } else { Ok(()) }
    }

    /// Keeps that somebody was told of this level, and tells every manager and admin if
    /// it is worse than the one before; returns when it is on the disk.
    ///
    /// # Errors
    /// If the storage fails; the next call tells it.
    pub async fn tell_level(&self, report: StorageReport) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(notifications::tell_level(ledger, report))).await
    }

    /// Gives the journal another bound than [`JournalSettings::max_bytes`](super::JournalSettings::max_bytes).
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn limit_bytes(&self, bytes: Option<u64>) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(ledger.limit_bytes(bytes))).await
    }

    /// Entries up to here were pruned; 0 is none.
    pub fn pruned(&self) -> u64 {
        self.shared.base.borrow().seq
    }

    /// Looks at some entries after `after`, of those at or below `below`, and deletes
    /// what nobody needs; see [`Pruning::next`] for where to go on. `below` is how far
    /// the books and a backup of them have this journal. Begin at 0 now and then: what was
    /// needed before may not be any more.
    ///
    /// # Errors
    /// If the storage fails; nothing was deleted then.
    pub async fn prune_some(&self, after: u64, below: u64) -> Result<Pruning, JournalError> {
        self.ask(move |ledger| Box::pin(prune::step(ledger, after, below))).await
    }
}
