//! Figures as text: padded and grouped, never rounded.

use rust_decimal::Decimal;
use schemas::{Currency, Timestamp};
use time::{OffsetDateTime, UtcOffset};

/// An amount as its currency is written: `1,234.50` dollars, `50,300` riel.
/// Digits beyond that are shown, too.
pub(crate) fn amount(amount: Decimal, currency: Currency) -> String {
    let places = match currency {
        Currency::Usd => 2,
        Currency::Khr => 0,
    };
    let shortest = amount.normalize();
    let places = places.max(shortest.scale() as usize);
    grouped(&format!("{shortest:.places$}"))
}

/// What was taken off: `-1.21`.
pub(crate) fn less(taken_off: Decimal, currency: Currency) -> String {
    amount(-taken_off, currency)
}

/// A rate: `4,100`, `4,062.5`.
pub(crate) fn rate(rate: Decimal) -> String {
    grouped(&rate.normalize().to_string())
}

/// The minute of a sale by the clock on the wall: `2026-11-21 16:30`.
pub(crate) fn moment(at: Timestamp, offset: UtcOffset) -> String {
    let at = OffsetDateTime::from(at);
    let at = at.checked_to_offset(offset).unwrap_or(at);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute()
    )
}

/// Thousands apart by commas.
fn grouped(figure: &str) -> String {
    let (sign, digits) = match figure.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", figure),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut text = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn figures_keep_every_digit() {
        for (figure, usd, khr) in [
            ("0", "0.00", "0"),
            ("5.7", "5.70", "5.7"),
            ("5.745", "5.745", "5.745"),
            ("999", "999.00", "999"),
            ("1000.00", "1,000.00", "1,000"),
            ("-1234567.8", "-1,234,567.80", "-1,234,567.8"),
        ] {
            let decimal: Decimal = figure.parse().unwrap();
            assert_eq!(amount(decimal, Currency::Usd), usd, "{figure}");
            assert_eq!(amount(decimal, Currency::Khr), khr, "{figure}");
        }
        assert_eq!(less(Decimal::new(121, 2), Currency::Usd), "-1.21");
        assert_eq!(less(Decimal::ZERO, Currency::Usd), "0.00");
        assert_eq!(rate("4062.5000".parse().unwrap()), "4,062.5");
    }

    #[test]
    fn moments_are_those_of_the_clock_on_the_wall() {
        let at = Timestamp::parse("2026-12-31T18:59:59.999999Z").unwrap();
        assert_eq!(moment(at, UtcOffset::UTC), "2026-12-31 18:59");
        assert_eq!(moment(at, UtcOffset::from_hms(7, 0, 0).unwrap()), "2027-01-01 01:59");
        // The last moment of the calendar has no later clock.
        let last = Timestamp::from_unix_micros(i64::MAX);
        assert_eq!(moment(last, UtcOffset::from_hms(7, 0, 0).unwrap()), "9999-12-31 23:59");
    }
}
