//! Requests to undo sales, and what was decided.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CashSessionId, Currency, OrderId, SaleId, StaffId, TicketId, Timestamp, Usd, VoidRequestId,
};

/// Asks to undo a sale: `POST /v1/sales/{ticket}/void-requests`, with
/// `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestVoid {
    /// Why: 1 to 500 characters.
    pub reason: String,
}

/// Undoes a sale: `POST /v1/void-requests/{id}/approve`, with `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveVoid {
    /// A remark: up to 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// Leaves a sale as it is: `POST /v1/void-requests/{id}/reject`, with
/// `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectVoid {
    /// Why: 1 to 500 characters.
    pub reason: String,
}

/// Where a request to void stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VoidRequestStatus {
    /// Undecided.
    Pending,
    /// The sale was undone.
    Approved,
    /// The sale stays.
    Rejected,
}

impl VoidRequestStatus {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
        }
    }
}

/// A request to void that was taken: the answer to [`RequestVoid`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidRequested {
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale's ticket.
    pub ticket_id: TicketId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Its session.
    pub cash_session_id: CashSessionId,
    /// Who asked.
    pub requested_by: StaffId,
    /// Why.
    pub reason: String,
    /// When.
    pub requested_at: Timestamp,
}

/// A sale that was undone: the answer to [`ApproveVoid`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidApproved {
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale's ticket.
    pub ticket_id: TicketId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Who approved.
    pub approved_by: StaffId,
    /// A remark of theirs.
    pub note: Option<String>,
    /// The currency of the refund.
    pub refund_currency: Currency,
    /// What to give back.
    #[schema(value_type = String)]
    pub refund_amount: Decimal,
    /// When.
    pub approved_at: Timestamp,
}

/// A sale that was not undone: the answer to [`RejectVoid`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidRejected {
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale's ticket.
    pub ticket_id: TicketId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Who rejected.
    pub rejected_by: StaffId,
    /// Why.
    pub reason: String,
    /// When.
    pub rejected_at: Timestamp,
}

/// One row of `GET /v1/void-requests`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidRequestRow {
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale's ticket.
    pub ticket_id: TicketId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Its session.
    pub cash_session_id: CashSessionId,
    /// The sale's total.
    pub grand_total_usd: Usd,
    /// Where the request stands.
    pub status: VoidRequestStatus,
    /// Who asked.
    pub requested_by: StaffId,
    /// Why.
    pub reason: String,
    /// When.
    pub requested_at: Timestamp,
    /// What was decided, once it was.
    pub decision: Option<VoidDecided>,
}

/// What was decided about a request to void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidDecided {
    /// Who decided; of a request that a close rejected, who closed.
    pub decided_by: StaffId,
    /// When.
    pub decided_at: Timestamp,
    /// The note of an approval or the reason of a rejection.
    pub remark: Option<String>,
    /// Whether the close of its session rejected it.
    pub by_close: bool,
}

/// A page of requests to void, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidRequestPage {
    /// The requests.
    pub void_requests: Vec<VoidRequestRow>,
    /// Pass as `before` for the next page; `null` on the last.
    pub next_before: Option<i64>,
}
