//! `edge.adopted` version 1: the first entry of an edge that replaces another one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BranchId, CashSessionId, EdgeId, OrderId, TenantId, Timestamp, requests::JournalHead};

/// An edge took over what its branch's former edges had open, as the books have it.
/// From here on it alone closes these sessions and moves these orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeAdoptedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that adopts.
    pub edge_id: EdgeId,
    /// The edges that it follows, the newest first, and how far the books are with each
    /// for good.
    pub former: Vec<FormerEdge>,
    /// Sessions that were open.
    pub cash_sessions: Vec<CashSessionId>,
    /// Orders that were neither delivered nor undone.
    pub orders: Vec<OrderId>,
    /// Sales whose tickets, receipts and sums it knows from here on.
    pub sales: u64,
    /// When, by the edge's clock.
    pub adopted_at: Timestamp,
}

/// An edge that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormerEdge {
    /// Which.
    pub edge_id: EdgeId,
    /// The last entry of it that the books take from the stream: what it has beyond is
    /// imported.
    pub cursor: JournalHead,
}
