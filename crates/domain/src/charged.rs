//! What a client charged that completed a sale by itself, and how such a sale and
//! those on account are settled.
//!
//! The captured figures stand: where the client's prices differ from the menu, or
//! the menu does not have the item, the sale is priced as it was charged. A till that
//! priced with these same rules tells its figures whole ([`as_shown`]).

use std::collections::HashMap;

use rust_decimal::{Decimal, RoundingStrategy};
use schemas::{
    Currency, MenuItemId, Sha256Hash,
    catalogue::{AddOn, CatalogueV1, MenuItem, StockUse},
    door_api::Charged,
    edge_api::{Cart, Shown, TenderOffer, Totals},
    events::{DeductionLine, KhqrProof, SaleLine, Tender, TenderMethod},
};

use crate::{
    catalogue::{CatalogueError, CatalogueIndex},
    hashing::Fields,
    money::{RATE_DECIMALS, USD_DECIMALS, exact_units},
    pricing::{PricingError, price},
    sale::Settled,
    tender::{MAX_RECEIVED, TenderError, settle_fact},
};

const REQUEST_FORMAT: &[u8] = b"tillstream-submission-1";

/// The hash of a request at the direct door: SHA-256 over `tillstream-submission-1`,
/// the kind and the body, each with its length (u32, big endian) in front.
pub fn request_hash(kind: &str, body: &[u8]) -> Sha256Hash {
    Fields::of(REQUEST_FORMAT).bytes(kind.as_bytes()).bytes(body).finish()
}

/// The menu with the items of a cart as they were charged. What the menu does not
/// have takes nothing from stock, and is free and named by its id if the client
/// did not say.
///
/// # Errors
/// [`CatalogueError`] if a charged name or price is none.
pub fn as_charged(
    document: &CatalogueV1,
    cart: &Cart,
    charged: &[Charged],
) -> Result<CatalogueIndex, CatalogueError> {
    let mut menu = document.clone();
    let mut places: HashMap<MenuItemId, usize> =
        menu.items.iter().enumerate().map(|(place, item)| (item.menu_item_id, place)).collect();
    for line in &cart.lines {
        let menu_item_id = line.menu_item_id;
        let place = *places.entry(menu_item_id).or_insert_with(|| {
            menu.items.push(MenuItem {
                menu_item_id,
                name: menu_item_id.to_string(),
                category_id: None,
                price_usd: schemas::Usd::ZERO,
                add_ons: Vec::new(),
                stock: StockUse::Untracked,
            });
            menu.items.len() - 1
        });
        let Some(item) = menu.items.get_mut(place) else { continue };
        for add_on_id in &line.add_on_ids {
            if item.add_ons.iter().all(|known| known.add_on_id != *add_on_id) {
                item.add_ons.push(AddOn {
                    add_on_id: *add_on_id,
                    name: add_on_id.to_string(),
                    price_usd: schemas::Usd::ZERO,
                    stock: StockUse::Untracked,
                });
            }
        }
    }
    for said in charged {
        let item = menu.items.iter_mut().find(|item| item.menu_item_id == said.menu_item_id);
        let Some(item) = item else { continue };
        match said.add_on_id {
            None => {
                item.name.clone_from(&said.name);
                item.price_usd = said.price_usd;
            }
            Some(id) => {
                if let Some(add_on) = item.add_ons.iter_mut().find(|known| known.add_on_id == id) {
                    add_on.name.clone_from(&said.name);
                    add_on.price_usd = said.price_usd;
                }
            }
        }
    }
    CatalogueIndex::new(menu)
}

