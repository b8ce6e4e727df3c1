//! Drafts: carts that are not sold yet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CashSessionId, DeviceId, DraftId, StaffId, Timestamp, Usd, edge_api::Cart};

/// Keeps a till's draft: `PUT /v1/draft`. The till and the person are those
/// that are logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutDraft {
    /// The draft; a new id for each new cart.
    pub draft_id: DraftId,
    /// The open session it is to be sold in.
    pub cash_session_id: CashSessionId,
    /// 1, 2, 3, … by the till: an older copy than the one that is kept changes
    /// nothing.
    pub revision: u64,
    /// What is in it; there may be no lines.
    pub cart: Cart,
}

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Draft {
    /// The draft.
    pub draft_id: DraftId,
    /// The till.
    pub device_id: DeviceId,
    /// Whose it is.
    pub staff_id: StaffId,
    /// The session it is to be sold in.
    pub cash_session_id: CashSessionId,
    /// The newest copy that was kept.
    pub revision: u64,
    /// What is in it.
    pub cart: Cart,
    /// How many items, by quantity.
    pub item_count: u32,
    /// What they come to, before branch discounts and VAT.
    pub subtotal_usd: Usd,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
