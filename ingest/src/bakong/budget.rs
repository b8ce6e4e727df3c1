//! How often Bakong may still be asked today, and who counts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use schemas::Timestamp;

/// Cambodia is seven hours ahead of UTC, all year. Bakong does not document when its
/// day begins; should it be another hour, its own refusal (code 17) ends ours.
const UTC_OFFSET_MICROS: i64 = 7 * 3_600 * 1_000_000;
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// The day's checks are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the day's checks are used up until {until}")]
pub struct BudgetSpent {
    /// When the next day begins.
    pub until: Timestamp,
}

/// Why a check may not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCheck {
    /// The day's checks are used up.
    #[error("the day's checks are used up")]
    Spent,
    /// Whoever counts cannot be reached right now.
    #[error("the day's checks cannot be counted right now")]
    Uncounted,
}

/// Whoever counts the checks of one tenant. Each is counted before it is made.
pub trait Budget: Send + Sync {
    /// Takes one check, and returns the day it was taken on.
    fn take(&self, now: Timestamp) -> BoxFuture<'_, Result<i64, NoCheck>>;

    /// Gives back a check that was taken on `day` and not made.
    fn put_back(&self, day: i64) -> BoxFuture<'_, ()>;

    /// Nothing is left of the day, whatever was counted: Bakong says so.
    fn exhaust(&self, now: Timestamp) -> BoxFuture<'_, ()>;
}

/// A [`DailyBudget`] that this process counts by itself.
#[derive(Debug)]
pub struct MemoryBudget(Mutex<DailyBudget>);

impl MemoryBudget {
    /// Goes on with what is left of a budget.
    pub const fn new(budget: DailyBudget) -> Self {
        Self(Mutex::new(budget))
    }

    /// What was used so far.
    pub fn so_far(&self) -> DailyBudget {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, DailyBudget> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Budget for MemoryBudget {
    fn take(&self, now: Timestamp) -> BoxFuture<'_, Result<i64, NoCheck>> {
        Box::pin(async move { self.lock().take(now).map_err(|_| NoCheck::Spent) })
    }

    fn put_back(&self, day: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.lock().put_back(day) })
    }

    fn exhaust(&self, now: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.lock().exhaust(now) })
    }
}

/// The day in Cambodia, counted since 1970-01-01.
pub(crate) fn day_of(now: Timestamp) -> i64 {
    now.unix_micros().saturating_add(UTC_OFFSET_MICROS).div_euclid(DAY_MICROS)
}

/// The checks of one tenant on one day in Cambodia. Time is an argument. A clock
/// that goes back to yesterday gives nothing back: the newest day seen counts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyBudget {
    limit: u32,
    day: i64,
    used: u32,
}

impl DailyBudget {
    /// Nothing used so far of `limit` checks a day.
    pub const fn new(limit: u32) -> Self {
        Self { limit, day: i64::MIN, used: 0 }
    }

    /// A budget of which `used` were taken on `day`, as [`Self::day`] and
    /// [`Self::used`] said before.
    pub const fn restored(limit: u32, day: i64, used: u32) -> Self {
        Self { limit, day, used }
    }

    /// The checks of one day.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// The day that was last counted, in days since 1970-01-01 in Cambodia;
    /// `i64::MIN` before the first.
    pub const fn day(&self) -> i64 {
        self.day
    }

    /// How many were taken on [`Self::day`].
    pub const fn used(&self) -> u32 {
        self.used
    }

    /// How many are left at `now`.
    pub fn left(&self, now: Timestamp) -> u32 {
        let mut today = *self;
        today.turn_to(now);
        today.limit.saturating_sub(today.used)
    }

    /// Takes one check, and returns the day it was taken on.
    ///
    /// # Errors
    /// [`BudgetSpent`] if none is left.
    pub fn take(&mut self, now: Timestamp) -> Result<i64, BudgetSpent> {
        self.turn_to(now);
        if self.used >= self.limit {
            let next = self.day.saturating_add(1).saturating_mul(DAY_MICROS);
            let until = Timestamp::from_unix_micros(next.saturating_sub(UTC_OFFSET_MICROS));
            return Err(BudgetSpent { until });
        }
        self.used += 1;
        Ok(self.day)
    }

    /// Gives back a check that was taken on `day` and not made.
    pub fn put_back(&mut self, day: i64) {
        if day == self.day {
            self.used = self.used.saturating_sub(1);
        }
    }

    /// Nothing is left of the day, whatever was counted: Bakong says so.
    pub fn exhaust(&mut self, now: Timestamp) {
        self.turn_to(now);
        self.used = self.used.max(self.limit);
    }

    fn turn_to(&mut self, now: Timestamp) {
        let today = day_of(now);
        if today > self.day {
            *self = Self { limit: self.limit, day: today, used: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_day_begins_at_midnight_in_phnom_penh() {
        let mut budget = DailyBudget::new(2);
        let evening = at("2026-11-21T16:59:59.999999Z");
        let midnight = at("2026-11-21T17:00:00Z");
        assert_eq!(budget.left(evening), 2);
        assert!(budget.take(evening).is_ok());
        assert!(budget.take(evening).is_ok());
        assert_eq!(budget.take(evening), Err(BudgetSpent { until: midnight }));
        assert_eq!((budget.left(evening), budget.left(midnight)), (0, 2));
        assert!(budget.take(midnight).is_ok());
        assert_eq!(budget.left(midnight), 1);
        // A clock that goes back does not bring yesterday's back, nor its own.
        assert_eq!(budget.left(evening), 1);
        assert!(budget.take(evening).is_ok());
        assert!(budget.take(midnight).is_err());
    }

    #[test]
    fn what_was_not_asked_is_put_back_on_its_own_day_only() {
        let (today, tomorrow) = (at("2026-11-21T05:00:00Z"), at("2026-11-22T05:00:00Z"));
        let mut budget = DailyBudget::new(1);
        let day = budget.take(today).unwrap_or_default();
        budget.put_back(day);
        assert_eq!(budget.left(today), 1);
        let day = budget.take(today).unwrap_or_default();
        assert!(budget.take(tomorrow).is_ok());
        budget.put_back(day);
        assert_eq!(budget.left(tomorrow), 0);
    }

    #[test]
    fn bakong_has_the_last_word_and_a_restart_forgets_nothing() {
        let now = at("2026-11-21T05:00:00Z");
        let mut budget = DailyBudget::new(100);
        assert!(budget.take(now).is_ok());
        let mut again = DailyBudget::restored(100, budget.day(), budget.used());
        assert_eq!(again, budget);
        again.exhaust(now);
        assert_eq!(again.left(now), 0);
        assert_eq!(again.left(at("2026-11-21T17:00:00Z")), 100);
        assert!(DailyBudget::new(0).take(now).is_err());
    }
}
