//! The journal: the place where a sale comes to exist.
//!
//! It guarantees that
//! - what it answered as captured is on the disk (fsync) and stays there:
//!   entries form one contiguous, hash-chained sequence, and a crash at any
//!   moment leaves either the whole of a group of captures or none of it;
//! - a ticket captures at most one sale: the same request under it gets the
//!   first answer again, another one is refused;
//! - a file that is not wholly ours and intact is refused at the start, and left
//!   as it is ([`open`](Journal::open));
//! - no one else writes it: one process (the fence), one connection, one task.
//!
//! One task owns the connection and takes requests over two bounded channels:
//! captures, of which all that wait go into one transaction, and everything
//! else, one at a time between the groups. Dropping every handle, or
//! [`Journal::close`], ends the task; a crash of it is an error to each caller.

mod error;
mod fence;
mod files;
mod key;
mod open;
mod settings;
mod state;
mod writer;

mod catalogue;
mod chain;
mod columns;
mod contacts;
mod entries;
mod group;
mod mapping;
mod progress;
mod sessions;
mod stock;
mod tickets;
mod updates;

use std::sync::Arc;

use futures::future::BoxFuture;
use schemas::{
    CashSessionId, Clock, DeviceId, Entry, Sha256Hash, TicketId, Timestamp,
    catalogue::{CatalogueRef, StockItem},
    edge_api::{CashSession, StockViewRow, TicketPage, TicketRow, Update},
    facts::{InvoiceAssignedV1, StockMovedV1},
    requests::{DeviceContact, HighestNumber, JournalHead, StockSnapshotV1, StorageReport},
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub use catalogue::CatalogueInUse;
pub use error::{JournalError, OpenError, Refusal};
pub use group::{Captured, NewSale, NewSession, StockUse};
pub use key::{JournalKey, KEY_VARIABLE, KeyError};
pub use progress::SyncCounts;
pub use sessions::OpenSession;
pub use settings::{EdgeIdentity, JournalSettings};
pub use tickets::TicketFilter;
pub use updates::{Place, PlacedUpdate};

use group::Capture;
use state::{Ledger, Shared};
use writer::{Request, Waiting};

/// Captures that may wait for the writer.
const CAPTURE_QUEUE: usize = 256;
/// Other requests that may wait for the writer.
const REQUEST_QUEUE: usize = 64;

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    captures: mpsc::Sender<Waiting>,
    requests: mpsc::Sender<Request>,
    shared: Arc<Shared>,
}

impl Journal {
    /// Makes an empty journal for a new edge; see [`JournalSettings`] for where.
    ///
    /// # Errors
    /// [`OpenError`], also if there is one already.
    pub async fn create(
        settings: &JournalSettings,
        identity: EdgeIdentity,
        clock: &dyn Clock,
    ) -> Result<(), OpenError> {
        open::create(settings, identity, clock).await
    }

    /// Opens the journal of this edge, after having looked at it without
    /// changing a byte: the key, whose it is, that it is not behind its own
    /// mark, that the books' cursor is in it, and the chain from its head
    /// backwards to that cursor, as far as
    /// [`JournalSettings::check_at_start_bytes`] goes. What is older and not
    /// confirmed is checked while it runs, before it may be published.
    ///
    /// # Errors
    /// [`OpenError`] says which of these failed and what to do.
    pub async fn open(
        settings: &JournalSettings,
        identity: EdgeIdentity,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let ledger = open::open(settings, identity, clock).await?;
        Ok(Self::start(ledger))
    }

    fn start(ledger: Ledger) -> Self {
        let shared = Arc::clone(&ledger.shared);
        let (captures, waiting) = mpsc::channel(CAPTURE_QUEUE);
        let (requests, requested) = mpsc::channel(REQUEST_QUEUE);
        tokio::spawn(writer::run(ledger, waiting, requested));
        Self { captures, requests, shared }
    }

