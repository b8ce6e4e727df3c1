//! What is asked of the journal about KHQR codes.

use schemas::{TicketId, edge_api::KhqrChecked};

use super::{
    Journal, JournalError,
    khqr::{self, Confirmed, HeldCode, NewCode},
};

impl Journal {
    /// Keeps a code; returns when it is on the disk. Older ones of its ticket are
    /// superseded.
    ///
    /// # Errors
    /// If the journal cannot be written; nothing was changed then.
    pub async fn keep_khqr(&self, new: NewCode) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(khqr::keep(ledger, new))).await
    }

    /// The code that was made under an idempotency key.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn khqr_by_key(&self, key: TicketId) -> Result<Option<HeldCode>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::by_key(&mut ledger.connection, &key).await })
        })
        .await
    }

    /// A code by its md5.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn khqr_code(&self, md5: String) -> Result<Option<HeldCode>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::find(&mut ledger.connection, &md5).await })
        })
        .await
    }

    /// The code of a ticket that is not superseded.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn khqr_of_ticket(&self, ticket: TicketId) -> Result<Option<HeldCode>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::of_ticket(&mut ledger.connection, &ticket).await })
        })
        .await
    }

    /// Keeps what the centre confirmed of a code's payment, once; returns when it
    /// is on the disk.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn confirm_khqr(&self, md5: String, paid: Confirmed) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(async move { khqr::confirm(ledger, &md5, &paid).await }))
            .await
    }

    /// The answer to a tap.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn khqr_answer(&self, key: TicketId) -> Result<Option<KhqrChecked>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::answer(&mut ledger.connection, &key).await })
        })
        .await
    }

    /// Keeps the answer to a tap.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn keep_khqr_answer(
        &self,
        key: TicketId,
        answer: KhqrChecked,
    ) -> Result<(), JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::keep_answer(ledger, &key, &answer).await })
        })
        .await
    }
}
