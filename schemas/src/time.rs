//! Moments: UTC, to the microsecond, the precision that Postgres keeps, so
//! that a moment that went through the books hashes as it did before.

use std::fmt;

use ::time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A moment in UTC with microsecond precision. As JSON always
/// `2026-11-21T09:30:00.000000Z`.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "date-time"))]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(i64);

/// Text that is no RFC 3339 moment between the years 0 and 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time: {0}")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    const LATEST: i64 = 253_402_300_799_999_999; // 9999-12-31T23:59:59.999999Z
    const EARLIEST: i64 = -62_167_219_200_000_000; // 0000-01-01T00:00:00Z

    /// From microseconds since 1970-01-01T00:00Z; what lies outside the years
    /// 0 to 9999 is clamped to them.
    pub const fn from_unix_micros(micros: i64) -> Self {
        if micros > Self::LATEST {
            Self(Self::LATEST)
        } else if micros < Self::EARLIEST {
            Self(Self::EARLIEST)
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970-01-01T00:00Z.
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01T00:00Z, rounded down.
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The moment `micros` microseconds later (earlier if negative), clamped.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self::from_unix_micros(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to `self`; negative if it is later.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Parses RFC 3339 text with any offset; digits past the microsecond are cut.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] if it is no such text.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self::from)
            .map_err(|_| InvalidTimestamp(text.chars().take(64).collect()))
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Self {
        let micros = at.unix_timestamp_nanos().div_euclid(1_000);
        Self::from_unix_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(at: Timestamp) -> Self {
        // The clamp in `from_unix_micros` keeps every value within range.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000)
            .unwrap_or(PrimitiveDateTime::MAX.assume_utc())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from(*self);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.microsecond()
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
