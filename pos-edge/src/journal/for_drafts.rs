//! What is asked of the journal about drafts.

use schemas::{DeviceId, DraftId, StaffId, edge_api::Draft};

use super::{DraftRefusal, Journal, JournalError, drafts};
use crate::drafts::{DraftContent, DraftContext};

impl Journal {
    /// Keeps a till's draft; returns when it is on the disk. An older copy than
    /// the one that is kept changes nothing.
    ///
    /// # Errors
    /// [`DraftRefusal`]; nothing was changed then.
    pub async fn put_draft(
        &self,
        draft_id: DraftId,
        context: DraftContext,
        content: DraftContent,
    ) -> Result<Draft, DraftRefusal> {
        self.ask(move |ledger| Box::pin(drafts::put(ledger, draft_id, context, content))).await?
    }

    /// A person's active draft on a till.
    ///
    /// # Errors
    /// [`DraftRefusal`].
    pub async fn draft(&self, device: DeviceId, staff: StaffId) -> Result<Draft, DraftRefusal> {
        self.ask(move |ledger| Box::pin(drafts::find(ledger, device, staff))).await?
    }

    /// Throws a till's draft away, whoever's it is. One that was thrown away
    /// before stays so.
    ///
    /// # Errors
    /// [`DraftRefusal`]; nothing was changed then.
    pub async fn discard_draft(
        &self,
        device: DeviceId,
        staff: StaffId,
        draft_id: DraftId,
    ) -> Result<(), DraftRefusal> {
        self.ask(move |ledger| Box::pin(drafts::discard(ledger, device, staff, draft_id))).await?
    }

    /// Tells the audit log of drafts that were changed and are due.
    ///
    /// # Errors
    /// If the journal cannot be written; they stay due then.
    pub async fn tell_drafts(&self) -> Result<(), JournalError> {
        if !self.shared.read_drafts().values().any(|held| held.is_pending()) {
            return Ok(());
        }
        self.ask(|ledger| Box::pin(drafts::tell(ledger))).await
    }
}
