//! Counting and closing a drawer.

use domain::sessions::count_drawer;
use schemas::{
    CashSessionId, EntryKind, Khr, Usd,
    edge_api::{Update, VoidRequestStatus},
    events::{CashSessionClosedV1, ClosedVoid},
};
use sqlx::SqliteConnection;

use super::{By, theirs};
use crate::journal::{
    cases,
    columns::place_in,
    contacts,
    desk::{Desk, Written},
    drafts,
    error::{JournalError, Refusal},
    notifications::{self, Notice},
    reports, sessions,
    void_requests::{self, Pending},
};

/// Closes a session: its Z report, what was counted, and the rejection of every
/// request to void that is undecided in it, all in one entry.
pub(super) async fn close_session(
    desk: &mut Desk<'_>,
    by: By,
    id: CashSessionId,
    usd: Usd,
    khr: Khr,
) -> Result<Written, Refusal> {
    let session = sessions::find(desk.connection, id).await?.ok_or(Refusal::SessionNotFound(id))?;
    theirs(by, session.session.staff_id)?;
    if session.closed_at.is_some() {
        return Err(Refusal::SessionClosed(id));
    }
    if let Some(draft) = drafts::active_in_session(desk.connection, id).await? {
        return Err(Refusal::DraftActive(draft));
    }
    let z = reports::of_session(desk.connection, &session.session, desk.now).await?;
    let pending = void_requests::pending_in(desk.connection, id).await?;
    let identity = desk.shared.identity;
    let counted = count_drawer(&z, usd, khr);
    let event = CashSessionClosedV1 {
        imported_from: None,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: by.device_id,
        cash_session_id: id,
        closed_by: by.staff_id,
        closed_at: desk.now,
        z,
        counted,
        rejected_voids: pending.iter().map(closed_void).collect(),
        silent_devices: contacts::silent(desk.shared, desk.now, by.device_id),
    };
    write(desk, &event, &pending).await
}

fn closed_void(request: &Pending) -> ClosedVoid {
    ClosedVoid { void_request_id: request.void_request_id, sale_id: request.sale_id }
}

/// Appends the entry that closes a session, keeps it, and rejects what is undecided in it.
/// Who asked for that is notified, unless another box closed the session: it did so then.
pub(in crate::journal) async fn write(
    desk: &mut Desk<'_>,
    event: &CashSessionClosedV1,
    pending: &[Pending],
) -> Result<Written, Refusal> {
    let written = desk.append(EntryKind::CashSessionClosed, event).await?;
    set_closed(desk.connection, &written, event).await?;
    for request in pending {
        reject(desk, event, request, &written).await?;
    }
    let cash_session_id = event.cash_session_id;
    let rejected_voids = pending.iter().map(|request| request.void_request_id).collect();
    desk.tell(written.seq, Update::SessionClosed { cash_session_id, rejected_voids });
    Ok(written)
}

/// Keeps that an entry closed a session.
async fn set_closed(
    connection: &mut SqliteConnection,
    written: &Written,
    event: &CashSessionClosedV1,
) -> Result<(), JournalError> {
    let id = event.cash_session_id.as_uuid();
    let (seq, at) = (place_in(written.seq), event.closed_at.unix_micros());
    sqlx::query!(
        "UPDATE cash_session SET status = 'CLOSED', closed_seq = ?, closed_at = ?
         WHERE cash_session_id = ?",
        seq,
        at,
        id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the close does with a request that is undecided.
async fn reject(
    desk: &mut Desk<'_>,
    event: &CashSessionClosedV1,
    pending: &Pending,
    written: &Written,
) -> Result<(), JournalError> {
    let id = pending.void_request_id;
    let (sale, request) = cases::of_void_request(desk.connection, id)
        .await?
        .ok_or_else(|| JournalError::Storage(format!("request to void {id} is gone")))?;
    let outcome = void_requests::Outcome {
        status: VoidRequestStatus::Rejected,
        decided_seq: written.seq,
        decided_by: event.closed_by,
        decided_at: event.closed_at,
        remark: None,
        by_close: true,
    };
    void_requests::settle(desk.connection, request.seq, &outcome).await?;
    cases::set(desk.connection, sale.seq, &sale.case.close_session(), None).await?;
    if event.imported_from.is_some() {
        return Ok(());
    }
    let notice = Notice {
        what: "VOID_REJECTED",
        void_request_id: id,
        request_seq: request.seq,
        sale_id: sale.sale_id,
        to: Some(request.requested_by),
    };
    notifications::raise(desk, &notice).await
}
