//! A store's day through the HTTP door of its edge, line or no line, and then a
//! look in the books: drawers, orders, voids, drafts, and what is told of them.

mod day;
mod keys;
mod orders;
mod receipts;
mod told;
mod voids;
mod voids_amid_failures;

use rust_decimal::Decimal;
use schemas::{Currency, Money};

/// So many dollars.
fn usd(amount: i64) -> Money {
    Money { amount: Decimal::from(amount), currency: Currency::Usd }
}

/// So many riel.
fn khr(amount: i64) -> Money {
    Money { amount: Decimal::from(amount), currency: Currency::Khr }
}
