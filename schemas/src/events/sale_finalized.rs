//! `sale.finalized` version 1: a sale, whole. It holds everything that a
//! receipt or a report needs, forever, with no join to live data.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AddOnId, BranchId, CashSessionId, CategoryId, Currency, CustomerId, DeviceId, DiscountId,
    EdgeId, Khr, MenuItemId, OrderId, Percent, Quantity, SaleId, Sha256Hash, StaffId, StockItemId,
    TenantId, TicketId, Timestamp, Usd,
    catalogue::{CatalogueRef, KhrGranularity, KhrRoundingMode, Seller},
};

use super::ImportedFrom;

/// A sale as it was completed at the till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleFinalizedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that captured it.
    pub edge_id: EdgeId,
    /// The till.
    pub device_id: DeviceId,
    /// The cash session it was sold in; `null` for an online order, which no
    /// drawer takes part in. A cash sale always has one.
    pub cash_session_id: Option<CashSessionId>,
    /// Who sold.
    pub cashier_id: StaffId,
    /// Their name that day.
    pub cashier_name: String,
    /// Who bought, if known.
    pub customer_id: Option<CustomerId>,
    /// Who sells, as the receipt names them.
    pub seller: Seller,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order in the kitchen, created with it.
    pub order_id: OrderId,
    /// The idempotency key.
    pub ticket_id: TicketId,
    /// SHA-256 of the request that made the sale: a retry must match it.
    pub request_hash: Sha256Hash,
    /// Always `FINALIZED` in this event.
    pub status: SaleStatus,
    /// How it is consumed.
    pub sale_type: SaleType,
    /// When it was completed, by the edge's clock.
    pub finalized_at: Timestamp,
    /// What was sold; at least one.
    pub lines: Vec<SaleLine>,
    /// What was taken off.
    pub discounts: DiscountSnapshot,
    /// The sum of the lines' totals.
    pub subtotal_usd: Usd,
    /// The tax.
    pub vat: VatSnapshot,
    /// Riel for one dollar.
    #[schemars(with = "String")]
    pub fx_rate_khr_per_usd: Decimal,
    /// What is owed, in dollars: subtotal − branch discount + VAT.
    pub grand_total_usd: Usd,
    /// The same in riel, rounded to one riel.
    pub grand_total_khr: Khr,
    /// How riel were rounded.
    pub khr_rounding: KhrRoundingSnapshot,
    /// What is owed in riel, after rounding.
    pub payable_khr: Khr,
    /// How it was paid.
    pub tender: Tender,
    /// What it takes from stock; may be empty. One line for each stock item.
    pub deductions: Vec<DeductionLine>,
    /// Which catalogue priced it.
    pub catalogue: CatalogueRef,
    /// Set if its till completed it before the session was closed and delivered
    /// it afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateSale>,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}

/// A sale that came after the close of its session: a supplement to its Z
/// report, which stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LateSale {
    /// Its place among the supplements to that Z report: 1, 2, 3, …
    pub supplement_no: u32,
    /// When the edge received it, by the edge's clock.
    pub received_at: Timestamp,
}

/// Where a sale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SaleStatus {
    /// Completed.
    Finalized,
    /// Completed; a void was asked for and is undecided.
    VoidPending,
    /// Undone by an approved void. Its number stays.
    Voided,
}

impl SaleStatus {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finalized => "FINALIZED",
            Self::VoidPending => "VOID_PENDING",
            Self::Voided => "VOIDED",
        }
    }
}

/// How a sale is consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SaleType {
    /// At a table.
    DineIn,
    /// Taken along.
    Takeaway,
    /// Brought to the customer.
    Delivery,
}

/// One line of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleLine {
    /// 1, 2, 3, … in the order of the cart.
    pub line_no: u16,
    /// What was sold.
    pub menu_item_id: MenuItemId,
    /// Its name that day.
    pub name: String,
    /// Its category that day; `null` is uncategorized.
    pub category: Option<CategoryRef>,
    /// The price of one without add-ons.
    pub unit_price_usd: Usd,
    /// What was added, with prices.
    pub add_ons: Vec<ChosenAddOn>,
    /// How many.
    pub quantity: Quantity,
    /// (unit price + add-ons) × quantity, before discount.
    pub base_amount_usd: Usd,
    /// What lowered it, in the order applied.
    pub discounts: Vec<AppliedDiscount>,
    /// Base amount − line total.
    pub discount_usd: Usd,
    /// What the line costs.
    pub line_total_usd: Usd,
}

/// A category as it was called when the sale was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryRef {
    /// Its id.
    pub category_id: CategoryId,
    /// Its name that day.
    pub name: String,
}

/// An add-on that was chosen, per item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenAddOn {
    /// Which.
    pub add_on_id: AddOnId,
    /// Its name that day.
    pub name: String,
    /// What it adds to the price of one.
    pub price_usd: Usd,
}

/// A discount that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppliedDiscount {
    /// Which rule.
    pub discount_id: DiscountId,
    /// Its name that day.
    pub name: String,
    /// By how much.
    pub percent: Percent,
}

/// What was taken off a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountSnapshot {
    /// The branch that rules were resolved for.
    pub branch_id: BranchId,
    /// The sum of the lines' discounts.
    pub item_discount_total_usd: Usd,
    /// What lowered the subtotal, in the order applied.
    pub branch_discounts: Vec<AppliedDiscount>,
    /// By how much.
    pub branch_discount_usd: Usd,
}

/// The tax on a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VatSnapshot {
    /// Whether it was charged.
    pub enabled: bool,
    /// At which rate.
    pub rate_percent: Percent,
    /// How much; zero when not enabled.
    pub amount_usd: Usd,
}

/// How riel were rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KhrRoundingSnapshot {
    /// Whether they were.
    pub enabled: bool,
    /// Which way.
    pub mode: KhrRoundingMode,
    /// To multiples of what.
    #[schema(value_type = u16, example = 100)]
    pub granularity: KhrGranularity,
    /// Payable − grand total in riel; negative when rounded down.
    pub rounding_khr: Khr,
}

/// How a sale was paid: one tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tender {
    /// By what.
    pub method: TenderMethod,
    /// In which currency.
    pub currency: Currency,
    /// What the customer handed over.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub received: Decimal,
    /// What they got back, in the same currency.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub change: Decimal,
    /// The proof of payment; present exactly for KHQR.
    pub khqr: Option<KhqrProof>,
}

/// Ways to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TenderMethod {
    /// Notes and coins.
    Cash,
    /// A KHQR code, paid by bank app.
    Khqr,
    /// On the customer's house account.
    Account,
}

/// What proves a KHQR payment (National Bank of Cambodia's Bakong API).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KhqrProof {
    /// md5 of the code's payload.
    pub khqr_md5: String,
    /// The transaction's hash.
    pub khqr_hash: String,
    /// The account that was paid.
    pub khqr_to_account_id: String,
    /// When the payment was confirmed.
    pub khqr_confirmed_at: Timestamp,
    /// When the cart was priced and locked, if that was not when the sale was
    /// finalized: its discounts are those of that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub khqr_priced_at: Option<Timestamp>,
}

/// What a sale takes from one stock item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeductionLine {
    /// Which.
    pub stock_item_id: StockItemId,
    /// Its name that day.
    pub name: String,
    /// How much of the unit; above zero.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub quantity: Decimal,
    /// What it is counted in.
    pub unit: String,
}
