//! Stock, as the books have it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{EdgeId, SaleId, StockItemId, Timestamp};

/// What is left of a stock item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockLevelRow {
    /// Which.
    pub stock_item_id: StockItemId,
    /// What is left; may be negative.
    #[schema(value_type = String)]
    pub level: Decimal,
    /// The newest place in its ledger.
    pub stock_no: u64,
    /// When it moved last, by the centre's clock.
    pub updated_at: Timestamp,
}

/// Why stock moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StockReason {
    /// It was sold.
    Sale,
    /// A sale was undone.
    Void,
    /// It was delivered to the store.
    Receipt,
    /// It was counted.
    Count,
}

/// One row of an item's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockRow {
    /// The place in the ledger: 1, 2, 3, …
    pub stock_no: u64,
    /// By how much; negative when sold.
    #[schema(value_type = String)]
    pub delta: Decimal,
    /// What was left after it.
    #[schema(value_type = String)]
    pub level_after: Decimal,
    /// Why.
    pub reason: StockReason,
    /// The sale, if one moved it.
    pub sale_id: Option<SaleId>,
    /// The journal of the entry that moved it, if one did.
    pub edge_id: Option<EdgeId>,
    /// That entry.
    pub entry_seq: Option<u64>,
    /// When.
    pub occurred_at: Timestamp,
}