    /// Waits until all that was asked before is done, then closes the file.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.requests.send(Request::Close(done)).await.is_ok() {
            // An error means that the task ended, which is what was asked for.
            let _ended = closed.await;
        }
    }

    /// Whose journal this is.
    pub fn identity(&self) -> EdgeIdentity {
        self.shared.identity
    }

    // ---- What the publisher reads -------------------------------------------------------

    /// The newest entry.
    pub fn head(&self) -> watch::Receiver<JournalHead> {
        self.shared.head.subscribe()
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
    /// [`JournalError::Broken`] if the very first does not hold.
    pub async fn entries_after(
        &self,
        seq: u64,
        max_entries: usize,
        max_bytes: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        self.ask(move |ledger| Box::pin(entries::after(ledger, seq, max_entries, max_bytes))).await
    }

    /// The hash of entry `seq`; zeros for 0, `None` beyond the head.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn hash_at(&self, seq: u64) -> Result<Option<Sha256Hash>, JournalError> {
        self.ask(move |ledger| Box::pin(entries::hash_at(&mut ledger.connection, seq))).await
    }

    // ---- What the books said ------------------------------------------------------------

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

    /// The books hold this edge (`Some`), or do not any more (`None`). While it
    /// is held nothing is sold.
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

    /// Takes the stock levels of movements; older ones change nothing.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn record_stock_moved(&self, moves: &[StockMovedV1]) -> Result<(), JournalError> {
        let levels = stock::levels_of(moves, self.shared.identity.edge_id);
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

    // ---- What a store looks at ----------------------------------------------------------

    /// How far the journal, the books and the numbers are.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn sync_counts(&self) -> Result<SyncCounts, JournalError> {
        self.ask(|ledger| Box::pin(progress::counts(ledger))).await
    }

    /// Shows tickets without a number from entry `from` to `to` (inclusive) as
    /// in error. One such range is known at a time; it is not kept over a
    /// restart, because sending is tried again then.
    pub fn mark_ticket_errors(&self, from: u64, to: u64, text: impl Into<String>) {
        *self.shared.lock_ticket_errors() =
            Some(tickets::TicketErrors { from, to, text: text.into() });
    }

    /// Shows no ticket as in error any more.
    pub fn clear_ticket_errors(&self) {
        *self.shared.lock_ticket_errors() = None;
    }

    /// A page of tickets, newest first.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn tickets(&self, filter: TicketFilter) -> Result<TicketPage, JournalError> {
        self.ask(move |ledger| Box::pin(tickets::page(ledger, filter))).await
    }

    /// One ticket.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn ticket(&self, ticket: TicketId) -> Result<Option<TicketRow>, JournalError> {
        self.ask(move |ledger| Box::pin(tickets::find(ledger, ticket))).await
    }

    /// The stored payload of a ticket's sale and the hash of the request that
    /// made it.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn sale(
        &self,
        ticket: TicketId,
    ) -> Result<Option<(Sha256Hash, Vec<u8>)>, JournalError> {
        self.ask(move |ledger| Box::pin(tickets::sale(&mut ledger.connection, ticket))).await
    }

    /// What is probably left of these stock items.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn stock(&self, items: Vec<StockItem>) -> Result<Vec<StockViewRow>, JournalError> {
        self.ask(move |ledger| Box::pin(stock::view(&mut ledger.connection, items))).await
    }

    /// What the journal takes on the disk, and what it may still take.
    pub fn storage(&self) -> StorageReport {
        self.shared.storage()
    }

    /// Gives the journal another bound than [`JournalSettings::max_bytes`].
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn limit_bytes(&self, bytes: Option<u64>) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(ledger.limit_bytes(bytes))).await
    }

    /// Updates for people who watch, from now on. They are bounded: who is slow
    /// is told how many were missed and reads them with [`Self::updates_after`].
    pub fn updates(&self) -> broadcast::Receiver<PlacedUpdate> {
        self.shared.updates.subscribe()
    }

    /// The updates after a place, oldest first, at most `limit` of each kind.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn updates_after(
        &self,
        place: Place,
        limit: usize,
    ) -> Result<Vec<PlacedUpdate>, JournalError> {
        self.ask(move |ledger| Box::pin(updates::after(ledger, place, limit))).await
    }

    /// Whether anyone watches [`Self::updates`] now.
    pub fn is_watched(&self) -> bool {
        self.shared.updates.receiver_count() > 0
    }

    /// Tells an update to those who watch now.
    pub fn publish_update(&self, update: Update) {
        self.shared.publish(update);
    }

    // ---- Capture ------------------------------------------------------------------------

    /// Captures a sale; returns when it is on the disk.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn capture_sale(&self, sale: NewSale) -> Result<Captured, Refusal> {
        self.capture(Capture::Sale(sale)).await
    }

    /// Captures the opening of a cash session; returns when it is on the disk.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn capture_session(&self, session: NewSession) -> Result<Captured, Refusal> {
        self.capture(Capture::Session(session)).await
    }

    async fn capture(&self, capture: Capture) -> Result<Captured, Refusal> {
        let (answer, answered) = oneshot::channel();
        let closed = |_| Refusal::Journal(JournalError::Closed);
        self.captures.send(Waiting { capture, answer }).await.map_err(|_| closed(()))?;
        answered.await.map_err(|_| closed(()))?
    }

    /// An open cash session.
    pub fn open_session(&self, id: CashSessionId) -> Option<OpenSession> {
        self.shared.read_sessions().get(&id).cloned()
    }

    /// The open cash sessions, of one till or of all, oldest first.
    pub fn open_sessions(&self, device: Option<DeviceId>) -> Vec<CashSession> {
        sessions::list(&self.shared, device)
    }

    /// The payload of the entry that an idempotency key opened a session with,
    /// and the hash of that request.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn session_by_key(
        &self,
        key: TicketId,
    ) -> Result<Option<(Sha256Hash, Vec<u8>)>, JournalError> {
        self.ask(move |ledger| Box::pin(sessions::by_key(&mut ledger.connection, key))).await
    }

    /// A till was heard from, now.
    pub fn device_seen(&self, device: DeviceId) {
        contacts::seen(&self.shared, device);
    }

    /// When each till was last heard from; kept over restarts to about a second.
    pub fn device_contacts(&self) -> Vec<DeviceContact> {
        contacts::list(&self.shared)
    }

    /// Now, by the clock that the journal was opened with.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: impl for<'a> FnOnce(&'a mut Ledger) -> BoxFuture<'a, Result<T, JournalError>>
        + Send
        + 'static,
    ) -> Result<T, JournalError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Job(Box::new(move |ledger| {
            Box::pin(async move {
                let outcome = match ledger.refresh().await {
                    Ok(()) => job(ledger).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = &outcome {
                    ledger.note(error);
                }
                // Whoever asked may have gone; what was asked is done all the same.
                let _nobody_waits = answer.send(outcome);
            })
        }));
        self.requests.send(request).await.map_err(|_| JournalError::Closed)?;
        answered.await.map_err(|_| JournalError::Closed)?
    }
}
