//! What is probably left.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{StockItemId, Timestamp};

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
