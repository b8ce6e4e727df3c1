//! `void.requested`, `void.approved` and `void.rejected` version 1.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    BranchId, CashSessionId, CommandId, Currency, DeviceId, EdgeId, OrderId, SaleId, StaffId,
    TenantId, TicketId, Timestamp, VoidRequestId,
};

use super::{DeductionLine, ImportedFrom};

/// Someone asked to undo a sale. Until it is decided the sale is
/// `VOID_PENDING`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidRequestedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the sale.
    pub edge_id: EdgeId,
    /// The till it was asked on.
    pub device_id: DeviceId,
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Its cash session.
    pub cash_session_id: CashSessionId,
    /// Who asked.
    pub requested_by: StaffId,
    /// Why, in their words.
    pub reason: String,
    /// When, by the edge's clock.
    pub requested_at: Timestamp,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}

/// A manager approved: sale and order are `VOIDED`, the cash went back, and
/// what the sale took from stock is there again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidApprovedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the sale.
    pub edge_id: EdgeId,
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Its cash session, whose drawer the refund left.
    pub cash_session_id: CashSessionId,
    /// Who approved.
    pub approved_by: StaffId,
    /// A remark of theirs.
    pub note: Option<String>,
    /// The currency of the refund: the sale's tender.
    pub refund_currency: Currency,
    /// What went back: received − change, above zero.
    #[schemars(with = "String")]
    pub refund_amount: Decimal,
    /// What is in stock again: the sale's own deductions.
    pub restored: Vec<DeductionLine>,
    /// The centre's command that this carries out, if it was decided there.
    pub command_id: Option<CommandId>,
    /// When, by the edge's clock.
    pub approved_at: Timestamp,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}

/// A manager rejected: the sale is `FINALIZED` again, nothing else changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidRejectedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the sale.
    pub edge_id: EdgeId,
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Who rejected.
    pub rejected_by: StaffId,
    /// Why, in their words.
    pub reason: String,
    /// The centre's command that this carries out, if it was decided there.
    pub command_id: Option<CommandId>,
    /// When, by the edge's clock.
    pub rejected_at: Timestamp,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}
