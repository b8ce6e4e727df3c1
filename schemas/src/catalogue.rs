//! The catalogue of a branch: everything that its edge needs to price a cart
//! with no line. One document, versioned as a whole; its identity is the
//! SHA-256 of its bytes, because a restored database may reuse a version.

mod khqr;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AddOnId, BranchId, CategoryId, DeviceId, DiscountId, MenuItemId, Percent, Sha256Hash, StaffId,
    StockItemId, TenantId, Timestamp, Usd,
};

pub use khqr::{KhqrAccount, KhqrOtherLanguage, KhqrReceiver};

/// The largest catalogue that is published, in bytes of JSON.
pub const MAX_CATALOGUE_BYTES: usize = 900 * 1024;

/// Which catalogue priced a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueRef {
    /// 1, 2, 3, … per branch.
    pub version: u64,
    /// SHA-256 of the catalogue's bytes.
    pub content_hash: Sha256Hash,
}

/// A branch's catalogue, version 1 of its shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// 1, 2, 3, … per branch.
    pub version: u64,
    /// When it was published.
    pub published_at: Timestamp,
    /// Who sells, as a receipt names them.
    pub seller: Seller,
    /// The branch's rules of money.
    pub policies: Policies,
    /// In the order of the menu.
    pub categories: Vec<Category>,
    /// In the order of the menu.
    pub items: Vec<MenuItem>,
    /// What recipes use up.
    pub stock_items: Vec<StockItem>,
    /// Rules of this branch and of the whole company.
    pub discounts: Vec<DiscountRule>,
    /// Who may sell here.
    pub staff: Vec<StaffMember>,
    /// The tills of this branch.
    pub devices: Vec<Device>,
    /// Who is paid by KHQR here; without it none is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub khqr: Option<KhqrReceiver>,
}

/// The seller as a receipt names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// The company's name.
    pub name: String,
    /// The store's name.
    pub branch_name: String,
    /// Its address, in lines as printed.
    pub address: String,
    /// The tax identification number, if registered.
    pub tin: Option<String>,
}

/// A branch's rules of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policies {
    /// Whether VAT is charged.
    pub sale_vat_enabled: bool,
    /// The VAT rate, in percent.
    pub sale_vat_rate_percent: Percent,
    /// Riel for one dollar; above zero, at most four decimals.
    #[schemars(with = "String")]
    #[schema(value_type = String, example = "4100")]
    pub sale_fx_rate_khr_per_usd: Decimal,
    /// Whether the payable riel amount is rounded.
    pub sale_khr_rounding_enabled: bool,
    /// Which way.
    pub sale_khr_rounding_mode: KhrRoundingMode,
    /// To multiples of what.
    #[schema(value_type = u16, example = 100)]
    pub sale_khr_rounding_granularity: KhrGranularity,
}

/// Which way riel are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum KhrRoundingMode {
    /// To the nearest multiple, half up.
    Nearest,
    /// To the next multiple above.
    Up,
    /// To the next multiple below.
    Down,
}

/// The multiple that riel are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u16", into = "u16")]
#[schemars(with = "u16", extend("enum" = [100, 1000]))]
pub enum KhrGranularity {
    /// 100 riel.
    Hundred,
    /// 1,000 riel.
    Thousand,
}

impl KhrGranularity {
    /// The multiple, in riel.
    pub const fn riel(self) -> u16 {
        match self {
            Self::Hundred => 100,
            Self::Thousand => 1_000,
        }
    }
}

impl TryFrom<u16> for KhrGranularity {
    type Error = String;

    fn try_from(riel: u16) -> Result<Self, Self::Error> {
        match riel {
            100 => Ok(Self::Hundred),
            1_000 => Ok(Self::Thousand),
            _ => Err(format!("riel are rounded to 100 or 1000, not {riel}")),
        }
    }
}

impl From<KhrGranularity> for u16 {
    fn from(granularity: KhrGranularity) -> Self {
        granularity.riel()
    }
}

/// A category of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its id.
    pub category_id: CategoryId,
    /// Its name today; a sale keeps the name of its own day.
    pub name: String,
}

/// An item of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    /// Its id.
    pub menu_item_id: MenuItemId,
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

