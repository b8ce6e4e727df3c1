//! Requests to void.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CashSessionId, CommandId, SaleId, StaffId, TicketId, Timestamp, VoidRequestId};

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

/// A request to void, as the books have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidRequestRow {
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Its session.
    pub cash_session_id: CashSessionId,
    /// Who asked.
    pub requested_by: StaffId,
    /// Why.
    pub reason: String,
    /// When.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub status: VoidRequestStatus,
    /// Who decided, if somebody did.
    pub decided_by: Option<StaffId>,
    /// The remark or reason.
    pub decision_note: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// The back office's command that was carried out by it, if one was.
    pub command_id: Option<CommandId>,
}
