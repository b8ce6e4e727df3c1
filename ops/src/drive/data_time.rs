//! Time as the data tells it: a calendar moment without a zone. It orders the
//! replay and places outages; what a sale states is the edge's own clock.

use std::{fmt, str::FromStr};

use time::{
    Date, OffsetDateTime, PrimitiveDateTime, Time, format_description::well_known::Rfc3339,
    macros::format_description,
};

/// A moment of the data. Offsets, where the data has them, are taken off; a day alone
/// is its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataTime(PrimitiveDateTime);

/// Text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time like 2026-04-01T07:01:20")]
pub struct InvalidTime(pub String);

impl DataTime {
    /// The day it falls on.
    pub const fn day(self) -> Date {
        self.0.date()
    }

    /// That day at another time of day.
    pub const fn at(self, time: Time) -> Self {
        Self(self.0.replace_time(time))
    }

    /// The same time of the day after.
    #[must_use]
    pub fn next_day(self) -> Option<Self> {
        Some(Self(PrimitiveDateTime::new(self.day().next_day()?, self.0.time())))
    }

    /// How long after `earlier` this is; nothing if it is not.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        (self.0 - earlier.0).try_into().unwrap_or_default()
    }
}

impl FromStr for DataTime {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let normal = text.trim().replacen(' ', "T", 1);
        if let Ok(at) = OffsetDateTime::parse(&normal, &Rfc3339) {
            return Ok(Self(PrimitiveDateTime::new(at.date(), at.time())));
        }
        let forms = [
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]"),
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond]"),
            format_description!("[year]-[month]-[day]T[hour]:[minute]"),
        ];
        forms
            .iter()
            .find_map(|form| PrimitiveDateTime::parse(&normal, form).ok())
            .or_else(|| {
                let day = Date::parse(&normal, format_description!("[year]-[month]-[day]")).ok()?;
                Some(day.midnight())
            })
            .map(Self)
            .ok_or_else(|| InvalidTime(text.chars().take(40).collect()))
    }
}

impl fmt::Display for DataTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.0.date(), self.0.time())
    }
}

/// Parses a time of day, `HH:MM` or `HH:MM:SS`.
pub(super) fn time_of_day(text: &str) -> Option<Time> {
    let forms =
        [format_description!("[hour]:[minute]"), format_description!("[hour]:[minute]:[second]")];
    forms.iter().find_map(|form| Time::parse(text.trim(), form).ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn takes_the_usual_forms_and_refuses_the_rest() {
        let seven: DataTime = "2019-04-01T07:01:20".parse().unwrap();
        for same in ["2019-04-01 07:01:20", "2019-04-01T07:01:20Z", "2019-04-01T07:01:20.000"] {
            assert_eq!(same.parse::<DataTime>().unwrap(), seven, "{same}");
        }
        assert_eq!(
            "2019-04-01T07:01".parse::<DataTime>().unwrap().to_string(),
            "2019-04-01T7:01:00.0"
        );
        assert_eq!("2019-04-01".parse(), Ok(seven.at(Time::MIDNIGHT)));
        for wrong in ["", "ERROR", "2019-04-31T07:01:20", "07:01", "2019-04-31", "01/04/2019"] {
            assert!(wrong.parse::<DataTime>().is_err(), "{wrong}");
        }
    }
}
