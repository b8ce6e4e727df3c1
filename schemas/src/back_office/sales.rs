//! Stores, sales and tickets, as the books have them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BranchId, CashSessionId, CategoryId, Currency, CustomerId, DeviceId, EdgeId, Khr, MenuItemId,
    OrderId, SaleId, Sha256Hash, StaffId, TicketId, Timestamp, Usd,
    events::{OrderStatus, SaleStatus, SaleType, TenderMethod},
};

/// A store of the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BranchRow {
    /// The store.
    pub branch_id: BranchId,
    /// Its name.
    pub name: String,
}

/// A sale with its lines. Figures are as they were captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleRow {
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Its official number, once it has one. A void keeps it.
    pub invoice_no: Option<u64>,
    /// Its session, if it was sold in one.
    pub cash_session_id: Option<CashSessionId>,
    /// The till.
    pub device_id: DeviceId,
    /// Who sold.
    pub cashier_id: StaffId,
    /// Who bought, if known.
    pub customer_id: Option<CustomerId>,
    /// How it was consumed.
    pub sale_type: SaleType,
    /// Where it stands.
    pub status: SaleStatus,
    /// Its order.
    pub order_id: OrderId,
    /// Where that stands.
    pub order_status: OrderStatus,
    /// When it was completed, by the till's clock.
    pub finalized_at: Timestamp,
    /// When it was undone, if it was.
    pub voided_at: Option<Timestamp>,
    /// The sum of the lines.
    pub subtotal_usd: Usd,
    /// Taken off lines; the lines' totals are without it.
    pub item_discount_usd: Usd,
    /// Taken off the subtotal.
    pub branch_discount_usd: Usd,
    /// The tax.
    pub vat_usd: Usd,
    /// What was owed, in dollars.
    pub grand_total_usd: Usd,
    /// The same in riel.
    pub grand_total_khr: Khr,
    /// What rounding added to it.
    pub khr_rounding: Khr,
    /// What was owed in riel.
    pub payable_khr: Khr,
    /// Riel for one dollar.
    #[schema(value_type = String)]
    pub fx_rate_khr_per_usd: Decimal,
    /// How it was paid.
    pub tender_method: TenderMethod,
    /// In which currency.
    pub tender_currency: Currency,
    /// What was received, in that currency.
    #[schema(value_type = String)]
    pub tender_received: Decimal,
    /// What was given back of it.
    #[schema(value_type = String)]
    pub tender_change: Decimal,
    /// The version of the store's catalogue that priced it.
    pub catalogue_version: u64,
    /// What was sold.
    pub lines: Vec<SaleRowLine>,
}

/// One line of a sale, with the names of its own day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleRowLine {
    /// 1, 2, 3, …
    pub line_no: u16,
    /// What was sold.
    pub menu_item_id: MenuItemId,
    /// Its name that day.
    pub name: String,
    /// Its category that day; `null` is uncategorized.
    pub category_id: Option<CategoryId>,
    /// The category's name that day.
    pub category_name: Option<String>,
    /// How many.
    pub quantity: u32,
    /// Before discounts.
    pub base_amount_usd: Usd,
    /// Taken off.
    pub discount_usd: Usd,
    /// What is left.
    pub line_total_usd: Usd,
}

/// A ticket and what became of it: for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketRow {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The hash of its first payload.
    pub payload_hash: Sha256Hash,
    /// Its sale.
    pub sale_id: SaleId,
    /// Where that stands.
    pub status: SaleStatus,
    /// When the sale was completed.
    pub finalized_at: Timestamp,
    /// The journal that holds it.
    pub edge_id: EdgeId,
    /// The entry in that journal.
    pub entry_seq: u64,
    /// Its official number, once it has one.
    pub invoice_no: Option<u64>,
}
