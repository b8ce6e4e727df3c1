//! `cash.moved` version 1.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BranchId, CashMovementId, CashSessionId, Currency, DeviceId, EdgeId, StaffId, TenantId,
    Timestamp,
};

use super::ImportedFrom;

/// Someone put money into a drawer, or took some out, other than by a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CashMovedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that keeps the session.
    pub edge_id: EdgeId,
    /// The till.
    pub device_id: DeviceId,
    /// The session whose drawer it is.
    pub cash_session_id: CashSessionId,
    /// The movement.
    pub movement_id: CashMovementId,
    /// Which way.
    pub kind: PaidKind,
    /// In which currency.
    pub currency: Currency,
    /// How much, above zero whichever way it went.
    #[schemars(with = "String")]
    pub amount: Decimal,
    /// Why, in the person's words.
    pub reason: String,
    /// Who.
    pub moved_by: StaffId,
    /// When, by the edge's clock.
    pub moved_at: Timestamp,
    /// The entry of a former edge of the branch that told it first, if it was
    /// imported from that edge's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<ImportedFrom>,
}

/// Which way money went that no sale moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaidKind {
    /// Into the drawer.
    PaidIn,
    /// Out of it.
    PaidOut,
}

impl PaidKind {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaidIn => "PAID_IN",
            Self::PaidOut => "PAID_OUT",
        }
    }
}
