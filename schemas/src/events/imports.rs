//! What is said of entries that were imported from the disk of a former edge, and
//! `import.conflicted` version 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{BranchId, EdgeId, SaleId, Sha256Hash, TenantId, TicketId, Timestamp, Usd};

/// The entry of a former edge's journal that an entry was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedFrom {
    /// Whose journal.
    pub edge_id: EdgeId,
    /// The place in it.
    pub seq: u64,
    /// The entry's hash.
    pub hash: Sha256Hash,
}

/// An entry of a former edge was not imported, because of what is there already: a
/// person has to look. Its bytes stay in the exported file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportConflictedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that was to take it.
    pub edge_id: EdgeId,
    /// The entry that was not imported.
    pub imported_from: ImportedFrom,
    /// Its kind.
    pub kind: String,
    /// The sale that it is or is about.
    pub sale_id: Option<SaleId>,
    /// That sale's ticket.
    pub ticket_id: Option<TicketId>,
    /// The sale's total, if it is one.
    pub grand_total_usd: Option<Usd>,
    /// What speaks against it, in words.
    pub why: String,
    /// When, by the edge's clock.
    pub conflicted_at: Timestamp,
}
