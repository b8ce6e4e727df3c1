//! What the store looks at: tickets, sessions, stock, updates.

use schemas::{
    CashSessionId, DeviceId, Sha256Hash, TicketId,
    catalogue::StockItem,
    edge_api::{CashSession, StockViewRow, TicketPage, TicketRow, Update},
    requests::DeviceContact,
};
use tokio::sync::broadcast;

use super::{
    Journal, JournalError, OpenSession, Place, PlacedUpdate, Refusal, SyncCounts, TicketFilter,
    contacts, progress, pruned, sessions, stock, tickets, updates,
};

impl Journal {
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

    /// The entry of a ticket's sale, if it was sold here and pruned since.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn pruned_sale(&self, ticket: TicketId) -> Result<Option<u64>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { pruned::sold(&mut ledger.connection, &ticket).await })
        })
        .await
    }

    /// What is answered to a sale under a ticket that was sold here and pruned since.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn refuse_pruned(
        &self,
        ticket: TicketId,
        request_hash: Sha256Hash,
    ) -> Result<Option<Refusal>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move {
                let key = pruned::Key::Ticket(ticket.as_str());
                let pruned = pruned::find(&mut ledger.connection, key).await?;
                Ok(pruned.map(|pruned| pruned.refusal(request_hash)))
            })
        })
        .await
    }

    /// What is probably left of these stock items.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn stock(&self, items: Vec<StockItem>) -> Result<Vec<StockViewRow>, JournalError> {
        self.ask(move |ledger| Box::pin(stock::view(&mut ledger.connection, items))).await
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
}
