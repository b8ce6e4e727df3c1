//! `command.refused` version 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BranchId, CommandId, EdgeId, TenantId, Timestamp, VoidRequestId};

/// The edge did not carry out a command of the centre's, and never will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRefusedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that refused.
    pub edge_id: EdgeId,
    /// The command.
    pub command_id: CommandId,
    /// The request to void that it was about.
    pub void_request_id: VoidRequestId,
    /// A code: `void_already_decided`, `void_not_found`, `command_expired`, or
    /// that of the rule that stands against it.
    pub code: String,
    /// Why, in words.
    pub detail: String,
    /// When, by the edge's clock.
    pub refused_at: Timestamp,
}
