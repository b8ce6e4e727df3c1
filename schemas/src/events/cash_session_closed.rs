//! `cash.session_closed` version 1: the Z report, for good.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BranchId, CashSessionId, Currency, DeviceId, EdgeId, Khr, SaleId, StaffId, TenantId, TicketId,
    Timestamp, Usd, VoidRequestId,
};

use super::{ImportedFrom, TenderMethod};

/// Someone counted a drawer and closed it. What was pending to be voided in it
/// is rejected by this same entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CashSessionClosedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the session.
    pub edge_id: EdgeId,
    /// The till it was closed on.
    pub device_id: DeviceId,
    /// The session.
    pub cash_session_id: CashSessionId,
    /// Who closed it.
    pub closed_by: StaffId,
    /// When, by the edge's clock.
    pub closed_at: Timestamp,
    /// The Z report.
    pub z: SessionReport,
    /// What was counted, by currency, with the difference to what was expected.
    pub counted: DrawerCount,
    /// Requests to void that were undecided and are rejected by the close.
    pub rejected_voids: Vec<ClosedVoid>,
    /// Tills of the branch that were not heard from lately: a sale of theirs may
    /// still come, as a supplement.
    pub silent_devices: Vec<DeviceId>,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}

/// A request to void that a close rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedVoid {
    /// The request.
    pub void_request_id: VoidRequestId,
    /// The sale, which stays finalized.
    pub sale_id: SaleId,
}

/// What was found in a drawer at its close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawerCount {
    /// Dollars counted.
    pub usd: Usd,
    /// Riel counted.
    pub khr: Khr,
    /// Counted − expected in dollars; negative when some are missing.
    pub difference_usd: Usd,
    /// Counted − expected in riel; negative when some are missing.
    pub difference_khr: Khr,
}

/// What a session took and moved so far: an X report while it is open, the Z
/// report at its close. Sums are by the currency of the tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionReport {
    /// Whose it is.
    pub opened_by: StaffId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Up to when this report looks.
    pub as_of: Timestamp,
    /// The drawer's sums, dollars and riel.
    pub drawers: Vec<DrawerSums>,
    /// Sales by how they were paid, also those that were voided since.
    pub sales: Vec<MethodSums>,
    /// All sales.
    pub sale_count: u64,
    /// The sum of their totals, in dollars.
    pub sales_usd: Usd,
    /// The VAT in them.
    pub vat_usd: Usd,
    /// Those of them that were voided.
    pub void_count: u64,
    /// The sum of their totals, in dollars.
    pub voids_usd: Usd,
    /// The first ticket.
    pub first_ticket: Option<TicketId>,
    /// The last ticket.
    pub last_ticket: Option<TicketId>,
}

/// One currency of a drawer. `expected` is opening float + sales − refunds +
/// paid in − paid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawerSums {
    /// The currency of all of these.
    pub currency: Currency,
    /// Counted at the opening.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub opening_float: Decimal,
    /// Kept of cash sales: received − change.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub sales: Decimal,
    /// Given back for voids.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub refunds: Decimal,
    /// Paid in.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub paid_in: Decimal,
    /// Paid out.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub paid_out: Decimal,
    /// What must be in the drawer.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub expected: Decimal,
}

/// Sales that were paid one way, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodSums {
    /// By what.
    pub method: TenderMethod,
    /// In which currency.
    pub currency: Currency,
    /// How many.
    pub count: u64,
    /// What was kept of them: received − change, in that currency.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub amount: Decimal,
}
