//! Rust's types in SQLite's columns and back.

use rust_decimal::Decimal;
use schemas::{Currency, Sha256Hash};
use serde::{Deserialize, Serialize, de::IntoDeserializer};
use uuid::Uuid;

use super::error::JournalError;

/// A place (`seq`, number, count) for a column. SQLite's integers end at
/// 2^63 - 1, which no journal reaches.
pub(super) fn place_in(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// A place from a column; they are CHECKed not to be negative.
pub(super) fn place_out(place: i64) -> u64 {
    u64::try_from(place).unwrap_or(0)
}

/// A hash from a column.
pub(super) fn hash_out(bytes: &[u8]) -> Result<Sha256Hash, JournalError> {
    Sha256Hash::try_from(bytes).map_err(|error| JournalError::Storage(error.to_string()))
}

/// A UUID from a column.
pub(super) fn uuid_out(bytes: &[u8]) -> Result<Uuid, JournalError> {
    Uuid::from_slice(bytes).map_err(|error| JournalError::Storage(error.to_string()))
}

/// An amount from a column.
pub(super) fn decimal_out(text: &str) -> Result<Decimal, JournalError> {
    text.parse().map_err(|_| JournalError::Storage(format!("{text:?} is no amount")))
}

/// A UUID as hex digits, which SQL turns into bytes with `unhex`.
pub(super) fn uuid_hex(id: impl Into<Uuid>) -> String {
    id.into().simple().to_string()
}

/// Rows for a statement that reads them with `json_each`.
pub(super) fn json_rows(rows: &impl serde::Serialize) -> Result<String, JournalError> {
    serde_json::to_string(rows).map_err(|error| JournalError::Storage(error.to_string()))
}

/// A state or method, in a column as it is in JSON.
pub(super) fn name_out<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, JournalError> {
    let text: serde::de::value::StrDeserializer<'de, serde::de::value::Error> =
        text.into_deserializer();
    T::deserialize(text).map_err(|error| JournalError::Storage(error.to_string()))
}

/// A state or method for a column.
pub(super) fn name_in(name: &impl Serialize) -> Result<String, JournalError> {
    match serde_json::to_value(name) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        Ok(other) => Err(JournalError::Storage(format!("{other} is no name"))),
        Err(error) => Err(JournalError::Storage(error.to_string())),
    }
}

/// Decimals of a currency's smallest unit.
const fn decimals(currency: Currency) -> u32 {
    match currency {
        Currency::Usd => 2,
        Currency::Khr => 0,
    }
}

/// An amount in whole cents or riel. What has more decimals or is beyond 64
/// bits was refused before; here it would be cut.
pub(super) fn units_in(amount: Decimal, currency: Currency) -> i64 {
    let mut amount = amount;
    amount.rescale(decimals(currency));
    i64::try_from(amount.mantissa()).unwrap_or(i64::MAX)
}

/// Whole cents or riel as an amount.
pub(super) fn units_out(units: i64, currency: Currency) -> Decimal {
    Decimal::new(units, decimals(currency))
}
