//! How fast the data's time passes.

use std::{str::FromStr, time::Duration};

/// How fast the data's time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As fast as the tills can sell; the data only says in which order.
    Max,
    /// So many times as fast as it did.
    Real(f64),
}

/// Text that is no speed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no speed: say max, real, or real×60 (also realx60)")]
pub struct InvalidSpeed(String);

impl Speed {
    /// How long `data` time lasts; `None` if it does not matter.
    pub fn pause(self, data: Duration) -> Option<Duration> {
        match self {
            Self::Max => None,
            Self::Real(times) => Some(data.div_f64(times)),
        }
    }
}

impl FromStr for Speed {
    type Err = InvalidSpeed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidSpeed(text.to_owned());
        let lower = text.trim().to_lowercase();
        if lower == "max" {
            return Ok(Self::Max);
        }
        let times = lower.strip_prefix("real").ok_or_else(invalid)?;
        if times.is_empty() {
            return Ok(Self::Real(1.0));
        }
        let times = times.strip_prefix(['×', 'x', '*']).ok_or_else(invalid)?;
        let times: f64 = times.trim().parse().map_err(|_| invalid())?;
        // Faster than this is full speed.
        if (0.001..=1_000_000.0).contains(&times) { Ok(Self::Real(times)) } else { Err(invalid()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_read_as_they_are_written() {
        for (text, speed) in [
            ("max", Speed::Max),
            ("real", Speed::Real(1.0)),
            ("real×60", Speed::Real(60.0)),
            ("realx2.5", Speed::Real(2.5)),
        ] {
            assert_eq!(text.parse(), Ok(speed), "{text}");
        }
        for wrong in ["", "fast", "real60", "real×0", "real×-1", "real×nan", "real×inf"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
        assert_eq!(Speed::Real(60.0).pause(Duration::from_secs(60)), Some(Duration::from_secs(1)));
    }
}
