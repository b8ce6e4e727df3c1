//! Reading a code back: the checksum first, then the objects, then the question
//! whether it is what [`encode`] writes.

use rust_decimal::Decimal;
use schemas::Currency;

use super::{
    Account, DYNAMIC, KHR, KhqrError, KhqrInput, OtherLanguage, STATIC, USD, account, additional,
    crc::crc16,
    encode, language, tag, times,
    tlv::{Tlv, TlvError, read_tlv},
};

/// The bytes of the checksum's object: `6304` and four hex digits.
const CRC_BYTES: usize = 8;

/// What a code says, and when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What it says.
    pub input: KhqrInput,
    /// When it was made, in milliseconds since 1970-01-01T00:00Z; a static code
    /// does not say.
    pub created_ms: Option<i64>,
}

/// Bytes that are not one of our codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The checksum at the end is missing or wrong: the code was misread or
    /// altered.
    #[error("the checksum is missing or wrong")]
    Crc,
    /// The bytes are not UTF-8.
    #[error("it is not text in UTF-8")]
    NotText,
    /// The text is not a sequence of objects.
    #[error("it is not made of objects")]
    Tlv(#[from] TlvError),
    /// A required object is not there.
    #[error("tag {tag} is missing")]
    Missing {
        /// Its tag, e.g. `29` or `29.00`.
        tag: &'static str,
    },
    /// An object holds what it cannot hold.
    #[error("tag {tag} cannot hold {value:?}")]
    BadValue {
        /// Its tag.
        tag: &'static str,
        /// Its value.
        value: String,
    },
    /// A field breaks a rule.
    #[error("a field breaks a rule")]
    Refused(#[from] KhqrError),
    /// It holds other objects, or the same in another order or twice.
    #[error("it is not written as we write it")]
    Foreign,
}

/// Reads a code that [`encode`] wrote.
///
/// # Errors
/// [`DecodeError`]. Any change of one byte is [`DecodeError::Crc`].
pub fn decode(payload: &[u8]) -> Result<Decoded, DecodeError> {
    let text = checked_text(payload)?;
    let outer = Objects(read_tlv(text)?);
    let times = outer.inside(tag::TIMES)?;
    let additional = outer.inside(tag::ADDITIONAL)?;
    let input = KhqrInput {
        account: read_account(&outer)?,
        merchant_name: outer.required(tag::NAME)?,
        merchant_city: outer.required(tag::CITY)?,
        mcc: outer.required(tag::MCC)?,
        currency: read_currency(outer.required(tag::CURRENCY)?)?,
        amount: outer.get(tag::AMOUNT).map(read_amount).transpose()?,
        expires_ms: times.get(times::EXPIRES).map(read_ms).transpose()?,
        bill_number: additional.owned(additional::BILL_NUMBER),
        mobile_number: additional.owned(additional::MOBILE_NUMBER),
        store_label: additional.owned(additional::STORE_LABEL),
        terminal_label: additional.owned(additional::TERMINAL_LABEL),
        purpose: additional.owned(additional::PURPOSE),
        other_language: read_language(&outer)?,
        upi: outer.owned(tag::UPI),
    };
    let created_ms = times.get(times::CREATED).map(read_ms).transpose()?;
    let initiation = outer.required(tag::INITIATION)?;
    if initiation != STATIC && initiation != DYNAMIC {
        return Err(DecodeError::BadValue { tag: tag::INITIATION, value: initiation });
    }
    // Reading is lenient about order, repetition and objects that it does not
    // know; writing is not.
    let written = encode(&input, created_ms.unwrap_or_default())?;
    if written.payload != text {
        return Err(DecodeError::Foreign);
    }
    Ok(Decoded { input, created_ms })
}

/// The payload as text, if its checksum is that of its bytes.
fn checked_text(payload: &[u8]) -> Result<&str, DecodeError> {
    let digits = payload.len().checked_sub(4).ok_or(DecodeError::Crc)?;
    let start = payload.len().checked_sub(CRC_BYTES).ok_or(DecodeError::Crc)?;
    let (covered, stated) = payload.split_at(digits);
    let right = format!("{:04X}", crc16(covered));
    if &covered[start..] != b"6304" || stated != right.as_bytes() {
        return Err(DecodeError::Crc);
    }
    std::str::from_utf8(payload).map_err(|_| DecodeError::NotText)
}

struct Objects<'a>(Vec<Tlv<'a>>);

impl<'a> Objects<'a> {
    fn get(&self, tag: &str) -> Option<&'a str> {
        self.0.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
    }

    fn owned(&self, tag: &str) -> Option<String> {
        self.get(tag).map(str::to_owned)
    }

    fn required(&self, tag: &'static str) -> Result<String, DecodeError> {
        self.owned(tag).ok_or(DecodeError::Missing { tag })
    }

    /// The objects inside of one that may be missing.
    fn inside(&self, tag: &str) -> Result<Self, TlvError> {
        self.get(tag).map_or(Ok(Vec::new()), read_tlv).map(Self)
    }
}

fn read_account(outer: &Objects<'_>) -> Result<Account, DecodeError> {
    let missing = |tag| DecodeError::Missing { tag };
    if outer.get(tag::MERCHANT).is_some() {
        let inner = outer.inside(tag::MERCHANT)?;
        return Ok(Account::Merchant {
            account_id: inner.owned(account::ID).ok_or(missing("30.00"))?,
            merchant_id: inner.owned(account::NUMBER).ok_or(missing("30.01"))?,
            acquiring_bank: inner.owned(account::BANK).ok_or(missing("30.02"))?,
        });
    }
    outer.get(tag::INDIVIDUAL).ok_or(missing(tag::INDIVIDUAL))?;
    let inner = outer.inside(tag::INDIVIDUAL)?;
    Ok(Account::Individual {
        account_id: inner.owned(account::ID).ok_or(missing("29.00"))?,
        account_information: inner.owned(account::NUMBER),
        acquiring_bank: inner.owned(account::BANK),
    })
}

fn read_language(outer: &Objects<'_>) -> Result<Option<OtherLanguage>, DecodeError> {
    if outer.get(tag::LANGUAGE).is_none() {
        return Ok(None);
    }
    let inner = outer.inside(tag::LANGUAGE)?;
    Ok(Some(OtherLanguage {
        language: inner.owned(language::CODE).ok_or(DecodeError::Missing { tag: "64.00" })?,
        name: inner.owned(language::NAME).ok_or(DecodeError::Missing { tag: "64.01" })?,
        city: inner.owned(language::CITY),
    }))
}

fn read_currency(value: String) -> Result<Currency, DecodeError> {
    match value.as_str() {
        KHR => Ok(Currency::Khr),
        USD => Ok(Currency::Usd),
        _ => Err(DecodeError::BadValue { tag: tag::CURRENCY, value }),
    }
}

fn read_amount(value: &str) -> Result<Decimal, DecodeError> {
    Decimal::from_str_exact(value)
        .map_err(|_| DecodeError::BadValue { tag: tag::AMOUNT, value: value.to_owned() })
}

fn read_ms(value: &str) -> Result<i64, DecodeError> {
    value.parse().map_err(|_| DecodeError::BadValue { tag: tag::TIMES, value: value.to_owned() })
}
