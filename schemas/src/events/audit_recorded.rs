//! `audit.recorded` version 1: what somebody did that is no event of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BranchId, CashSessionId, DeviceId, DraftId, EdgeId, StaffId, TenantId, Timestamp, Usd,
};

/// Something for the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditRecordedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that recorded it.
    pub edge_id: EdgeId,
    /// What was done.
    pub action: AuditAction,
    /// On which till.
    pub device_id: Option<DeviceId>,
    /// By whom, if they are known.
    pub actor_id: Option<StaffId>,
    /// In which session.
    pub cash_session_id: Option<CashSessionId>,
    /// Of a draft: which, and what is in it.
    pub draft: Option<DraftAudit>,
    /// In words, where there is more to say.
    pub detail: Option<String>,
    /// When, by the edge's clock.
    pub at: Timestamp,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditAction {
    /// A draft was begun.
    CartCreated,
    /// A draft was changed, one or more times.
    CartUpdated,
    /// A draft was thrown away.
    CartDiscarded,
    /// Someone logged in.
    LoggedIn,
    /// Someone logged out.
    LoggedOut,
    /// A wrong PIN was given.
    LoginFailed,
    /// Too many wrong PINs were given.
    LoginLocked,
    /// A till was paired.
    DevicePaired,
    /// A sale that a till completed by itself was held for a manager; the detail is
    /// its ticket.
    SaleHeld,
    /// A manager accepted a held sale; the detail is its ticket.
    HeldSaleAccepted,
    /// A manager rejected a held sale; the detail is its ticket, and why.
    HeldSaleRejected,
}

impl AuditAction {
    /// The name in JSON and in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CartCreated => "CART_CREATED",
            Self::CartUpdated => "CART_UPDATED",
            Self::CartDiscarded => "CART_DISCARDED",
            Self::LoggedIn => "LOGGED_IN",
            Self::LoggedOut => "LOGGED_OUT",
            Self::LoginFailed => "LOGIN_FAILED",
            Self::LoginLocked => "LOGIN_LOCKED",
            Self::DevicePaired => "DEVICE_PAIRED",
            Self::SaleHeld => "SALE_HELD",
            Self::HeldSaleAccepted => "HELD_SALE_ACCEPTED",
            Self::HeldSaleRejected => "HELD_SALE_REJECTED",
        }
    }
}

/// What is in a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftAudit {
    /// Which.
    pub draft_id: DraftId,
    /// How many items, by quantity.
    pub item_count: u32,
    /// What they come to, before branch discounts and VAT.
    pub subtotal_usd: Usd,
}
