//! Requests to undo sales, and what is decided about them: by a manager at a
//! till, or by one at the centre through a command.

use schemas::{
    CashSessionId, CommandId, Currency, EntryKind, StaffId, TicketId, Timestamp, VoidRequestId,
    edge_api::{Update, VoidRequestStatus},
    events::{DeductionLine, VoidApprovedV1, VoidRejectedV1, VoidRequestedV1},
    requests::VoidDecision,
};
use serde::Deserialize;
use sqlx::SqliteConnection;

use super::{By, theirs};
use crate::{
    fresh_id::fresh_id,
    journal::{
        captures::StockUse,
        cases::{self, SaleCase},
        columns::{place_in, place_out, units_out},
        desk::{Desk, Written},
        error::{JournalError, Refusal},
        insert::{NewRows, insert},
        notifications::{self, Notice},
        online_orders, stock, void_requests,
    },
};

/// Requests that may wait in one session: a close rejects them all in one entry.
const MAX_PENDING: u64 = 500;

/// Asks to undo a sale.
pub(super) async fn request(
    desk: &mut Desk<'_>,
    by: By,
    ticket: &TicketId,
    reason: &str,
) -> Result<Written, Refusal> {
    let Some(sale) = cases::of_ticket(desk.connection, ticket).await? else {
        let online = online_orders::has_ticket(desk.connection, ticket).await?;
        let why = if online { Refusal::VoidOnline } else { Refusal::TicketNotFound };
        return Err(why(ticket.clone()));
    };
    theirs(by, sale.owner)?;
    let after = sale.case.request().map_err(Refusal::Void)?;
    let waiting = void_requests::pending_in(desk.connection, sale.cash_session_id).await?;
    if waiting.len() as u64 >= MAX_PENDING {
        return Err(Refusal::TooManyVoids(waiting.len() as u64));
    }
    let identity = desk.shared.identity;
    let event = VoidRequestedV1 {
        imported_from: None,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: by.device_id,
        void_request_id: fresh_id(desk.now),
        sale_id: sale.sale_id,
        order_id: sale.order_id,
        ticket_id: sale.ticket_id.clone(),
        cash_session_id: sale.cash_session_id,
        requested_by: by.staff_id,
        reason: reason.to_owned(),
        requested_at: desk.now,
    };
    let written = desk.append(EntryKind::VoidRequested, &event).await?;
    void_requests::insert(desk.connection, place_in(written.seq), sale.seq, &event).await?;
    cases::set(desk.connection, sale.seq, &after, None).await?;
    let notice = Notice {
        what: "VOID_APPROVAL_NEEDED",
        void_request_id: event.void_request_id,
        request_seq: place_in(written.seq),
        sale_id: sale.sale_id,
        to: None,
    };
    notifications::raise(desk, &notice).await?;
    let void_request_id = event.void_request_id;
    desk.tell(written.seq, Update::VoidRequested { void_request_id, ticket_id: sale.ticket_id });
    Ok(written)
}

/// What someone decided.
pub(super) struct Decided<'a> {
    pub(super) by: StaffId,
    pub(super) void_request_id: VoidRequestId,
    pub(super) decision: &'a VoidDecision,
    /// Set if it was decided at the centre.
    pub(super) command_id: Option<CommandId>,
}

/// Carries out what was decided about a request that is still undecided.
pub(super) async fn decide(desk: &mut Desk<'_>, decided: &Decided<'_>) -> Result<Written, Refusal> {
    let id = decided.void_request_id;
    let (sale, request) =
        cases::of_void_request(desk.connection, id).await?.ok_or(Refusal::VoidNotFound(id))?;
    let (written, update) = match decided.decision {
        VoidDecision::Approve { note } => approve(desk, decided, &sale, &request, note).await?,
        VoidDecision::Reject { reason } => reject(desk, decided, &sale, &request, reason).await?,
    };
    desk.tell(written.seq, update);
    Ok(written)
}

async fn approve(
    desk: &mut Desk<'_>,
    decided: &Decided<'_>,
    sale: &SaleCase,
    request: &cases::Request,
    note: &Option<String>,
) -> Result<(Written, Update), Refusal> {
    let after = sale.case.approve().map_err(Refusal::Void)?;
    let identity = desk.shared.identity;
    let event = VoidApprovedV1 {
        imported_from: None,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        void_request_id: decided.void_request_id,
        sale_id: sale.sale_id,
        order_id: sale.order_id,
        ticket_id: sale.ticket_id.clone(),
        cash_session_id: sale.cash_session_id,
        approved_by: decided.by,
        note: note.clone(),
        refund_currency: sale.currency,
        refund_amount: units_out(sale.kept, sale.currency),
        restored: deductions(desk, sale).await?,
        command_id: decided.command_id,
        approved_at: desk.now,
    };
    let written = desk.append(EntryKind::VoidApproved, &event).await?;
    settle(desk, decided, request, &written, (VoidRequestStatus::Approved, note.as_deref()))
        .await?;
    cases::set(desk.connection, sale.seq, &after, Some(desk.now)).await?;
    refund(desk, sale, written.seq).await?;
    let given_back: Vec<StockUse> = event
        .restored
        .iter()
        .map(StockUse::from)
        .map(|used| StockUse { thousandths: -used.thousandths, ..used })
        .collect();
    let back: Vec<stock::Sold> = stock::taken(&given_back, written.seq).collect();
    insert(desk.connection, NewRows { sold: &back, ..NewRows::default() }).await?;
    notify(desk, "VOID_APPROVED", sale, request, decided.void_request_id).await?;
    let update = Update::VoidApproved {
        void_request_id: decided.void_request_id,
        ticket_id: sale.ticket_id.clone(),
    };
    Ok((written, update))
}

