//! Writing a code.

use md5::{Digest as _, Md5};
use rust_decimal::Decimal;
use schemas::Currency;

use super::{
    Account, COUNTRY, DYNAMIC, FORMAT_VERSION, Field, KHR, KhqrError, KhqrInput, OtherLanguage,
    STATIC, USD, account, additional,
    crc::crc16,
    language, tag, times,
    tlv::{self, MAX_UNITS},
};
use crate::money::exact_units;

/// The most of a Bakong account, a merchant's id and a bank's name.
const MAX_ACCOUNT: usize = 32;
/// The most of a merchant's name and of each of the additional data.
const MAX_TEXT: usize = 25;
/// The most of a city.
const MAX_CITY: usize = 15;
/// The most of a language's code.
const MAX_LANGUAGE: usize = 2;
/// The most riel: 13 digits.
const MAX_KHR: i64 = 9_999_999_999_999;
/// The most cents: 13 characters with the point.
const MAX_USD_CENTS: i64 = 999_999_999_999;
/// The moments in milliseconds that have 13 digits.
const MILLISECONDS: std::ops::RangeInclusive<i64> = 1_000_000_000_000..=9_999_999_999_999;

/// A code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Khqr {
    /// The text that the QR code holds, in UTF-8.
    pub payload: String,
    /// The MD5 of the payload's bytes, 32 lower-case hex digits: what Bakong finds
    /// the payment by.
    pub md5: String,
}

/// Writes the code that says `input`, made at `created_ms` (milliseconds since
/// 1970-01-01T00:00Z). A static code holds no time, so `created_ms` does not
/// matter to it.
///
/// # Errors
/// [`KhqrError`], with the first field that will not do.
pub fn encode(input: &KhqrInput, created_ms: i64) -> Result<Khqr, KhqrError> {
    let mut out = String::with_capacity(256);
    tlv::write(&mut out, tag::FORMAT, FORMAT_VERSION);
    let initiation = if input.amount.is_some() { DYNAMIC } else { STATIC };
    tlv::write(&mut out, tag::INITIATION, initiation);
    if let Some(upi) = &input.upi {
        if input.currency == Currency::Usd {
            return Err(KhqrError::UpiWithUsd);
        }
        tlv::write(&mut out, tag::UPI, checked(Field::Upi, upi, MAX_UNITS)?);
    }
    write_account(&mut out, &input.account)?;
    if input.mcc.len() != 4 || !input.mcc.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(KhqrError::NotACategory);
    }
    tlv::write(&mut out, tag::MCC, &input.mcc);
    let currency = match input.currency {
        Currency::Khr => KHR,
        Currency::Usd => USD,
    };
    tlv::write(&mut out, tag::CURRENCY, currency);
    if let Some(amount) = input.amount {
        tlv::write(&mut out, tag::AMOUNT, &amount_text(amount, input.currency)?);
    }
    tlv::write(&mut out, tag::COUNTRY, COUNTRY);
    let name = checked(Field::MerchantName, &input.merchant_name, MAX_TEXT)?;
    tlv::write(&mut out, tag::NAME, name);
    let city = checked(Field::MerchantCity, &input.merchant_city, MAX_CITY)?;
    tlv::write(&mut out, tag::CITY, city);
    write_additional(&mut out, input)?;
    write_language(&mut out, input.other_language.as_ref())?;
    write_times(&mut out, input, created_ms)?;
    Ok(signed(out))
}

fn signed(mut payload: String) -> Khqr {
    payload.push_str(tag::CRC);
    payload.push_str("04");
    let crc = crc16(payload.as_bytes());
    payload.push_str(&format!("{crc:04X}"));
    let md5 = hex::encode(Md5::digest(payload.as_bytes()));
    Khqr { payload, md5 }
}

fn write_account(out: &mut String, account: &Account) -> Result<(), KhqrError> {
    let mut inner = String::new();
    tlv::write(&mut inner, account::ID, checked_account_id(account.account_id())?);
    let mut optional = |field, tag, text: Option<&str>| {
        if let Some(text) = text {
            tlv::write(&mut inner, tag, checked(field, text, MAX_ACCOUNT)?);
        }
        Ok(())
    };
    let tag = match account {
        Account::Individual { account_information, acquiring_bank, .. } => {
            let information = account_information.as_deref();
            optional(Field::AccountInformation, account::NUMBER, information)?;
            optional(Field::AcquiringBank, account::BANK, acquiring_bank.as_deref())?;
            tag::INDIVIDUAL
        }
        Account::Merchant { merchant_id, acquiring_bank, .. } => {
            optional(Field::MerchantId, account::NUMBER, Some(merchant_id))?;
            optional(Field::AcquiringBank, account::BANK, Some(acquiring_bank))?;
            tag::MERCHANT
        }
    };
    tlv::write(out, tag, fitting(Field::Account, &inner, MAX_UNITS)?);
    Ok(())
}

