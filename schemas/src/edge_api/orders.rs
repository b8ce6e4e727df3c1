//! Orders: what the kitchen makes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CashSessionId, CustomerId, OrderId, Quantity, SaleId, StaffId, TicketId, Timestamp, Usd,
    VoidRequestId,
    events::{OrderStatus, SaleStatus, SaleType},
};

/// One row of `GET /v1/orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderRow {
    /// The order.
    pub order_id: OrderId,
    /// Its sale.
    pub sale_id: SaleId,
    /// The sale's ticket.
    pub ticket_id: TicketId,
    /// Where it comes from.
    pub origin: OrderOrigin,
    /// The session it was sold in; `null` for an online order, which has none.
    pub cash_session_id: Option<CashSessionId>,
    /// Who sold; `null` for an online order.
    pub cashier_id: Option<StaffId>,
    /// Their name that day; `null` for an online order.
    pub cashier_name: Option<String>,
    /// Who ordered, if known.
    pub customer_id: Option<CustomerId>,
    /// How it is consumed.
    pub sale_type: SaleType,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where its sale stands.
    pub sale_status: SaleStatus,
    /// The request to void that is undecided, if there is one.
    pub pending_void: Option<VoidRequestId>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it moved last; `null` if it never did.
    pub changed_at: Option<Timestamp>,
    /// What is to be made.
    pub lines: Vec<OrderLine>,
    /// The sale's total.
    pub grand_total_usd: Usd,
}

/// Where an order comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderOrigin {
    /// A till of this store.
    Till,
    /// The direct door: it is made here, its sale is kept at the centre.
    Online,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderLine {
    /// What.
    pub name: String,
    /// With what.
    pub add_ons: Vec<String>,
    /// How many.
    pub quantity: Quantity,
}

/// A page of orders, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<OrderRow>,
    /// Pass as `before` for the next page; `null` on the last.
    pub next_before: Option<i64>,
}

/// Moves an order on: `POST /v1/orders/{id}/status`, with `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveOrder {
    /// Where to.
    pub to: OrderStatus,
}

/// An order that moved: the answer to [`MoveOrder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderMoved {
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
    /// When.
    pub changed_at: Timestamp,
}
