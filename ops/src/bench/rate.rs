//! What one part of the bench measured.

use std::time::Duration;

use serde::Serialize;

use crate::drive::figures::{Quantiles, Times};

/// Something done many times.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Measured {
    /// How many.
    pub count: u64,
    /// How long all of them took, in seconds.
    pub seconds: f64,
    /// How many in a second.
    pub per_s: f64,
    /// How long one took; for a drained backlog, how long after the line's
    /// return its number was known.
    pub ms: Option<Quantiles>,
    /// Postgres's processor time for each, in microseconds.
    pub postgres_cpu_us: Option<f64>,
}

impl Measured {
    /// `count` things that took `elapsed` together.
    #[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a statistic")]
    pub(super) fn new(count: u64, elapsed: Duration) -> Self {
        let seconds = elapsed.as_secs_f64();
        let per_s = round(count as f64 / seconds.max(f64::MIN_POSITIVE));
        Self { count, seconds: round(seconds), per_s, ms: None, postgres_cpu_us: None }
    }

    /// With how long each of them took.
    pub(super) fn taking(self, times: &Times) -> Self {
        Self { ms: Some(times.quantiles()), ..self }
    }

    /// With what Postgres used between two readings.
    #[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a statistic")]
    pub(super) fn using(self, before: Option<Duration>, after: Option<Duration>) -> Self {
        let used = before.zip(after).map(|(before, after)| after.saturating_sub(before));
        let each = used.map(|used| round(used.as_micros() as f64 / self.count.max(1) as f64));
        Self { postgres_cpu_us: each, ..self }
    }

    /// How many times as many a second as `other`.
    #[expect(clippy::float_arithmetic, reason = "a statistic")]
    pub(super) fn times(&self, other: &Self) -> f64 {
        round(self.per_s / other.per_s.max(f64::MIN_POSITIVE))
    }
}

/// To two decimals.
#[expect(clippy::float_arithmetic, reason = "a statistic")]
fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}
