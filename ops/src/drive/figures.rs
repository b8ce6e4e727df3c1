//! What was measured while selling: how long captures took, and how long a
//! number took to be known at the till.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use schemas::TicketId;
use serde::Serialize;

/// The middle and the end of a distribution, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half took at most this long.
    pub p50: f64,
    /// 99 of 100 took at most this long.
    pub p99: f64,
}

/// Times of one kind of thing: each of them, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<u64>);

impl Times {
    /// Adds one.
    pub fn add(&mut self, took: Duration) {
        self.0.push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Adds all of another's.
    pub fn add_all(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The longest in milliseconds; zero if there is none.
    pub fn longest(&self) -> f64 {
        millis(self.0.iter().copied().max().unwrap_or(0))
    }

    /// The quantiles in milliseconds; zeros if there is none.
    pub fn quantiles(&self) -> Quantiles {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        Quantiles { p50: at_percent(&sorted, 50), p99: at_percent(&sorted, 99) }
    }
}

/// The smallest of the sorted times that so many percent do not exceed.
fn at_percent(sorted: &[u64], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    millis(sorted.get(place).copied().unwrap_or(0))
}

/// Microseconds as milliseconds with two decimals.
#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a statistic")]
fn millis(micros: u64) -> f64 {
    (micros as f64 / 10.0).round() / 100.0
}

/// The numbers of one store's tickets, as its tills hear of them.
#[derive(Debug, Default)]
pub struct Numbers(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// Captured, without a number yet.
    waiting: HashMap<TicketId, Instant>,
    /// Heard of before the capture itself was answered.
    early: HashMap<TicketId, Instant>,
    numbered: u64,
    times: Times,
}

impl Numbers {
    /// A capture was answered.
    pub fn captured(&self, ticket: TicketId, at: Instant) {
        let mut heard = self.heard();
        match heard.early.remove(&ticket) {
            Some(numbered_at) => heard.number(at, numbered_at),
            None => {
                heard.waiting.insert(ticket, at);
            }
        }
    }

    /// A number was heard of.
    pub fn numbered(&self, ticket: TicketId, at: Instant) {
        let mut heard = self.heard();
        match heard.waiting.remove(&ticket) {
            Some(captured_at) => heard.number(captured_at, at),
            None => {
                heard.early.insert(ticket, at);
            }
        }
    }

    /// How many captured tickets are known to have their number.
    pub fn count(&self) -> u64 {
        self.heard().numbered
    }

    /// From capture to number.
    pub fn times(&self) -> Times {
        self.heard().times.clone()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn number(&mut self, captured_at: Instant, numbered_at: Instant) {
        self.numbered += 1;
        self.times.add(numbered_at.saturating_duration_since(captured_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let mut times = Times::default();
        assert_eq!(times.quantiles(), Quantiles { p50: 0.0, p99: 0.0 });
        for millis in (1..=200).rev() {
            times.add(Duration::from_millis(millis));
        }
        assert_eq!(times.quantiles(), Quantiles { p50: 100.0, p99: 198.0 });
    }

    #[test]
    fn a_number_may_be_heard_of_before_its_capture_is_answered() {
        let numbers = Numbers::default();
        let ticket = |name: &str| TicketId::parse(name).unwrap_or_else(|_| unreachable!());
        let now = Instant::now();
        numbers.numbered(ticket("a"), now);
        assert_eq!(numbers.count(), 0);
        numbers.captured(ticket("a"), now + Duration::from_millis(1));
        numbers.captured(ticket("b"), now);
        numbers.numbered(ticket("b"), now + Duration::from_millis(7));
        assert_eq!((numbers.count(), numbers.times().count()), (2, 2));
        assert_eq!(numbers.times().quantiles(), Quantiles { p50: 0.0, p99: 7.0 });
    }
}
