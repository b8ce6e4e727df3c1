//! `cash.session_opened` version 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BranchId, CashSessionId, DeviceId, EdgeId, Khr, StaffId, TenantId, Timestamp, Usd};

use super::ImportedFrom;

/// Someone opened a drawer with a counted float.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CashSessionOpenedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the session.
    pub edge_id: EdgeId,
    /// The till.
    pub device_id: DeviceId,
    /// The session.
    pub cash_session_id: CashSessionId,
    /// Whose it is.
    pub opened_by: StaffId,
    /// When, by the edge's clock.
    pub opened_at: Timestamp,
    /// Dollars in the drawer.
    pub opening_float_usd: Usd,
    /// Riel in the drawer.
    pub opening_float_khr: Khr,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}
