//! Requests to void, and what the back office decides about them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BranchId, CashSessionId, CommandId, SaleId, StaffId, TicketId, Timestamp, VoidRequestId,
};

use crate::requests::VoidDecision;

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

/// Undoes a sale: `POST /v1/void-requests/{id}/approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveVoid {
    /// Who decided: a manager or admin of the store.
    pub decided_by: StaffId,
    /// A remark: up to 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// Leaves a sale as it is: `POST /v1/void-requests/{id}/reject`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectVoid {
    /// Who decided: a manager or admin of the store.
    pub decided_by: StaffId,
    /// Why: 1 to 500 characters.
    pub reason: String,
}

/// Where a command to a store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CommandState {
    /// Waiting for the store.
    Waiting,
    /// The store did it.
    CarriedOut,
    /// The store did not, and never will.
    Refused,
    /// The same, because it came too late.
    Expired,
}

impl CommandState {
    /// The state in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting for the store",
            Self::CarriedOut => "the store carried it out",
            Self::Refused => "the store refused it",
            Self::Expired => "it came to the store too late",
        }
    }
}

/// A command to a store, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandRow {
    /// Which.
    pub command_id: CommandId,
    /// The store.
    pub branch_id: BranchId,
    /// The request that it decides.
    pub void_request_id: VoidRequestId,
    /// How.
    pub decision: VoidDecision,
    /// Who decided.
    pub decided_by: StaffId,
    /// From when on the store refuses it.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: CommandState,
    /// The same in words: "waiting for the store".
    pub message: String,
    /// Why the store refused it, as a code.
    pub refusal_code: Option<String>,
    /// The same in words.
    pub refusal_detail: Option<String>,
    /// When the store settled it, by its own clock.
    pub settled_at: Option<Timestamp>,
}
