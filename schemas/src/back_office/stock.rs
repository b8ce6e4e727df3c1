//! Stock, as the books have it, and what back offices book.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{BranchId, EdgeId, SaleId, StockItemId, Timestamp, facts::StockMovedLine};

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

impl StockReason {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "SALE",
            Self::Void => "VOID",
            Self::Receipt => "RECEIPT",
            Self::Count => "COUNT",
        }
    }
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

/// A delivery to a store: `POST …/stock/receipts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockReceipt {
    /// What came, each item once; 1 to 200 lines.
    pub lines: Vec<ReceivedLine>,
    /// The delivery note's number, or whatever helps to find it: up to 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// What came of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedLine {
    /// Which.
    pub stock_item_id: StockItemId,
    /// How much of its unit: above zero, at most three decimals.
    #[schema(value_type = String, example = "12.5")]
    pub quantity: Decimal,
}

/// A count of a store's shelves: `POST …/stock/counts`. The books' level is set to what
/// was counted; sales that the books do not have yet are taken from it when they come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockCount {
    /// What was found, each item once; 1 to 200 lines.
    pub lines: Vec<CountedLine>,
    /// Who counted and why, or the like: up to 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// What was found of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountedLine {
    /// Which.
    pub stock_item_id: StockItemId,
    /// How much of its unit: zero or more, at most three decimals.
    #[schema(value_type = String, example = "12.5")]
    pub counted: Decimal,
}

/// A receipt or count that is in the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockDocument {
    /// Its id; the target of its row in the audit log.
    pub document_id: Uuid,
    /// The store.
    pub branch_id: BranchId,
    /// Whether it came or was counted.
    pub reason: StockReason,
    /// When.
    pub moved_at: Timestamp,
    /// What moved, by item.
    pub lines: Vec<StockMovedLine>,
}
