//! Carts and what they cost.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AddOnId, Khr, MenuItemId, Quantity, Usd,
    catalogue::CatalogueRef,
    events::{DiscountSnapshot, KhrRoundingSnapshot, SaleLine, SaleType, VatSnapshot},
};

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
