//! The list of tickets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    InvoiceId, TicketId, Timestamp, Usd,
    events::{OrderStatus, SaleStatus},
};

/// How far a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketStatus {
    /// Safe in this store; no number yet.
    Pending,
    /// It has its number.
    Synced,
    /// Something is wrong on the way; it is retried all the same.
    Error,
}

/// One row of `GET /v1/tickets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketRow {
    /// The ticket.
    pub ticket_id: TicketId,
    /// When the sale was completed.
    pub created_at: Timestamp,
    /// How far it is.
    pub status: TicketStatus,
    /// What went wrong last, if anything.
    pub last_error: Option<String>,
    /// The official number, once assigned.
    pub invoice_no: Option<u64>,
    /// The invoice, once assigned.
    pub invoice_id: Option<InvoiceId>,
    /// The sale's total.
    pub grand_total_usd: Usd,
    /// Where the sale stands.
    pub sale_status: SaleStatus,
    /// Where its order stands.
    pub order_status: OrderStatus,
    /// Whether a box before this one captured it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
}

/// A page of tickets, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketPage {
    /// The tickets.
    pub tickets: Vec<TicketRow>,
    /// Pass as `before` for the next page; `null` on the last.
    pub next_before: Option<i64>,
}
