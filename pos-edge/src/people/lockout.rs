//! How long somebody who gave wrong PINs has to wait.
//!
//! Pure: counts and moments in, pauses out. The first [`FREE_FAILURES`] cost
//! nothing; from then on each doubles the pause, up to [`LONGEST_PAUSE`]. So a
//! PIN of four digits takes years to guess on one till, and a person who is
//! tired waits for seconds.

use schemas::Timestamp;

/// Wrong PINs in a row without a pause.
pub const FREE_FAILURES: u32 = 4;
/// The first pause, in microseconds.
pub const FIRST_PAUSE: i64 = 30_000_000;
/// The longest pause, in microseconds: 15 minutes.
pub const LONGEST_PAUSE: i64 = 15 * 60 * 1_000_000;

/// Wrong tries in a row, with no right one between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// How many.
    pub failures: u32,
    /// When the last one began.
    pub last_at: Timestamp,
}

impl Tries {
    /// One more wrong try.
    #[must_use]
    pub fn one_more(before: Option<Self>, now: Timestamp) -> Self {
        let failures = before.map_or(0, |tries| tries.failures).saturating_add(1);
        Self { failures, last_at: now }
    }

    /// Whether the last one brought a pause.
    pub const fn locks(self) -> bool {
        self.failures > FREE_FAILURES
    }

    /// The same, seen now: after a clock was set back, the pause runs from the
    /// first look at it.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        Self { last_at: self.last_at.min(now), ..self }
    }

    /// How long nothing may be tried, in microseconds; `None` is not at all.
    pub fn wait(self, now: Timestamp) -> Option<i64> {
        let left = self.pause().saturating_sub(now.micros_since(self.last_at));
        (left > 0).then_some(left)
    }

    fn pause(self) -> i64 {
        if !self.locks() {
            return 0;
        }
        let doublings = (self.failures - FREE_FAILURES - 1).min(16);
        (FIRST_PAUSE << doublings).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_000_000_000_000);

    fn after(failures: u32) -> Tries {
        Tries { failures, last_at: NOW }
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        let pauses: Vec<i64> =
            (1..=11).map(|n| after(n).wait(NOW).unwrap_or(0) / 1_000_000).collect();
        assert_eq!(pauses, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(after(u32::MAX).wait(NOW), Some(LONGEST_PAUSE));
    }

    #[test]
    fn a_pause_ends() {
        let tries = after(5);
        assert_eq!(tries.wait(NOW.plus_micros(FIRST_PAUSE - 1)), Some(1));
        assert_eq!(tries.wait(NOW.plus_micros(FIRST_PAUSE)), None);
        let earlier = NOW.plus_micros(-3_600_000_000);
        let tries = tries.as_of(earlier);
        assert_eq!(tries.wait(earlier), Some(FIRST_PAUSE));
        assert_eq!(tries.as_of(NOW).wait(NOW), None);
    }

    #[test]
    fn failures_add_up() {
        let first = Tries::one_more(None, NOW);
        assert_eq!(first, after(1));
        let second = Tries::one_more(Some(first), NOW.plus_micros(7));
        assert_eq!(second, Tries { failures: 2, last_at: NOW.plus_micros(7) });
        assert_eq!(Tries::one_more(Some(after(u32::MAX)), NOW).failures, u32::MAX);
    }
}
