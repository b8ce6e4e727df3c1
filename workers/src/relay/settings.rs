//! What the relay can be told.

use std::time::Duration;

use serde::Deserialize;

/// Microseconds in a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The relay's settings; each has a default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long a holder that died keeps standbys waiting, in milliseconds.
    pub lease_ms: u64,
    /// How often the outbox is looked at when no wake-up comes, in
    /// milliseconds.
    pub sweep_ms: u64,
    /// How often the stream's newest facts are compared with what was
    /// published, in milliseconds.
    pub compare_ms: u64,
    /// How long facts stay in the books after they got their place, in days.
    pub retention_days: u32,
    /// What a stream lost is published again if it got its place within so
    /// many days; what is older the stream would have dropped by now. Its
    /// `max_age_days`.
    pub republish_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease_ms: 5_000,
            sweep_ms: 500,
            compare_ms: 5_000,
            retention_days: 90,
            republish_days: 30,
        }
    }
}

impl Settings {
    pub(super) const fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    pub(super) const fn sweep(&self) -> Duration {
        Duration::from_millis(self.sweep_ms)
    }

    pub(super) const fn compare(&self) -> Duration {
        Duration::from_millis(self.compare_ms)
    }

    pub(super) fn retention_micros(&self) -> i64 {
        i64::from(self.retention_days) * DAY_MICROS
    }

    pub(super) fn republish_micros(&self) -> i64 {
        i64::from(self.republish_days) * DAY_MICROS
    }
}
