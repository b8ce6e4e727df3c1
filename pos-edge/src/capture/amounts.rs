//! What may be counted in a drawer, moved, and said about it.

use rust_decimal::Decimal;
use schemas::Currency;

use super::CaptureError;

/// The most of one currency in a drawer, and in one movement.
const MAX_AMOUNT: i64 = 1_000_000_000;
const USD_DECIMALS: u32 = 2;
const KHR_DECIMALS: u32 = 0;
/// The longest reason or note, in characters.
const MAX_TEXT: usize = 500;

/// Whether an amount can be counted; the error is the rule that it breaks.
pub(super) fn check(amount: Decimal, currency: Currency) -> Result<(), &'static str> {
    let decimals = match currency {
        Currency::Usd => USD_DECIMALS,
        Currency::Khr => KHR_DECIMALS,
    };
    if amount < Decimal::ZERO {
        return Err("it is negative");
    }
    if amount > Decimal::from(MAX_AMOUNT) {
        return Err("it is above 1000000000");
    }
    if amount.normalize().scale() > decimals {
        return Err("the currency has no coins for so many decimals");
    }
    Ok(())
}

/// [`check`], for an amount that was counted.
pub(super) fn counted(
    field: &'static str,
    amount: Decimal,
    currency: Currency,
) -> Result<(), CaptureError> {
    let invalid = |rule| CaptureError::InvalidAmount { field, amount: amount.to_string(), rule };
    check(amount, currency).map_err(invalid)
}

/// [`check`], for an amount that moves: above zero.
pub(super) fn moved(
    field: &'static str,
    amount: Decimal,
    currency: Currency,
) -> Result<(), CaptureError> {
    counted(field, amount, currency)?;
    if amount.is_zero() {
        let amount = amount.to_string();
        return Err(CaptureError::InvalidAmount { field, amount, rule: "it is zero" });
    }
    Ok(())
}

/// A reason without the space around it: 1 to 500 characters.
pub(super) fn reason(text: &str) -> Result<String, CaptureError> {
    note("reason", text)?.ok_or(CaptureError::InvalidText { field: "reason", rule: "it is empty" })
}

/// A note without the space around it: up to 500 characters; `None` if there is
/// nothing in it.
pub(super) fn note(field: &'static str, text: &str) -> Result<Option<String>, CaptureError> {
    let text = text.trim();
    if text.chars().count() > MAX_TEXT {
        let rule = "it is longer than 500 characters";
        return Err(CaptureError::InvalidText { field, rule });
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
