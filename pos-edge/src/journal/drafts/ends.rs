//! How a draft ends: it is sold or thrown away.

use schemas::{
    CashSessionId, DeviceId, DraftId, EntryKind, StaffId,
    events::{AuditAction, AuditRecordedV1},
};
use sqlx::SqliteConnection;

use super::DraftRefusal;
use crate::{
    drafts::DraftStatus,
    journal::{
        append::append,
        captures::NewSale,
        columns::uuid_out,
        desk::Desk,
        error::{JournalError, Refusal},
        state::{Ledger, Shared},
    },
};

/// Why a sale is refused for the draft that it says it ends, if it is. A draft
/// that never got here, or is over already, is no reason: the sale is a fact.
pub(in crate::journal) fn refuse_sale(shared: &Shared, sale: &NewSale) -> Option<Refusal> {
    let draft = sale.draft_id?;
    let drafts = shared.read_drafts();
    let known = drafts.values().map(|held| held.known).find(|known| known.draft_id == draft)?;
    let here = (sale.device_id, sale.cash_session_id);
    let belongs = (known.context.device_id, known.context.cash_session_id);
    (known.status == DraftStatus::Active && belongs != here)
        .then_some(Refusal::DraftOfAnotherContext(draft))
}

/// Ends a draft within the transaction of its sale; what was not told of it
/// yet is told.
pub(in crate::journal) async fn sell(
    desk: &mut Desk<'_>,
    draft_id: DraftId,
) -> Result<(), JournalError> {
    let draft = draft_id.as_uuid();
    let ended = sqlx::query!(
        "UPDATE draft SET status = 'FINALIZED', audit_pending = 0
         WHERE draft_id = ? AND status = 'ACTIVE'",
        draft
    )
    .execute(&mut *desk.connection)
    .await?
    .rows_affected();
    desk.sold_drafts.push(draft_id);
    let Some(event) = pending_event(desk.shared, draft_id).filter(|_| ended > 0) else {
        return Ok(());
    };
    match desk.append(EntryKind::AuditRecorded, &event).await {
        Ok(_) => Ok(()),
        Err(Refusal::Journal(error)) => Err(error),
        Err(refusal) => Err(JournalError::Storage(refusal.to_string())),
    }
}

/// What is to be told of a draft that was changed since it was last told of.
fn pending_event(shared: &Shared, draft_id: DraftId) -> Option<AuditRecordedV1> {
    let drafts = shared.read_drafts();
    let held = drafts.values().find(|held| held.known.draft_id == draft_id && held.pending)?;
    Some(held.audit_event(shared, AuditAction::CartUpdated, held.known.context.staff_id))
}

/// Makes known, after the commit, that drafts were sold.
pub(in crate::journal) fn make_sold(shared: &Shared, sold: &[DraftId]) {
    for draft in sold {
        let mut drafts = shared.write_drafts();
        let held = drafts.values_mut().find(|held| held.known.draft_id == *draft);
        if let Some(held) = held.filter(|held| held.known.status == DraftStatus::Active) {
            held.known.status = DraftStatus::Finalized;
            held.pending = false;
        }
    }
}

/// The active draft of a session, if it has one: it must be sold or thrown away
/// before the session is closed.
pub(in crate::journal) async fn active_in_session(
    connection: &mut SqliteConnection,
    cash_session_id: CashSessionId,
) -> Result<Option<DraftId>, JournalError> {
    let session = cash_session_id.as_uuid();
    let draft = sqlx::query_scalar!(
        "SELECT draft_id FROM draft WHERE cash_session_id = ? AND status = 'ACTIVE'",
        session
    )
    .fetch_optional(connection)
    .await?;
    draft.map(|id| Ok(uuid_out(&id)?.into())).transpose()
}

/// See [`crate::journal::Journal::discard_draft`].
pub(in crate::journal) async fn discard(
    ledger: &mut Ledger,
    device: DeviceId,
    staff: StaffId,
    draft_id: DraftId,
) -> Result<Result<(), DraftRefusal>, JournalError> {
    let shared = ledger.shared.clone();
    let held = shared.read_drafts().get(&device).copied();
    let Some(mut held) = held.filter(|held| held.known.draft_id == draft_id) else {
        return Ok(Err(DraftRefusal::NotFound));
    };
    match held.known.status {
        DraftStatus::Active => {}
        DraftStatus::Discarded => return Ok(Ok(())),
        DraftStatus::Finalized => return Ok(Err(DraftRefusal::Closed(draft_id))),
    }
    let owner = held.known.context.staff_id;
    let mut audits = Vec::new();
    if held.pending {
        audits.push(held.audit(&shared, AuditAction::CartUpdated, owner)?);
    }
    audits.push(held.audit(&shared, AuditAction::CartDiscarded, staff)?);
    append(ledger, audits, move |connection, _| {
        Box::pin(async move {
            let draft = draft_id.as_uuid();
            sqlx::query!(
                "UPDATE draft SET status = 'DISCARDED', audit_pending = 0 WHERE draft_id = ?",
                draft
            )
            .execute(connection)
            .await?;
            Ok(())
        })
    })
    .await?;
    held.known.status = DraftStatus::Discarded;
    held.pending = false;
    shared.write_drafts().insert(device, held);
    Ok(Ok(()))
}
