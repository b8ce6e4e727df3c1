//! Sales and receipts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Cart, Totals};
use crate::{
    CashSessionId, CustomerId, DeviceId, DraftId, Money, OrderId, SaleId, TicketId, Timestamp,
    catalogue::CatalogueRef,
    events::{SaleStatus, Tender, TenderMethod},
};

/// Completes a sale: `POST /v1/sales`, with `Idempotency-Key: <ticketId>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinalizeSale {
    /// The till.
    pub device_id: DeviceId,
    /// The open session it is sold in.
    pub cash_session_id: CashSessionId,
    /// Who buys, if known.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// What is sold.
    pub cart: Cart,
    /// How it is paid.
    pub tender: TenderOffer,
    /// The draft that is sold: it ends with the sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_id: Option<DraftId>,
    /// What the till had told the customer, if it priced the cart by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// The figures that a till priced by itself and showed, with the same rules as the
/// edge (`domain`, compiled for it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Priced with.
    pub catalogue: CatalogueRef,
    /// The figures.
    pub totals: Totals,
    /// The moment that they were priced at, by the till's clock.
    pub at: Timestamp,
}

/// What the customer hands over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenderOffer {
    /// By what.
    pub method: TenderMethod,
    /// How much, in which currency.
    pub received: Money,
}

/// A completed sale: the answer to `POST /v1/sales`, the same for every retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleReceipt {
    /// The ticket, to be printed.
    #[serde(rename = "ticketId")]
    pub ticket_id: TicketId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: SaleStatus,
    /// When it was completed.
    pub finalized_at: Timestamp,
    /// Priced with.
    pub catalogue: CatalogueRef,
    /// The figures.
    #[serde(flatten)]
    pub totals: Totals,
    /// How it was paid, with the change.
    pub tender: Tender,
}