fn write_additional(out: &mut String, input: &KhqrInput) -> Result<(), KhqrError> {
    let mut inner = String::new();
    for (field, tag, text) in [
        (Field::BillNumber, additional::BILL_NUMBER, &input.bill_number),
        (Field::MobileNumber, additional::MOBILE_NUMBER, &input.mobile_number),
        (Field::StoreLabel, additional::STORE_LABEL, &input.store_label),
        (Field::TerminalLabel, additional::TERMINAL_LABEL, &input.terminal_label),
        (Field::Purpose, additional::PURPOSE, &input.purpose),
    ] {
        if let Some(text) = text {
            tlv::write(&mut inner, tag, checked(field, text, MAX_TEXT)?);
        }
    }
    if !inner.is_empty() {
        // Each may fit and all together not. The SDK then writes a length of
        // three digits, which no app can read.
        tlv::write(out, tag::ADDITIONAL, fitting(Field::AdditionalData, &inner, MAX_UNITS)?);
    }
    Ok(())
}

fn write_language(out: &mut String, other: Option<&OtherLanguage>) -> Result<(), KhqrError> {
    let Some(OtherLanguage { language, name, city }) = other else { return Ok(()) };
    let mut inner = String::new();
    tlv::write(&mut inner, language::CODE, checked(Field::Language, language, MAX_LANGUAGE)?);
    tlv::write(&mut inner, language::NAME, checked(Field::OtherName, name, MAX_TEXT)?);
    if let Some(city) = city {
        tlv::write(&mut inner, language::CITY, checked(Field::OtherCity, city, MAX_CITY)?);
    }
    tlv::write(out, tag::LANGUAGE, &inner);
    Ok(())
}

fn write_times(out: &mut String, input: &KhqrInput, created_ms: i64) -> Result<(), KhqrError> {
    let expires_ms = match (input.amount, input.expires_ms) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(KhqrError::ExpiryWithoutAmount),
        (Some(_), None) => return Err(KhqrError::ExpiryMissing),
        (Some(_), Some(expires_ms)) => expires_ms,
    };
    for (field, ms) in [(Field::CreatedMs, created_ms), (Field::ExpiresMs, expires_ms)] {
        if !MILLISECONDS.contains(&ms) {
            return Err(KhqrError::NotMilliseconds { field, ms });
        }
    }
    if expires_ms <= created_ms {
        return Err(KhqrError::ExpiresTooSoon { expires_ms, created_ms });
    }
    let mut inner = String::new();
    tlv::write(&mut inner, times::CREATED, &created_ms.to_string());
    tlv::write(&mut inner, times::EXPIRES, &expires_ms.to_string());
    tlv::write(out, tag::TIMES, &inner);
    Ok(())
}

/// Whole riel; dollars without decimals if they are whole, else with two.
fn amount_text(amount: Decimal, currency: Currency) -> Result<String, KhqrError> {
    let (decimals, most, rule) = match currency {
        Currency::Khr => (0, MAX_KHR, "1 to 9999999999999 riel, without decimals"),
        Currency::Usd => (2, MAX_USD_CENTS, "0.01 to 9999999999.99 dollars, at most 2 decimals"),
    };
    let units = exact_units(amount, decimals, 1, most).ok_or(KhqrError::BadAmount {
        amount,
        currency,
        rule,
    })?;
    let whole = Decimal::new(units, decimals);
    Ok(if whole.fract().is_zero() { whole.trunc().to_string() } else { whole.to_string() })
}

fn checked_account_id(text: &str) -> Result<&str, KhqrError> {
    let id = checked(Field::AccountId, text, MAX_ACCOUNT)?;
    let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
    match id.split_once('@') {
        Some((name, bank))
            if visible && !name.is_empty() && !bank.is_empty() && !bank.contains('@') =>
        {
            Ok(id)
        }
        _ => Err(KhqrError::NotAnAccountId),
    }
}

/// Text that is neither empty nor too long and that a person can read.
fn checked(field: Field, text: &str, most: usize) -> Result<&str, KhqrError> {
    if text.is_empty() {
        return Err(KhqrError::Empty { field });
    }
    if text.chars().any(char::is_control) {
        return Err(KhqrError::ControlCharacter { field });
    }
    fitting(field, text, most)
}

fn fitting(field: Field, text: &str, most: usize) -> Result<&str, KhqrError> {
    let units = tlv::units(text);
    if units > most {
        return Err(KhqrError::TooLong { field, units, most });
    }
    Ok(text)
}
