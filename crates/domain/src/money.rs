//! Exact arithmetic in the smallest units: cents, riel, thousandths. Every
//! rounding of the pricing rules is one of the two functions here.

use rust_decimal::Decimal;
use schemas::{
    Khr, Usd,
    catalogue::{KhrGranularity, KhrRoundingMode},
};

/// Decimals of a dollar amount.
pub(crate) const USD_DECIMALS: u32 = 2;
/// Decimals of an exchange rate.
pub(crate) const RATE_DECIMALS: u32 = 4;
/// Decimals of a stock quantity.
pub(crate) const STOCK_DECIMALS: u32 = 3;

/// `amount` in units of 10^-`decimals`, if it has no more decimals than that
/// and lies between `least` and `most` (both in those units).
pub(crate) fn exact_units(amount: Decimal, decimals: u32, least: i64, most: i64) -> Option<i64> {
    // Compared before it is rescaled, so that rescaling cannot run out of digits.
    if amount < Decimal::new(least, decimals) || amount > Decimal::new(most, decimals) {
        return None;
    }
    let mut scaled = amount.normalize();
    if scaled.scale() > decimals {
        return None;
    }
    scaled.rescale(decimals);
    i64::try_from(scaled.mantissa()).ok()
}

/// Whole cents as dollars, always with two decimals.
pub(crate) fn usd(cents: i128) -> Usd {
    Usd(Decimal::from_i128_with_scale(cents, USD_DECIMALS))
}

/// Whole riel, without decimals.
pub(crate) fn khr(riel: i128) -> Khr {
    Khr(Decimal::from_i128_with_scale(riel, 0))
}

/// `numerator / denominator` rounded to a whole number, half away from zero.
/// The denominator is above zero.
pub(crate) fn round_half_away(numerator: i128, denominator: i128) -> i128 {
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    // `rest >= denominator - rest` is `2 × rest >= denominator` without overflow.
    if rest.abs() >= denominator - rest.abs() { whole + numerator.signum() } else { whole }
}

/// Riel (zero or more) rounded to a multiple of the granularity; a half is
/// rounded up by `NEAREST`, an exact multiple stays as it is in every mode.
pub(crate) fn round_riel(riel: i128, mode: KhrRoundingMode, granularity: KhrGranularity) -> i128 {
    let multiple = i128::from(granularity.riel());
    let rest = riel.rem_euclid(multiple);
    let below = riel - rest;
    let up = match mode {
        KhrRoundingMode::Nearest => rest * 2 >= multiple,
        KhrRoundingMode::Up => rest > 0,
        KhrRoundingMode::Down => false,
    };
    if up { below + multiple } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (numerator, denominator, rounded) in [
            (0, 2, 0),
            (1, 2, 1),
            (-1, 2, -1),
            (49, 100, 0),
            (50, 100, 1),
            (149, 100, 1),
            (150, 100, 2),
            (-149, 100, -1),
            (-150, 100, -2),
            (1, 3, 0),
            (2, 3, 1),
            (i128::MAX, 1, i128::MAX),
            (i128::MAX, i128::MAX, 1),
        ] {
            assert_eq!(
                round_half_away(numerator, denominator),
                rounded,
                "{numerator} / {denominator}"
            );
        }
    }

    #[test]
    fn riel_round_to_multiples() {
        use KhrGranularity::{Hundred, Thousand};
        use KhrRoundingMode::{Down, Nearest, Up};
        for (riel, mode, granularity, rounded) in [
            (0, Nearest, Hundred, 0),
            (0, Up, Thousand, 0),
            (49, Nearest, Hundred, 0),
            (50, Nearest, Hundred, 100),
            (99, Down, Hundred, 0),
            (1, Up, Hundred, 100),
            (100, Nearest, Hundred, 100),
            (100, Up, Hundred, 100),
            (100, Down, Hundred, 100),
            (14_349, Nearest, Hundred, 14_300),
            (14_350, Nearest, Hundred, 14_400),
            (14_301, Up, Hundred, 14_400),
            (14_399, Down, Hundred, 14_300),
            (14_499, Nearest, Thousand, 14_000),
            (14_500, Nearest, Thousand, 15_000),
            (14_001, Up, Thousand, 15_000),
            (14_999, Down, Thousand, 14_000),
            (15_000, Nearest, Thousand, 15_000),
            (15_000, Up, Thousand, 15_000),
            (15_000, Down, Thousand, 15_000),
        ] {
            assert_eq!(
                round_riel(riel, mode, granularity),
                rounded,
                "{riel} {mode:?} {granularity:?}"
            );
        }
    }

    #[test]
    fn only_exact_amounts_become_units() {
        let units = |text: &str| {
            text.parse::<Decimal>().ok().and_then(|amount| exact_units(amount, 2, 0, 100_000_000))
        };
        assert_eq!(units("3.5"), Some(350));
        assert_eq!(units("3.500000"), Some(350));
        assert_eq!(units("1000000.00"), Some(100_000_000));
        assert_eq!(units("-0"), Some(0));
        assert_eq!(units("3.505"), None);
        assert_eq!(units("-0.01"), None);
        assert_eq!(units("1000000.01"), None);
        assert_eq!(units("79228162514264337593543950335"), None);
        assert_eq!(units("0.0000000000000000000000000001"), None);
    }
}