/// What a till told that cannot be a sale at all, whatever its figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShownError {
    /// The cart is empty, too large, or names an add-on twice.
    #[error(transparent)]
    Cart(#[from] PricingError),
    /// The lines shown are not those of the cart.
    #[error("totals.lines: these are not the lines of the cart")]
    OtherLines,
    /// A figure is not what the others add up to.
    #[error("totals.{0}: the other figures add up to something else")]
    DoesNotAddUp(&'static str),
    /// No catalogue has such a version.
    #[error("catalogue.version: no catalogue has version {0}")]
    NoVersion(u64),
    /// A figure is none that its currency has.
    #[error("totals.{field}: {amount} is no amount of its currency")]
    NoAmount {
        /// Which.
        field: String,
        /// What was told.
        amount: Decimal,
    },
    /// What was handed over is no cash, or no amount of its currency.
    #[error(transparent)]
    Tender(#[from] TenderError),
}

/// A sale for cash that a till completed by itself, at the figures that it showed: they
/// stand. What it takes from stock is what `index` says of its cart; an item that is
/// not on that menu takes nothing. Give the index of the catalogue that it was priced
/// with, if it is at hand.
///
/// # Errors
/// [`ShownError`] if it contradicts itself. Figures that another price would give are
/// no error.
pub fn as_shown(
    index: &CatalogueIndex,
    cart: &Cart,
    shown: &Shown,
    offer: &TenderOffer,
) -> Result<Settled, ShownError> {
    let Shown { catalogue, totals, at } = shown;
    let deductions = match price(index, cart, *at) {
        Ok(priced) => priced.deductions,
        Err(PricingError::UnknownItem { .. } | PricingError::UnknownAddOn { .. }) => {
            known_deductions(index, cart, shown)
        }
        // By today's prices; those shown are looked at below.
        Err(PricingError::TooExpensive) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if !is_of(&totals.lines, cart) {
        return Err(ShownError::OtherLines);
    }
    check_amounts(totals)?;
    check_sums(totals)?;
    if i64::try_from(catalogue.version).is_err() {
        return Err(ShownError::NoVersion(catalogue.version));
    }
    let tender = settle_fact(totals, offer)?;
    Ok(Settled { totals: totals.clone(), deductions, catalogue: *catalogue, tender })
}

fn known_deductions(index: &CatalogueIndex, cart: &Cart, shown: &Shown) -> Vec<DeductionLine> {
    as_charged(index.document(), cart, &[])
        .ok()
        .and_then(|menu| price(&menu, cart, shown.at).ok())
        .map(|priced| priced.deductions)
        .unwrap_or_default()
}

fn is_of(lines: &[SaleLine], cart: &Cart) -> bool {
    lines.len() == cart.lines.len()
        && (1_u16..).zip(lines.iter().zip(&cart.lines)).all(|(line_no, (line, asked))| {
            line.line_no == line_no
                && line.menu_item_id == asked.menu_item_id
                && line.quantity == asked.quantity
                && line
                    .add_ons
                    .iter()
                    .map(|add_on| add_on.add_on_id)
                    .eq(asked.add_on_ids.iter().copied())
        })
}

/// Whether each figure is a number of whole cents or riel that can be kept.
fn check_amounts(totals: &Totals) -> Result<(), ShownError> {
    let is = |field: &str, amount: Decimal, decimals: u32, signed: bool| {
        let most = MAX_RECEIVED * 100;
        let least = if signed { -most } else { 0 };
        exact_units(amount, decimals, least, most)
            .map(|_| ())
            .ok_or_else(|| ShownError::NoAmount { field: field.to_owned(), amount })
    };
    let usd = |field: &str, amount: schemas::Usd| is(field, amount.amount(), USD_DECIMALS, false);
    for line in &totals.lines {
        let of_line = |field: &str, amount: schemas::Usd| {
            usd(&format!("lines[{}].{field}", line.line_no.saturating_sub(1)), amount)
        };
        of_line("unit_price_usd", line.unit_price_usd)?;
        for add_on in &line.add_ons {
            of_line("add_ons.price_usd", add_on.price_usd)?;
        }
        of_line("base_amount_usd", line.base_amount_usd)?;
        of_line("discount_usd", line.discount_usd)?;
        of_line("line_total_usd", line.line_total_usd)?;
    }
    usd("discounts.item_discount_total_usd", totals.discounts.item_discount_total_usd)?;
    usd("discounts.branch_discount_usd", totals.discounts.branch_discount_usd)?;
    usd("subtotal_usd", totals.subtotal_usd)?;
    usd("vat.amount_usd", totals.vat.amount_usd)?;
    is("fx_rate_khr_per_usd", totals.fx_rate_khr_per_usd, RATE_DECIMALS, false)?;
    usd("grand_total_usd", totals.grand_total_usd)?;
    is("grand_total_khr", totals.grand_total_khr.amount(), 0, false)?;
    is("khr_rounding.rounding_khr", totals.khr_rounding.rounding_khr.amount(), 0, true)?;
    is("payable_khr", totals.payable_khr.amount(), 0, false)
}

/// Whether the figures add up by themselves, whatever the prices are.
fn check_sums(totals: &Totals) -> Result<(), ShownError> {
    let holds =
        |holds: bool, field| if holds { Ok(()) } else { Err(ShownError::DoesNotAddUp(field)) };
    let (mut lines, mut off) = (Decimal::ZERO, Decimal::ZERO);
    for line in &totals.lines {
        let (base, less) = (line.base_amount_usd.amount(), line.discount_usd.amount());
        holds(base - less == line.line_total_usd.amount(), "lines.line_total_usd")?;
        lines += line.line_total_usd.amount();
        off += less;
    }
    let subtotal = totals.subtotal_usd.amount();
    holds(lines == subtotal, "subtotal_usd")?;
    let told = totals.discounts.item_discount_total_usd.amount();
    holds(off == told, "discounts.item_discount_total_usd")?;
    let grand = totals.grand_total_usd.amount();
    let less = totals.discounts.branch_discount_usd.amount();
    holds(subtotal - less + totals.vat.amount_usd.amount() == grand, "grand_total_usd")?;
    let riel = grand
        .checked_mul(totals.fx_rate_khr_per_usd)
        .map(|riel| riel.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
    let told = totals.grand_total_khr.amount();
    holds(riel == Some(told), "grand_total_khr")?;
    let rounded = told + totals.khr_rounding.rounding_khr.amount();
    holds(rounded == totals.payable_khr.amount(), "payable_khr")
}

/// The tender of a sale that is charged to a house account: its total in dollars.
pub fn on_account(totals: &Totals) -> Tender {
    exact(TenderMethod::Account, totals, Currency::Usd, None)
}

/// The tender of a sale that was paid by a KHQR code.
pub fn by_khqr(totals: &Totals, currency: Currency, proof: KhqrProof) -> Tender {
    exact(TenderMethod::Khqr, totals, currency, Some(proof))
}

fn exact(
    method: TenderMethod,
    totals: &Totals,
    currency: Currency,
    khqr: Option<KhqrProof>,
) -> Tender {
    let received = match currency {
        Currency::Usd => totals.grand_total_usd.amount(),
        Currency::Khr => totals.payable_khr.amount(),
    };
    Tender { method, currency, received, change: Decimal::ZERO, khqr }
}
