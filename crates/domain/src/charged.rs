//! What a client charged that completed a sale by itself, and how such a sale and
//! those on account are settled.
//!
//! The captured figures stand: where the client's prices differ from the menu, or
//! the menu does not have the item, the sale is priced as it was charged.

use std::collections::HashMap;

use rust_decimal::Decimal;
use schemas::{
    Currency, MenuItemId, Sha256Hash,
    catalogue::{AddOn, CatalogueV1, MenuItem, StockUse},
    door_api::Charged,
    edge_api::{Cart, Totals},
    events::{KhqrProof, Tender, TenderMethod},
};

use crate::{
    catalogue::{CatalogueError, CatalogueIndex},
    hashing::Fields,
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
