//! Sales by what, how and when they were sold: sums of stored figures. Voided sales
//! are told apart; a sale whose void is undecided is a sale.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CategoryId, Currency, MenuItemId, Usd, events::TenderMethod};

/// What was sold of an item, under the name that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemSales {
    /// The item.
    pub menu_item_id: MenuItemId,
    /// Its name at the time: a renamed item has a row for each name.
    pub name: String,
    /// How many were sold.
    pub quantity: u64,
    /// Before discounts.
    pub base_usd: Usd,
    /// Taken off the lines.
    pub discount_usd: Usd,
    /// What is left.
    pub total_usd: Usd,
    /// How many were sold and voided; in none of the above.
    pub voided_quantity: u64,
    /// Their total.
    pub voided_usd: Usd,
}

/// What was sold of a category, under the name that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CategorySales {
    /// The category; `null` is uncategorized.
    pub category_id: Option<CategoryId>,
    /// Its name at the time: a renamed category has a row for each name.
    pub name: Option<String>,
    /// How many items were sold.
    pub quantity: u64,
    /// Before discounts.
    pub base_usd: Usd,
    /// Taken off the lines.
    pub discount_usd: Usd,
    /// What is left.
    pub total_usd: Usd,
    /// How many were sold and voided; in none of the above.
    pub voided_quantity: u64,
    /// Their total.
    pub voided_usd: Usd,
}

/// What was paid one way, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MethodSales {
    /// By what.
    pub method: TenderMethod,
    /// In which currency.
    pub currency: Currency,
    /// How many sales.
    pub sales: u64,
    /// The sum of their totals.
    pub grand_total_usd: Usd,
    /// The VAT in it.
    pub vat_usd: Usd,
    /// What was kept of the tenders, received − change, in their currency.
    #[schema(value_type = String)]
    pub kept: Decimal,
    /// How many were voided; in none of the above.
    pub voided_sales: u64,
    /// Their total.
    pub voided_usd: Usd,
}

/// What was sold on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DaySales {
    /// The day in the company's time zone: `2026-11-21`.
    pub day: String,
    /// How many sales.
    pub sales: u64,
    /// The sum of their lines.
    pub subtotal_usd: Usd,
    /// Taken off the subtotals.
    pub branch_discount_usd: Usd,
    /// The tax.
    pub vat_usd: Usd,
    /// The sum of their totals.
    pub grand_total_usd: Usd,
    /// How many were voided; in none of the above.
    pub voided_sales: u64,
    /// Their total.
    pub voided_usd: Usd,
}

/// A company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompanyRow {
    /// Its name.
    pub name: String,
    /// Its time zone, by its name in the IANA database: where its days begin.
    pub time_zone: String,
}

/// Where a company's days begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutTimeZone {
    /// By its name in the IANA database: `Asia/Phnom_Penh`.
    pub time_zone: String,
}
