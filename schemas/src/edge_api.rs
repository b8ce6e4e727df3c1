//! The edge's HTTP API: what a till sends and gets. Money is a decimal string.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AddOnId, CashSessionId, CustomerId, DeviceId, InvoiceId, Khr, MenuItemId, Money, OrderId,
    Quantity, SaleId, StaffId, StockItemId, TicketId, Timestamp, Usd,
    catalogue::CatalogueRef,
    events::{
        DiscountSnapshot, KhrRoundingSnapshot, SaleLine, SaleStatus, SaleType, Tender,
        TenderMethod, VatSnapshot,
    },
};

/// Opens a cash session: `POST /v1/cash-sessions`, with `Idempotency-Key`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCashSession {
    /// The till.
    pub device_id: DeviceId,
    /// Whose session.
    pub staff_id: StaffId,
    /// Dollars in the drawer.
    pub opening_float_usd: Usd,
    /// Riel in the drawer.
    pub opening_float_khr: Khr,
}

/// A cash session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CashSession {
    /// Its id.
    pub cash_session_id: CashSessionId,
    /// The till.
    pub device_id: DeviceId,
    /// Whose it is.
    pub staff_id: StaffId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Dollars in the drawer at that time.
    pub opening_float_usd: Usd,
    /// Riel in the drawer at that time.
    pub opening_float_khr: Khr,
}

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cart {
    /// How it is consumed.
    pub sale_type: SaleType,
    /// 1 to 200 lines.
    pub lines: Vec<CartLine>,
}

impl Cart {
    /// The most lines in one cart.
    pub const MAX_LINES: usize = 200;
}

/// One line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartLine {
    /// Which item.
    pub menu_item_id: MenuItemId,
    /// What is added; each at most once, at most 20.
    #[serde(default)]
    pub add_on_ids: Vec<AddOnId>,
    /// How many.
    pub quantity: Quantity,
}

/// What a cart costs: `POST /v1/quotes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// Priced with.
    pub catalogue: CatalogueRef,
    /// The figures.
    #[serde(flatten)]
    pub totals: Totals,
}

/// The figures of a cart or sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Totals {
    /// The lines, priced.
    pub lines: Vec<SaleLine>,
    /// What was taken off.
    pub discounts: DiscountSnapshot,
    /// The sum of the lines.
    pub subtotal_usd: Usd,
    /// The tax.
    pub vat: VatSnapshot,
    /// Riel for one dollar.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub fx_rate_khr_per_usd: Decimal,
    /// What is owed, in dollars.
    pub grand_total_usd: Usd,
    /// The same in riel.
    pub grand_total_khr: Khr,
    /// How riel were rounded.
    pub khr_rounding: KhrRoundingSnapshot,
    /// What is owed in riel, after rounding.
    pub payable_khr: Khr,
}

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
}

/// A page of tickets, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketPage {
    /// The tickets.
    pub tickets: Vec<TicketRow>,
    /// Pass as `before` for the next page; `null` on the last.
    pub next_before: Option<u64>,
}

/// What the edge thinks of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Heartbeats are answered.
    Up,
    /// Some are not.
    Unstable,
    /// None is.
    Down,
    /// Answers are back; not yet trusted, or the backlog is still draining.
    Recovering,
}

/// `GET /v1/sync`: how far this store is with the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncStatus {
    /// The line.
    pub link: LinkState,
    /// Entries in the journal.
    pub journal_seq: u64,
    /// Entries that the books have.
    pub confirmed_seq: u64,
    /// Sales captured.
    pub captured: u64,
    /// Sales that the books have.
    pub confirmed: u64,
    /// Sales that have their number.
    pub numbered: u64,
    /// When the oldest unconfirmed entry was recorded.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// Set when the books hold this edge until a person has looked.
    pub held: Option<String>,
    /// What went wrong last on the way, if anything.
    pub last_error: Option<String>,
    /// The catalogue in use.
    pub catalogue: Option<CatalogueRef>,
    /// Bytes the journal takes.
    pub journal_bytes: u64,
    /// Bytes free beside it.
    pub free_bytes: u64,
    /// About how many sales still fit.
    pub sales_that_fit: u64,
}

/// `GET /v1/stock`: what is probably left; never a reason not to sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockView {
    /// One row for each stock item of the catalogue.
    pub items: Vec<StockViewRow>,
}

/// One stock item, as the store sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockViewRow {
    /// Which.
    pub stock_item_id: StockItemId,
    /// Its name.
    pub name: String,
    /// The books' level less what was sold here since; may be negative.
    #[schema(value_type = String)]
    pub level: Decimal,
    /// What it is counted in.
    pub unit: String,
    /// When the books' level was true; `null` if they were never heard.
    pub as_of: Option<Timestamp>,
}

/// One update of `GET /v1/updates` (server-sent events; the event's name is
/// the tag, its id the journal's or mapping's place).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Update {
    /// A sale was completed.
    SaleCaptured {
        /// Its ticket.
        ticket_id: TicketId,
    },
    /// A ticket has its number.
    InvoiceAssigned {
        /// The ticket.
        ticket_id: TicketId,
        /// The number.
        invoice_no: u64,
    },
    /// The way to the books changed.
    SyncChanged {
        /// How far it is now.
        status: SyncStatus,
    },
}

/// A problem, as RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:tillstream:problem:<code>`.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable code to branch on, e.g. `no_open_session`.
    pub code: String,
    /// What is wrong with this request, for a person.
    pub detail: String,
}
