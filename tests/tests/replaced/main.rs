//! A box that dies and is replaced: the new one takes over, the old one may not sell,
//! and what was only on its disk is imported.

mod importing;
mod taking_over;

use rust_decimal::Decimal;
use schemas::{Currency, Money};

/// Dollars.
fn usd(amount: i64) -> Money {
    Money { amount: Decimal::from(amount), currency: Currency::Usd }
}
