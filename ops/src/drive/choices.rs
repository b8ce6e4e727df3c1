//! Which receipts are voided or paid by KHQR. Decided by a hash of the receipt, so
//! that the same data is always sold the same way.

use rust_decimal::Decimal;
use schemas::Percent;
use uuid::{Uuid, uuid};

/// The namespace of what is decided.
const NAMESPACE: Uuid = uuid!("b5b3f3ce-0f2c-4c36-9f6c-0d3a2b6a6f5e");
/// Basis points of a whole.
const WHOLE: u64 = 10_000;

/// How many of all receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices {
    /// Are voided. They are paid in cash: nothing else can be.
    pub voids: Percent,
    /// Are to be paid by KHQR, of those that are not voided.
    pub khqr: Percent,
}

/// What becomes of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Sold for cash.
    Cash,
    /// Sold for cash, and voided.
    Void,
    /// To be paid by KHQR.
    Khqr,
}

impl Choices {
    /// What becomes of a receipt of an outlet.
    pub fn of(&self, outlet: &str, number: &str) -> Choice {
        let chosen = |what: &str, percent: Percent| {
            place_of(what, outlet, number) < u64::from(percent.basis_points())
        };
        if chosen("void", self.voids) {
            Choice::Void
        } else if chosen("khqr", self.khqr) {
            Choice::Khqr
        } else {
            Choice::Cash
        }
    }
}

/// Where a receipt stands among all, in basis points. The outlet's length keeps
/// two outlets' receipts apart.
fn place_of(what: &str, outlet: &str, number: &str) -> u64 {
    let name = format!("{what}/{}/{outlet}/{number}", outlet.len());
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).as_u64_pair().0 % WHOLE
}

/// Text that is no percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no percentage from 0 to 100 with at most two decimals")]
pub struct InvalidPercent(String);

/// Reads a percentage: `0.5` is half a percent.
///
/// # Errors
/// [`InvalidPercent`].
pub fn percent(text: &str) -> Result<Percent, InvalidPercent> {
    let invalid = || InvalidPercent(text.to_owned());
    let number: Decimal = text.trim().parse().map_err(|_| invalid())?;
    Percent::try_from(number).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn about_as_many_as_asked_for_are_chosen_and_always_the_same() {
        let choices = Choices { voids: percent("0.5").unwrap(), khqr: percent("10").unwrap() };
        let of = |number: u32| choices.of("5", &number.to_string());
        let count = |choice: Choice| (0..40_000).filter(|number| of(*number) == choice).count();
        assert!((150..250).contains(&count(Choice::Void)), "{}", count(Choice::Void));
        assert!((3_800..4_200).contains(&count(Choice::Khqr)), "{}", count(Choice::Khqr));
        assert!((0..1_000).any(|number| of(number) != choices.of("8", &number.to_string())));

        let none = Choices { voids: Percent::ZERO, khqr: Percent::ZERO };
        assert!((0..1_000).all(|number| none.of("5", &number.to_string()) == Choice::Cash));
        let all = Choices { voids: Percent::ZERO, khqr: Percent::HUNDRED };
        assert!((0..1_000).all(|number| all.of("5", &number.to_string()) == Choice::Khqr));
    }

    #[test]
    fn percentages_are_read_as_they_are_written() {
        for (text, points) in [("0", 0), ("0.5", 50), ("12.25", 1_225), ("100", 10_000)] {
            assert_eq!(percent(text).unwrap().basis_points(), points, "{text}");
        }
        for wrong in ["", "-1", "100.01", "0.001", "half", "5%"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
