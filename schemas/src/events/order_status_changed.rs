//! `order.status_changed` version 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{BranchId, DeviceId, EdgeId, OrderId, SaleId, StaffId, TenantId, Timestamp};

use super::ImportedFrom;

/// An order moved on in the kitchen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderStatusChangedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the order.
    pub edge_id: EdgeId,
    /// The till it was moved on.
    pub device_id: DeviceId,
    /// The order.
    pub order_id: OrderId,
    /// Its sale.
    pub sale_id: SaleId,
    /// Where it came from.
    pub from: OrderStatus,
    /// Where it went.
    pub to: OrderStatus,
    /// Who moved it.
    pub changed_by: StaffId,
    /// When, by the edge's clock.
    pub changed_at: Timestamp,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Being made. Every order starts here.
    InPrep,
    /// Made.
    Ready,
    /// With the customer. Final.
    Delivered,
    /// Undone by a void. Final.
    Voided,
    /// Reserved. Final.
    Cancelled,
}

impl OrderStatus {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InPrep => "IN_PREP",
            Self::Ready => "READY",
            Self::Delivered => "DELIVERED",
            Self::Voided => "VOIDED",
            Self::Cancelled => "CANCELLED",
        }
    }
}
