//! Cash by hand: the notes that are counted, and the amounts that a customer
//! probably hands over.

use rust_decimal::Decimal;
use schemas::{Currency, edge_api::Totals};

use crate::money::{USD_DECIMALS, exact_units};

/// Dollar notes in use, in dollars, the largest first.
pub const USD_NOTES: [u32; 7] = [100, 50, 20, 10, 5, 2, 1];
/// Riel notes in use, in riel, the largest first.
pub const KHR_NOTES: [u32; 10] =
    [100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100];
/// The most amounts that are offered at once.
pub const MAX_QUICK_AMOUNTS: usize = 6;

/// What customers round up to: a few of the smallest note, or one larger note.
const USD_STEPS: [u32; 6] = [1, 5, 10, 20, 50, 100];
const KHR_STEPS: [u32; 6] = [1_000, 5_000, 10_000, 20_000, 50_000, 100_000];

/// More dollars or riel than any till takes.
const MOST: i64 = 1_000_000_000_000_000;

/// Notes that were counted wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotesError {
    /// There is no such note.
    #[error("there is no note of {note} {}", currency.code())]
    NoSuchNote {
        /// Its value.
        note: u32,
        /// Of what.
        currency: Currency,
    },
}

/// Notes of a currency, the largest first.
pub const fn notes(currency: Currency) -> &'static [u32] {
    match currency {
        Currency::Usd => &USD_NOTES,
        Currency::Khr => &KHR_NOTES,
    }
}

/// What so many notes of each value come to.
///
/// # Errors
/// [`NotesError`] if one of them does not exist.
pub fn count_notes(
    currency: Currency,
    counted: impl IntoIterator<Item = (u32, u32)>,
) -> Result<Decimal, NotesError> {
    let mut total = Decimal::ZERO;
    for (note, count) in counted {
        if !notes(currency).contains(&note) {
            return Err(NotesError::NoSuchNote { note, currency });
        }
        // At most 100,000 × 2^32: far from the end of its digits.
        total = total.saturating_add(Decimal::from(u64::from(note) * u64::from(count)));
    }
    Ok(total)
}

/// What a customer probably hands over for a sale: exactly what is owed, then
/// what is owed rounded up to each usual step; rising, each once. Nothing for
/// totals that no cart has.
pub fn quick_amounts(totals: &Totals, currency: Currency) -> Vec<Decimal> {
    let (owed, decimals, steps) = match currency {
        Currency::Usd => (totals.grand_total_usd.amount(), USD_DECIMALS, USD_STEPS),
        Currency::Khr => (totals.payable_khr.amount(), 0, KHR_STEPS),
    };
    let unit = 10_i64.pow(decimals);
    let Some(owed) = exact_units(owed, decimals, 0, MOST * unit) else { return Vec::new() };
    let mut amounts = vec![owed];
    for step in steps {
        let step = i64::from(step) * unit;
        // At most 10^17 and a step: far below 2^63.
        amounts.push((owed + step - 1) / step * step);
    }
    amounts.sort_unstable();
    amounts.dedup();
    amounts.truncate(MAX_QUICK_AMOUNTS);
    amounts.into_iter().map(|units| Decimal::new(units, decimals)).collect()
}
