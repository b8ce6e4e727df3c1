//! A catalogue that was checked and can be looked up: the only form in which
//! one is priced with.
//!
//! A [`CatalogueIndex`] guarantees that every reference in its document leads
//! somewhere, that every figure lies within the bounds below, and that no more
//! rules can stack on one line or on a subtotal than exact arithmetic holds.

mod check;

use std::collections::HashMap;

use rust_decimal::Decimal;
use schemas::{
    AddOnId, CategoryId, DeviceId, MenuItemId, Sha256Hash, StaffId, StockItemId,
    catalogue::{
        AddOn, CatalogueRef, CatalogueV1, Category, Device, DiscountRule, MAX_CATALOGUE_BYTES,
        MenuItem, StaffMember, StockItem,
    },
};
use uuid::Uuid;

use crate::{hashing::sha256, khqr::KhqrError, money};

/// The highest price of an item or add-on, in cents: 1,000,000.00 USD.
pub const MAX_PRICE_CENTS: i64 = 100_000_000;
/// The most of a stock item that one item or add-on may use up, in thousandths
/// of its unit.
pub const MAX_STOCK_USE_THOUSANDTHS: i64 = 1_000_000_000;
/// The highest exchange rate, in ten-thousandths of a riel: 100,000 KHR/USD.
pub const MAX_FX_RATE_UNITS: i64 = 1_000_000_000;
/// The most discount rules that may apply together to one line, and the most
/// that may apply together to the subtotal.
pub const MAX_STACKED_DISCOUNTS: usize = 6;
/// The most discount rules in a catalogue.
pub const MAX_DISCOUNT_RULES: usize = 1_000;
/// The most add-ons that an item may offer.
pub const MAX_ADD_ONS_PER_ITEM: usize = 100;
/// The most ingredients of a recipe.
pub const MAX_RECIPE_LINES: usize = 100;
/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 200;

/// A catalogue that nothing may be priced with.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It is larger than what is published.
    #[error("the catalogue has {bytes} bytes; at most {MAX_CATALOGUE_BYTES} are taken")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is no JSON of this shape.
    #[error("the catalogue cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// No KHQR code can be made for its receiver.
    #[error("khqr: {0}")]
    Khqr(#[source] KhqrError),
    /// Versions start at 1.
    #[error("the catalogue has version 0")]
    NoVersion,
    /// Two things have one id.
    #[error("{what} {id} is there twice")]
    Repeated {
        /// E.g. `menu item`.
        what: &'static str,
        /// Which.
        id: Uuid,
    },
    /// Something refers to what is not there.
    #[error("{by} {by_id} refers to {what} {id}, which is not in the catalogue")]
    Unknown {
        /// What is missing, e.g. `stock item`.
        what: &'static str,
        /// Which.
        id: Uuid,
        /// What refers to it, e.g. `menu item`.
        by: &'static str,
        /// Which.
        by_id: Uuid,
    },
    /// A figure lies outside of its bounds or has too many decimals.
    #[error("{what} of {id} is {value}; it must be {rule}")]
    OutOfBounds {
        /// Which figure, e.g. `the price`.
        what: &'static str,
        /// Whose.
        id: Uuid,
        /// What it is.
        value: Decimal,
        /// What it must be.
        rule: &'static str,
    },
    /// There are more of something than the bound.
    #[error("{id} has {count} {what}; at most {most} are allowed")]
    TooMany {
        /// Of what, e.g. `add-ons`.
        what: &'static str,
        /// Whose.
        id: Uuid,
        /// How many.
        count: usize,
        /// The bound.
        most: usize,
    },
    /// A name is empty or too long.
    #[error("the name of {what} {id} is empty or longer than {MAX_NAME_CHARS} characters")]
    BadName {
        /// E.g. `menu item`.
        what: &'static str,
        /// Which.
        id: Uuid,
    },
    /// A discount ends before it starts.
    #[error("discount {id} ends before it starts")]
    EmptyWindow {
        /// Which.
        id: Uuid,
    },
}

/// A checked catalogue with its lookups. Made once, then only read; finding
/// anything takes the same time however long the menu is.
#[derive(Debug)]
pub struct CatalogueIndex {
    document: CatalogueV1,
    items: HashMap<MenuItemId, IndexedItem>,
    categories: HashMap<CategoryId, usize>,
    stock_items: HashMap<StockItemId, usize>,
    staff: HashMap<StaffId, usize>,
    devices: HashMap<DeviceId, usize>,
    /// Rules on the subtotal, in the order of their ids.
    branch_rules: Vec<usize>,
    /// Rules on every item, in the order of their ids.
    every_item_rules: Vec<usize>,
    /// Riel for one dollar, in ten-thousandths.
    fx_rate_units: i64,
}

