//! Changes of a store's catalogue.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BranchId, CategoryId, DeviceId, Percent, Sha256Hash, StaffId, Timestamp, Usd,
    catalogue::{AddOn, DiscountRule, DiscountTarget, StaffRole, StockUse},
};

/// Which catalogue of a store is the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogueVersionRow {
    /// The store.
    pub branch_id: BranchId,
    /// The version: the `ETag`, and the `If-Match` of the next change.
    pub version: u64,
    /// The hash of its bytes.
    pub content_hash: Sha256Hash,
    /// Whether this request made it; `false` if it said so already.
    pub is_new: bool,
}

/// The newest catalogues of a company's stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompanyCatalogues {
    /// One for each store that has a catalogue, by store.
    pub catalogues: Vec<CatalogueVersionRow>,
}

/// The discount rules of the whole company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompanyDiscounts {
    /// By id.
    pub discounts: Vec<DiscountRule>,
}

/// A category of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutCategory {
    /// Its name. Sales keep the name of their own day.
    pub name: String,
}

/// An item of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMenuItem {
    /// Its name.
    pub name: String,
    /// Its category; `null` is uncategorized.
    pub category_id: Option<CategoryId>,
    /// The price of one, in whole cents.
    pub price_usd: Usd,
    /// What can be added to it.
    pub add_ons: Vec<AddOn>,
    /// What one of it uses up.
    pub stock: StockUse,
}

/// A stock item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutStockItem {
    /// Its name.
    pub name: String,
    /// What it is counted in: `g`, `ml`, `pc`.
    pub unit: String,
}

/// A discount rule; where it holds is in the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutDiscount {
    /// Its name, as a receipt shows it.
    pub name: String,
    /// By how much.
    pub percent: Percent,
    /// On what.
    pub target: DiscountTarget,
    /// From when on (inclusive); `null` is always.
    pub starts_at: Option<Timestamp>,
    /// Until when (exclusive); `null` is for good.
    pub ends_at: Option<Timestamp>,
}

/// A member of staff, as a back office sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffRow {
    /// Their id.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Whether they have a PIN; without one they cannot log in.
    pub has_pin: bool,
}

/// A member of staff. Their PIN stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutStaff {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
}

/// A PIN: 4 to 12 digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPin {
    /// The PIN. Only its hash is kept.
    pub pin: String,
}

impl fmt::Debug for SetPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetPin(hidden)")
    }
}

/// A till, as a back office sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceRow {
    /// Its id.
    pub device_id: DeviceId,
    /// Its name.
    pub name: String,
    /// Whether it may no longer be used.
    pub revoked: bool,
    /// Until when the code that is out pairs it, if one is.
    pub pairing_expires_at: Option<Timestamp>,
}

/// A till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutDevice {
    /// Its name.
    pub name: String,
    /// Whether it may no longer be used. A code that is out for it is worth nothing
    /// then.
    pub revoked: bool,
}

/// A one-time code that pairs a till. Told to nobody but who asked for it; only its
/// hash is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairingCode {
    /// The till.
    pub device_id: DeviceId,
    /// The code.
    pub code: String,
    /// Until when it may be used (exclusive).
    pub expires_at: Timestamp,
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PairingCode({}, hidden, {:?})", self.device_id, self.expires_at)
    }
}
