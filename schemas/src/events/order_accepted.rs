//! `order.accepted` version 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SaleType, TenderMethod};
use crate::{
    BranchId, CustomerId, EdgeId, OrderId, Quantity, SaleId, TenantId, TicketId, Timestamp, Usd,
};

/// The store's edge makes an online order from now on: the sale is the direct
/// door's, the order's way to the customer is the edge's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderAcceptedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the order.
    pub edge_id: EdgeId,
    /// The order: `IN_PREP` from here.
    pub order_id: OrderId,
    /// Its sale.
    pub sale_id: SaleId,
    /// The sale's ticket.
    pub ticket_id: TicketId,
    /// How it is consumed.
    pub sale_type: SaleType,
    /// Who ordered, if known.
    pub customer_id: Option<CustomerId>,
    /// How it was paid.
    pub method: TenderMethod,
    /// The sale's total.
    pub grand_total_usd: Usd,
    /// What is to be made; at least one.
    pub lines: Vec<OrderedLine>,
    /// When the sale was completed, by the centre's clock.
    pub finalized_at: Timestamp,
    /// When, by the edge's clock.
    pub accepted_at: Timestamp,
}

/// What the kitchen needs to know of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderedLine {
    /// What.
    pub name: String,
    /// With what.
    pub add_ons: Vec<String>,
    /// How many.
    pub quantity: Quantity,
}