/// A menu item, checked.
#[derive(Debug)]
pub(crate) struct IndexedItem {
    place: usize,
    pub(crate) price_cents: i64,
    pub(crate) uses: Vec<Use>,
    add_ons: HashMap<AddOnId, IndexedAddOn>,
    /// Rules that name this item, in the order of their ids.
    rules: Vec<usize>,
}

/// An add-on of an item, checked.
#[derive(Debug)]
pub(crate) struct IndexedAddOn {
    place: usize,
    pub(crate) price_cents: i64,
    pub(crate) uses: Vec<Use>,
}

/// What one of something takes from a stock item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    pub(crate) stock_item_id: StockItemId,
    pub(crate) thousandths: i64,
}

/// The identity of a catalogue: SHA-256 of its bytes.
pub fn content_hash(bytes: &[u8]) -> Sha256Hash {
    sha256(bytes)
}

/// Reads, checks and indexes a catalogue as it was published.
///
/// # Errors
/// [`CatalogueError`] if it is too large, no such JSON, or breaks a rule.
pub fn parse(bytes: &[u8]) -> Result<(CatalogueIndex, CatalogueRef), CatalogueError> {
    if bytes.len() > MAX_CATALOGUE_BYTES {
        return Err(CatalogueError::TooLarge { bytes: bytes.len() });
    }
    let document: CatalogueV1 =
        serde_json::from_slice(bytes).map_err(CatalogueError::Unreadable)?;
    let reference = CatalogueRef { version: document.version, content_hash: content_hash(bytes) };
    Ok((CatalogueIndex::new(document)?, reference))
}

impl CatalogueIndex {
    /// Checks a catalogue and makes its lookups.
    ///
    /// Rules of another branch may be in the document; they never apply and
    /// what they name need not be there.
    ///
    /// # Errors
    /// [`CatalogueError`] if an id repeats, a reference leads nowhere, or a
    /// figure or a count is out of bounds.
    pub fn new(document: CatalogueV1) -> Result<Self, CatalogueError> {
        check::index(document)
    }

    /// The catalogue as it was published.
    pub fn document(&self) -> &CatalogueV1 {
        &self.document
    }

    /// A menu item.
    pub fn item(&self, id: MenuItemId) -> Option<&MenuItem> {
        self.items.get(&id).map(|item| self.item_of(item))
    }

    /// A category.
    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.get(&id).map(|place| &self.document.categories[*place])
    }

    /// A stock item.
    pub fn stock_item(&self, id: StockItemId) -> Option<&StockItem> {
        self.stock_items.get(&id).map(|place| &self.document.stock_items[*place])
    }

    /// Someone who may sell here.
    pub fn staff_member(&self, id: StaffId) -> Option<&StaffMember> {
        self.staff.get(&id).map(|place| &self.document.staff[*place])
    }

    /// A till of this branch.
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(&id).map(|place| &self.document.devices[*place])
    }

    pub(crate) fn indexed(&self, id: MenuItemId) -> Option<&IndexedItem> {
        self.items.get(&id)
    }

    pub(crate) fn item_of(&self, item: &IndexedItem) -> &MenuItem {
        &self.document.items[item.place]
    }

    pub(crate) fn add_on_of<'a>(
        &'a self,
        item: &'a IndexedItem,
        id: AddOnId,
    ) -> Option<(&'a AddOn, &'a IndexedAddOn)> {
        let add_on = item.add_ons.get(&id)?;
        Some((&self.document.items[item.place].add_ons[add_on.place], add_on))
    }

    pub(crate) fn branch_rules(&self) -> impl Iterator<Item = &DiscountRule> {
        self.rules(&self.branch_rules)
    }

    pub(crate) fn every_item_rules(&self) -> impl Iterator<Item = &DiscountRule> {
        self.rules(&self.every_item_rules)
    }

    pub(crate) fn rules_of<'a>(
        &'a self,
        item: &'a IndexedItem,
    ) -> impl Iterator<Item = &'a DiscountRule> {
        self.rules(&item.rules)
    }

    pub(crate) fn fx_rate(&self) -> (i64, Decimal) {
        let rate = Decimal::new(self.fx_rate_units, money::RATE_DECIMALS).normalize();
        (self.fx_rate_units, rate)
    }

    fn rules<'a>(&'a self, places: &'a [usize]) -> impl Iterator<Item = &'a DiscountRule> {
        places.iter().map(|place| &self.document.discounts[*place])
    }
}