/// Something that can be added to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddOn {
    /// Its id.
    pub add_on_id: AddOnId,
    /// Its name.
    pub name: String,
    /// What it adds to the price of one, in whole cents; may be zero.
    pub price_usd: Usd,
    /// What it uses up, per item it is added to.
    pub stock: StockUse,
}

/// What selling one of something takes from stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum StockUse {
    /// Nothing that is counted.
    Untracked,
    /// One stock item, itself: a bottle sold is a bottle gone.
    Direct {
        /// Which.
        stock_item_id: StockItemId,
        /// How much of its unit, above zero, at most three decimals.
        #[schemars(with = "String")]
        #[schema(value_type = String, example = "1")]
        quantity: Decimal,
    },
    /// Several, by recipe.
    Recipe {
        /// The ingredients.
        lines: Vec<RecipeLine>,
    },
}

/// One ingredient of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipeLine {
    /// Which stock item.
    pub stock_item_id: StockItemId,
    /// How much of its unit, above zero, at most three decimals.
    #[schemars(with = "String")]
    #[schema(value_type = String, example = "18.5")]
    pub quantity: Decimal,
}

/// A stock item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockItem {
    /// Its id.
    pub stock_item_id: StockItemId,
    /// Its name.
    pub name: String,
    /// What it is counted in: `g`, `ml`, `pc`.
    pub unit: String,
}

/// A rule that lowers a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountRule {
    /// Its id. Rules that apply together are applied in the order of their ids.
    pub discount_id: DiscountId,
    /// Its name, as a receipt shows it.
    pub name: String,
    /// By how much.
    pub percent: Percent,
    /// The branch it is for; `null` is the whole company.
    pub branch_id: Option<BranchId>,
    /// On what.
    pub target: DiscountTarget,
    /// From when on (inclusive); `null` is always.
    pub starts_at: Option<Timestamp>,
    /// Until when (exclusive); `null` is for good.
    pub ends_at: Option<Timestamp>,
}

/// What a discount rule lowers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DiscountTarget {
    /// The sale's subtotal.
    Branch,
    /// Single lines.
    Items {
        /// Which items; empty is all of them.
        menu_item_ids: Vec<MenuItemId>,
        /// Only lines with one of these add-ons; empty asks for none.
        add_on_ids: Vec<AddOnId>,
    },
}

/// Someone who may sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffMember {
    /// Their id.
    pub staff_id: StaffId,
    /// Their name, as a receipt shows it.
    pub name: String,
    /// What they may do in this branch.
    #[serde(default, skip_serializing_if = "StaffRole::is_cashier")]
    pub role: StaffRole,
    /// The argon2id hash of their PIN, in PHC form; without one they cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_hash: Option<String>,
}

impl StaffMember {
    /// A cashier who has no PIN yet.
    pub const fn new(staff_id: StaffId, name: String) -> Self {
        Self { staff_id, name, role: StaffRole::Cashier, pin_hash: None }
    }
}

/// What a member of staff may do in a branch.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum StaffRole {
    /// Sells, moves orders on, asks for voids, sees their own session's orders.
    #[default]
    Cashier,
    /// Also decides voids and sees all of the branch.
    Manager,
    /// The same.
    Admin,
}

impl StaffRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cashier, Self::Manager, Self::Admin];

    /// Whether they decide voids and see all of the branch.
    pub const fn is_approver(self) -> bool {
        matches!(self, Self::Manager | Self::Admin)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    const fn is_cashier(&self) -> bool {
        matches!(self, Self::Cashier)
    }
}

/// A till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its id.
    pub device_id: DeviceId,
    /// Its name: "Counter 1".
    pub name: String,
    /// The one-time code that pairs it, as long as one is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<DevicePairing>,
    /// Whether it may no longer be used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

impl Device {
    /// A till that is not paired yet.
    pub const fn new(device_id: DeviceId, name: String) -> Self {
        Self { device_id, name, pairing: None, revoked: false }
    }
}

/// A one-time code that pairs a till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicePairing {
    /// The argon2id hash of the code, in PHC form. A code is used once: a new one
    /// has another hash.
    pub code_hash: String,
    /// Until when it may be used (exclusive).
    pub expires_at: Timestamp,
}