async fn reject(
    desk: &mut Desk<'_>,
    decided: &Decided<'_>,
    sale: &SaleCase,
    request: &cases::Request,
    reason: &str,
) -> Result<(Written, Update), Refusal> {
    let after = sale.case.reject().map_err(Refusal::Void)?;
    let identity = desk.shared.identity;
    let event = VoidRejectedV1 {
        imported_from: None,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        void_request_id: decided.void_request_id,
        sale_id: sale.sale_id,
        order_id: sale.order_id,
        ticket_id: sale.ticket_id.clone(),
        rejected_by: decided.by,
        reason: reason.to_owned(),
        command_id: decided.command_id,
        rejected_at: desk.now,
    };
    let written = desk.append(EntryKind::VoidRejected, &event).await?;
    settle(desk, decided, request, &written, (VoidRequestStatus::Rejected, Some(reason))).await?;
    cases::set(desk.connection, sale.seq, &after, None).await?;
    notify(desk, "VOID_REJECTED", sale, request, decided.void_request_id).await?;
    let update = Update::VoidRejected {
        void_request_id: decided.void_request_id,
        ticket_id: sale.ticket_id.clone(),
    };
    Ok((written, update))
}

async fn settle(
    desk: &mut Desk<'_>,
    decided: &Decided<'_>,
    request: &cases::Request,
    written: &Written,
    (status, remark): (VoidRequestStatus, Option<&str>),
) -> Result<(), JournalError> {
    let outcome = void_requests::Outcome {
        status,
        decided_seq: written.seq,
        decided_by: decided.by,
        decided_at: desk.now,
        remark,
        by_close: false,
    };
    void_requests::settle(desk.connection, request.seq, &outcome).await
}

async fn notify(
    desk: &mut Desk<'_>,
    what: &'static str,
    sale: &SaleCase,
    request: &cases::Request,
    void_request_id: VoidRequestId,
) -> Result<(), JournalError> {
    let notice = Notice {
        what,
        void_request_id,
        request_seq: request.seq,
        sale_id: sale.sale_id,
        to: Some(request.requested_by),
    };
    notifications::raise(desk, &notice).await
}

/// What the sale itself says that it took from stock.
async fn deductions(
    desk: &mut Desk<'_>,
    sale: &SaleCase,
) -> Result<Vec<DeductionLine>, JournalError> {
    #[derive(Deserialize)]
    struct Taken {
        deductions: Vec<DeductionLine>,
    }
    let payload = sqlx::query_scalar!("SELECT payload FROM entry WHERE seq = ?", sale.seq)
        .fetch_one(&mut *desk.connection)
        .await?;
    serde_json::from_slice::<Taken>(&payload)
        .map(|taken| taken.deductions)
        .map_err(|error| JournalError::Broken { seq: place_out(sale.seq), why: error.to_string() })
}

/// The cash leaves the drawer.
async fn refund(desk: &mut Desk<'_>, sale: &SaleCase, seq: u64) -> Result<(), JournalError> {
    let refund = Refund {
        session: sale.cash_session_id,
        currency: sale.currency,
        amount: sale.kept,
        ticket: sale.seq,
        at: desk.now,
    };
    insert_refund(desk.connection, place_in(seq), &refund).await
}

/// Cash that went back for a sale.
pub(in crate::journal) struct Refund {
    pub(in crate::journal) session: CashSessionId,
    pub(in crate::journal) currency: Currency,
    /// In whole cents or riel.
    pub(in crate::journal) amount: i64,
    /// The place of the sale.
    pub(in crate::journal) ticket: i64,
    pub(in crate::journal) at: Timestamp,
}

/// Keeps a refund at a place.
pub(in crate::journal) async fn insert_refund(
    connection: &mut SqliteConnection,
    seq: i64,
    refund: &Refund,
) -> Result<(), JournalError> {
    let (session, currency) = (refund.session.as_uuid(), refund.currency.code());
    let at = refund.at.unix_micros();
    sqlx::query!(
        "INSERT INTO cash_movement (seq, cash_session_id, kind, currency, amount, ticket_seq, at)
         VALUES (?, ?, 'REFUND_CASH', ?, ?, ?, ?)",
        seq,
        session,
        currency,
        refund.amount,
        refund.ticket,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
