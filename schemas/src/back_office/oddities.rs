//! Exceptions and the audit log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{EdgeId, ExceptionId, SaleId, TicketId, Timestamp, facts::ExceptionKind};

/// Something that was booked but that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExceptionRow {
    /// Which.
    pub exception_id: ExceptionId,
    /// What kind.
    pub kind: ExceptionKind,
    /// The journal of the entry that caused it, if one did.
    pub edge_id: Option<EdgeId>,
    /// That entry.
    pub entry_seq: Option<u64>,
    /// The sale, if it is about one.
    pub sale_id: Option<SaleId>,
    /// Its ticket.
    pub ticket_id: Option<TicketId>,
    /// What is odd, in words.
    pub detail: String,
    /// When.
    pub occurred_at: Timestamp,
}

/// Who did what, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRow {
    /// The place in the log; grows.
    pub audit_id: u64,
    /// What was done: `SALE_FINALIZED`, …
    pub action: String,
    /// The key in the company's activity feed, if it has one.
    pub activity: Option<String>,
    /// Who: a member of staff, or the API token of a program.
    pub actor_id: Option<Uuid>,
    /// To whom or what.
    pub subject_id: Option<Uuid>,
    /// What came of it or was used for it.
    pub target_id: Option<Uuid>,
    /// The journal of the entry that tells of it, if one does.
    pub edge_id: Option<EdgeId>,
    /// That entry.
    pub entry_seq: Option<u64>,
    /// When.
    pub occurred_at: Timestamp,
    /// More.
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Value>,
}
