//! What a store's tills have done.

use rust_decimal::Decimal;
use schemas::edge_api::ZReport;

use super::{choices::Choice, figures::Times};

/// Failures that are kept in words.
const MAX_FAILURES: usize = 20;

/// How many of something, and the sum of their totals in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// Their totals, in dollars.
    pub usd: Decimal,
}

impl Sum {
    /// Adds one.
    pub fn add(&mut self, usd: Decimal) {
        self.count += 1;
        self.usd += usd;
    }

    fn add_all(&mut self, other: Self) {
        self.count += other.count;
        self.usd += other.usd;
    }
}

/// What a store's tills have done.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Sales that were answered, also those that were voided since.
    pub captured: Sum,
    /// Those of them that were voided.
    pub voided: Sum,
    /// Those of them that were paid by KHQR.
    pub khqr: Sum,
    /// Sales that were to be paid by KHQR and were paid in cash.
    pub turned_to_cash: u64,
    /// Cash sessions that were counted and closed.
    pub sessions_closed: u64,
    /// Those of them with another count than expected.
    pub drawers_off: u64,
    /// Counted − expected of all of them, in dollars.
    pub difference_usd: Decimal,
    /// How long each sale took, from request to answer.
    pub times: Times,
    /// What could not be done, in words, as far as it is kept.
    pub failures: Vec<String>,
    /// What could not be done.
    pub failed: u64,
}

impl Done {
    /// A sale was completed as chosen.
    pub fn sold(&mut self, total: Decimal, paid: Choice, took: std::time::Duration) {
        self.captured.add(total);
        self.times.add(took);
        if paid == Choice::Khqr {
            self.khqr.add(total);
        }
    }

    /// A drawer was closed.
    pub fn closed(&mut self, z: &ZReport) {
        let off = [z.counted.difference_usd.amount(), z.counted.difference_khr.amount()];
        self.sessions_closed += 1;
        self.drawers_off += u64::from(off.iter().any(|off| !off.is_zero()));
        self.difference_usd += off[0];
    }

    /// Something could not be done.
    pub fn failed(&mut self, what: String) {
        self.failed += 1;
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(what);
        }
    }

    /// Adds what another store's tills have done.
    pub fn add_all(&mut self, other: Self) {
        self.captured.add_all(other.captured);
        self.voided.add_all(other.voided);
        self.khqr.add_all(other.khqr);
        self.turned_to_cash += other.turned_to_cash;
        self.sessions_closed += other.sessions_closed;
        self.drawers_off += other.drawers_off;
        self.difference_usd += other.difference_usd;
        self.times.add_all(&other.times);
        self.failures.extend(other.failures);
        self.failed += other.failed;
    }
}
