//! Customers that want things: carts from a catalogue, always the same ones for
//! the same seed.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use schemas::{
    Quantity,
    catalogue::{CatalogueV1, MenuItem},
    edge_api::{Cart, CartLine},
    events::SaleType,
};

/// The most different items that one customer takes.
const MOST_LINES: usize = 4;
/// One in so many takes two of an item.
const TAKES_TWO: u32 = 5;

/// A queue of customers.
#[derive(Debug)]
pub struct Shopper {
    chance: StdRng,
    items: Vec<MenuItem>,
}

impl Shopper {
    /// Customers of the store with this catalogue.
    pub fn new(seed: u64, catalogue: &CatalogueV1) -> Self {
        Self { chance: StdRng::seed_from_u64(seed), items: catalogue.items.clone() }
    }

    /// What the next one wants; an empty cart only if the menu is empty.
    pub fn cart(&mut self) -> Cart {
        let sale_type = match self.chance.random_range(0..10_u32) {
            0..=4 => SaleType::DineIn,
            5..=8 => SaleType::Takeaway,
            _ => SaleType::Delivery,
        };
        // Most take one or two things.
        let lines =
            self.chance.random_range(1..=MOST_LINES).min(self.chance.random_range(1..=MOST_LINES));
        let lines = (0..lines).filter_map(|_| self.line()).collect();
        Cart { sale_type, lines }
    }

    /// Whether the next one does what one in `so_many` does.
    fn one_in(&mut self, so_many: u32) -> bool {
        self.chance.random_ratio(1, so_many.max(1))
    }

    fn line(&mut self) -> Option<CartLine> {
        let place = self.chance.random_range(0..self.items.len().max(1));
        let two = self.one_in(TAKES_TWO);
        let adds = self.one_in(3);
        let item = self.items.get(place)?;
        let add_on_ids = match item.add_ons.len() {
            offered @ 1.. if adds => {
                vec![item.add_ons[self.chance.random_range(0..offered)].add_on_id]
            }
            _ => Vec::new(),
        };
        let quantity = Quantity::try_from(if two { 2_u32 } else { 1 }).ok()?;
        Some(CartLine { menu_item_id: item.menu_item_id, add_on_ids, quantity })
    }
}
