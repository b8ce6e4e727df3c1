//! What people do with sessions, orders and sales. Texts and amounts are
//! checked here; everything else is decided in the journal's transaction. The
//! same request of the same person and till under the same key gets the first
//! answer again.

use schemas::{
    CashSessionId, Currency, OrderId, TicketId, VoidRequestId,
    edge_api::{
        ApproveVoid, CashMoved, CloseCashSession, MoveCash, MoveOrder, OrderMoved, RejectVoid,
        RequestVoid, VoidApproved, VoidRejected, VoidRequested, ZReport,
    },
    requests::VoidDecision,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Answer, CaptureError, amounts, receipt, request_hash};
use crate::journal::{Act, Asked, By, Journal};

/// Puts money into a drawer, or takes some out.
///
/// # Errors
/// [`CaptureError`]; nothing was moved then.
pub async fn move_cash(
    journal: &Journal,
    by: By,
    key: TicketId,
    cash_session_id: CashSessionId,
    request: &MoveCash,
) -> Result<Answer, CaptureError> {
    let MoveCash { kind, currency, amount, .. } = *request;
    amounts::moved("amount", amount, currency)?;
    let reason = amounts::reason(&request.reason)?;
    let act = Act::MoveCash { cash_session_id, kind, currency, amount, reason };
    carry_out::<CashMoved>(journal, by, key, act).await
}

/// Counts and closes a drawer; the answer is its Z report.
///
/// # Errors
/// [`CaptureError`]; it is still open then.
pub async fn close_cash_session(
    journal: &Journal,
    by: By,
    key: TicketId,
    cash_session_id: CashSessionId,
    request: &CloseCashSession,
) -> Result<Answer, CaptureError> {
    let CloseCashSession { counted_usd: usd, counted_khr: khr } = *request;
    amounts::counted("counted_usd", usd.amount(), Currency::Usd)?;
    amounts::counted("counted_khr", khr.amount(), Currency::Khr)?;
    let act = Act::CloseSession { cash_session_id, usd, khr };
    carry_out::<ZReport>(journal, by, key, act).await
}

/// Moves an order on.
///
/// # Errors
/// [`CaptureError`]; it is where it was then.
pub async fn move_order(
    journal: &Journal,
    by: By,
    key: TicketId,
    order_id: OrderId,
    request: MoveOrder,
) -> Result<Answer, CaptureError> {
    let act = Act::MoveOrder { order_id, to: request.to };
    carry_out::<OrderMoved>(journal, by, key, act).await
}

/// Asks to undo a sale.
///
/// # Errors
/// [`CaptureError`]; the sale is as it was then.
pub async fn request_void(
    journal: &Journal,
    by: By,
    key: TicketId,
    ticket_id: TicketId,
    request: &RequestVoid,
) -> Result<Answer, CaptureError> {
    let reason = amounts::reason(&request.reason)?;
    carry_out::<VoidRequested>(journal, by, key, Act::RequestVoid { ticket_id, reason }).await
}

/// Undoes a sale, as was requested.
///
/// # Errors
/// [`CaptureError`]; the sale is as it was then.
pub async fn approve_void(
    journal: &Journal,
    by: By,
    key: TicketId,
    void_request_id: VoidRequestId,
    request: &ApproveVoid,
) -> Result<Answer, CaptureError> {
    let note = match &request.note {
        Some(note) => amounts::note("note", note)?,
        None => None,
    };
    let act = Act::DecideVoid { void_request_id, decision: VoidDecision::Approve { note } };
    carry_out::<VoidApproved>(journal, by, key, act).await
}

/// Leaves a sale as it is, against what was requested.
///
/// # Errors
/// [`CaptureError`]; the request is undecided then.
pub async fn reject_void(
    journal: &Journal,
    by: By,
    key: TicketId,
    void_request_id: VoidRequestId,
    request: &RejectVoid,
) -> Result<Answer, CaptureError> {
    let reason = amounts::reason(&request.reason)?;
    let act = Act::DecideVoid { void_request_id, decision: VoidDecision::Reject { reason } };
    carry_out::<VoidRejected>(journal, by, key, act).await
}

/// The answer is made from the entry alone, so a retry gets the same bytes.
async fn carry_out<Shown: Serialize + DeserializeOwned>(
    journal: &Journal,
    by: By,
    key: TicketId,
    act: Act,
) -> Result<Answer, CaptureError> {
    let request_hash = request_hash(&(by, &act));
    let captured = journal.carry_out(Asked { key, request_hash, by, act }).await?;
    journal.device_seen(by.device_id);
    let body = receipt::shown::<Shown>(&captured.payload)?;
    Ok(Answer { body, replayed: captured.replayed })
}
