//! Between the types of `schemas` and those of Postgres.

use schemas::Sha256Hash;
use serde::de::{DeserializeOwned, IntoDeserializer as _, value};

use crate::Error;

/// One column of many rows, to be bound as an array.
pub(crate) fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// A count or place as `bigint`. What is beyond it cannot come about; it is
/// clamped, and the table's own constraints refuse it.
pub(crate) fn int8(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A stored count or place.
pub(crate) fn unsigned(what: &'static str, value: i64) -> Result<u64, Error> {
    u64::try_from(value).map_err(|error| Error::corrupt(what, error))
}

/// A stored digest.
pub(crate) fn digest(what: &'static str, bytes: &[u8]) -> Result<Sha256Hash, Error> {
    Sha256Hash::try_from(bytes).map_err(|error| Error::corrupt(what, error))
}

/// A stored name of a state, as its type.
pub(crate) fn word<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Error> {
    let text: value::StrDeserializer<'_, value::Error> = text.into_deserializer();
    T::deserialize(text).map_err(|error| Error::corrupt(what, error))
}

/// A stored integer, as a narrower type.
pub(crate) fn narrow<T: TryFrom<i64>>(what: &'static str, value: i64) -> Result<T, Error> {
    T::try_from(value).map_err(|_| Error::corrupt(what, format!("{value} is out of range")))
}
