//! What is asked of the journal about KHQR codes.

use schemas::{TicketId, edge_api::KhqrChecked};

use super::{
    Journal, JournalError,
    khqr::{self, CodeBefore, Confirmed, HeldCode, NewCode, Tap},
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

    /// What was asked for before, under an idempotency key and about a ticket.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn khqr_asked(
        &self,
        key: TicketId,
        ticket: TicketId,
    ) -> Result<CodeBefore, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::asked(&mut ledger.connection, &key, ticket).await })
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

    /// What a tap under a key is about: the code, and the answer if there was one.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn khqr_tap(&self, key: TicketId, md5: String) -> Result<Tap, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::tap(&mut ledger.connection, &key, &md5).await })
        })
        .await
    }

    /// Keeps the answer to a tap, and with it what the centre confirmed of the
    /// code's payment, once; returns when both are on the disk.
    ///
    /// # Errors
    /// If the journal cannot be written; nothing was changed then.
    pub async fn keep_khqr_answer(
        &self,
        key: TicketId,
        answer: KhqrChecked,
        paid: Option<Confirmed>,
    ) -> Result<(), JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { khqr::keep_answer(ledger, &key, &answer, paid.as_ref()).await })
        })
        .await
    }
}
