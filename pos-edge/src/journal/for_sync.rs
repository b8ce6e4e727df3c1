//! What the sync asks of the journal: entries to send, and what the books said.

use std::sync::Arc;

use schemas::{
    Entry, Sha256Hash, Timestamp,
    catalogue::CatalogueRef,
    facts::InvoiceAssignedV1,
    requests::{HighestNumber, JournalHead, StockSnapshotV1},
};
use tokio::sync::watch;

use super::{
    CatalogueInUse, Journal, JournalError, NewestLevels, catalogue, entries, mapping, progress,
    stock,
};

impl Journal {
    /// The newest entry.
    pub fn head(&self) -> watch::Receiver<JournalHead> {
        self.shared.head.subscribe()
    }

    /// The newest entry, and a moment at which it is: nothing is being captured then.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn head_now(&self) -> Result<(Timestamp, JournalHead), JournalError> {
        self.ask(|ledger| {
            let now = ledger.shared.clock.now();
            let head = *ledger.shared.head.borrow();
            Box::pin(std::future::ready(Ok((now, head))))
        })
        .await
    }

    /// Everything up to here was checked since the start and may be published.
    pub fn verified(&self) -> watch::Receiver<u64> {
        self.shared.verified.subscribe()
    }

    /// Why entries after [`Self::verified`] may not be published, if one of
    /// them was found damaged. Selling goes on; a person has to look.
    pub fn damage(&self) -> watch::Receiver<Option<String>> {
        self.shared.damage.subscribe()
    }

    /// The newest entry that the books have.
    pub fn confirmed(&self) -> watch::Receiver<JournalHead> {
        self.shared.confirmed.subscribe()
    }

    /// The entries that follow `seq`, at most `max_entries` and about
    /// `max_bytes` of payload (but at least one entry, if there is one). Each
    /// was checked against its hash and the one before it; the answer ends
    /// before the first that does not hold.
    ///
    /// Ask for little at a time (a few hundred KiB): captures wait meanwhile.
    ///
    /// # Errors
    /// [`JournalError::Broken`] if the very first does not hold; [`JournalError::Pruned`]
    /// if it was pruned.
    pub async fn entries_after(
        &self,
        seq: u64,
        max_entries: usize,
        max_bytes: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        self.ask(move |ledger| Box::pin(entries::after(ledger, seq, max_entries, max_bytes))).await
    }

    /// The hash of entry `seq`; zeros for 0, `None` beyond the head, and before
    /// [`Self::pruned`].
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn hash_at(&self, seq: u64) -> Result<Option<Sha256Hash>, JournalError> {
        self.ask(move |ledger| {
            let base = *ledger.shared.base.borrow();
            Box::pin(entries::hash_at(&mut ledger.connection, base, seq))
        })
        .await
    }

    /// The books have everything up to `cursor`. An older cursor changes
    /// nothing. Not waited for on the disk: the books repeat it.
    ///
    /// # Errors
    /// [`JournalError::RolledBack`] if the cursor is not in this journal: it is
    /// an older copy, or another history. That is kept, and from then on
    /// nothing is sold under this edge any more.
    pub async fn confirm(&self, cursor: JournalHead) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(progress::confirm(ledger, cursor))).await
    }

    /// Why this edge may not sell any more, if the books are ahead of its journal.
    pub fn rolled_back(&self) -> watch::Receiver<Option<String>> {
        self.shared.rolled_back.subscribe()
    }

    /// The books hold this edge (`Some`), or do not any more (`None`). Selling
    /// goes on: a journal that really is another one is recognised by
    /// [`Self::confirm`], and what else may be wrong is no cashier's matter.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn set_held(&self, reason: Option<String>) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(progress::set_held(ledger, reason))).await
    }

    /// Why the books hold this edge, if they do.
    pub fn held(&self) -> watch::Receiver<Option<String>> {
        self.shared.held.subscribe()
    }

    /// Keeps register rows of the branch in the order of `mapping_seq` and
    /// gives each ticket of this journal its number. Rows that are held already
    /// are skipped; rows of other journals of the branch move the place too.
    /// Returns the new [`Self::mapping_seq`]. Not waited for on the disk: the
    /// books repeat it.
    ///
    /// # Errors
    /// [`JournalError::MappingGap`] if they do not continue what is held;
    /// nothing is kept then.
    pub async fn record_invoices(&self, rows: &[InvoiceAssignedV1]) -> Result<u64, JournalError> {
        let rows = rows.to_vec();
        self.ask(move |ledger| Box::pin(mapping::record(ledger, rows))).await
    }

    /// The register rows that are held after `mapping_seq`, in its order, at most
    /// `limit`.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn register_rows(
        &self,
        mapping_seq: u64,
        limit: u32,
    ) -> Result<Vec<InvoiceAssignedV1>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(mapping::rows_after(&mut ledger.connection, mapping_seq, limit))
        })
        .await
    }

    /// The highest contiguous `mapping_seq` that is held.
    pub fn mapping_seq(&self) -> u64 {
        *self.shared.mapping_seq.borrow()
    }

    /// [`Self::mapping_seq`], to be watched.
    pub fn mapping(&self) -> watch::Receiver<u64> {
        self.shared.mapping_seq.subscribe()
    }

    /// The highest number held of each series.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn highest_numbers(&self) -> Result<Vec<HighestNumber>, JournalError> {
        self.ask(|ledger| Box::pin(mapping::highest_numbers(&mut ledger.connection))).await
    }

    /// Takes stock levels of which movements told; older ones change nothing.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn record_stock_moved(&self, newest: NewestLevels) -> Result<(), JournalError> {
        let levels = newest.into_levels();
        self.ask(move |ledger| Box::pin(stock::record(ledger, levels))).await
    }

    /// Takes the stock levels of a snapshot, and forgets the deductions that
    /// they hold.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn record_stock_snapshot(
        &self,
        snapshot: &StockSnapshotV1,
    ) -> Result<(), JournalError> {
        let levels = stock::levels_in(snapshot);
        self.ask(move |ledger| Box::pin(stock::record(ledger, levels))).await?;
        while self.ask(|ledger| Box::pin(stock::forget_some(ledger))).await? {}
        Ok(())
    }

    /// Checks a catalogue, waits until it is on the disk, and prices with it
    /// from then on. The one in use again changes nothing.
    ///
    /// # Errors
    /// [`JournalError::Catalogue`] if it breaks a rule or is another branch's;
    /// the one in use stays then.
    pub async fn store_catalogue(&self, bytes: Vec<u8>) -> Result<CatalogueRef, JournalError> {
        let catalogue = catalogue::check(&bytes, self.shared.identity)?;
        self.ask(move |ledger| Box::pin(catalogue::store(ledger, bytes, catalogue))).await
    }

    /// The catalogue in use.
    pub fn catalogue(&self) -> watch::Receiver<Option<Arc<CatalogueInUse>>> {
        self.shared.catalogue.subscribe()
    }
}
