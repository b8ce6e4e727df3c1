//! What outages come to: the sales that were asked for and taken while the line was down,
//! and how long everything took to reach the books when it returned.
//!
//! Counted since the daemon started, and bounded: the quantiles are of the newest
//! recoveries. Nothing depends on it; a crash forgets it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schemas::requests::OutageReport;

use super::recovery::Took;

/// See the module. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Outages(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    attempted: u64,
    finalized: u64,
    recoveries: u64,
    to_confirmed: VecDeque<Duration>,
    to_numbered: VecDeque<Duration>,
}

impl Outages {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sale was asked for while the line was down; whether it was taken.
    pub(crate) fn attempted(&self, captured: bool) {
        let mut counted = self.lock();
        counted.attempted += 1;
        counted.finalized += u64::from(captured);
    }

    /// A recovery came to one of its ends.
    pub(super) fn recovered(&self, took: &Took) {
        let mut counted = self.lock();
        counted.recoveries += u64::from(took.to_numbered.is_some());
        keep(&mut counted.to_confirmed, took.to_confirmed);
        keep(&mut counted.to_numbered, took.to_numbered);
    }

    /// What it came to so far.
    pub fn report(&self) -> OutageReport {
        let counted = self.lock();
        let (confirmed, numbered) = (sorted(&counted.to_confirmed), sorted(&counted.to_numbered));
        OutageReport {
            attempted: counted.attempted,
            finalized: counted.finalized,
            recoveries: counted.recoveries,
            confirmed_p50_ms: percentile(&confirmed, 50),
            confirmed_p99_ms: percentile(&confirmed, 99),
            numbered_p50_ms: percentile(&numbered, 50),
            numbered_p99_ms: percentile(&numbered, 99),
        }
    }
}

fn keep(newest: &mut VecDeque<Duration>, took: Option<Duration>) {
    let Some(took) = took else { return };
    if newest.len() == OutageReport::RECOVERIES {
        newest.pop_front();
    }
    newest.push_back(took);
}

fn sorted(durations: &VecDeque<Duration>) -> Vec<Duration> {
    let mut sorted: Vec<Duration> = durations.iter().copied().collect();
    sorted.sort_unstable();
    sorted
}

/// The smallest that is no less than so many percent of them, in milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> Option<u64> {
    let place = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    sorted.get(place).map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sales_and_recoveries_are_counted_and_bounded() {
        let outages = Outages::default();
        assert_eq!(outages.report(), OutageReport::default());
        for captured in [true, true, false] {
            outages.attempted(captured);
        }
        for second in 1..=200 {
            let took = Some(Duration::from_secs(second));
            outages.recovered(&Took { to_confirmed: took, to_numbered: None });
            outages.recovered(&Took { to_confirmed: None, to_numbered: took });
        }
        let report = outages.report();
        assert_eq!((report.attempted, report.finalized, report.recoveries), (3, 2, 200));
        // The newest hundred: 101 to 200 seconds.
        assert_eq!(report.confirmed_p50_ms, Some(150_000));
        assert_eq!(report.confirmed_p99_ms, Some(199_000));
        assert_eq!(report.numbered_p99_ms, Some(199_000));
    }

    #[test]
    fn one_recovery_is_all_of_its_quantiles() {
        let outages = Outages::default();
        let took = Some(Duration::from_millis(1_250));
        outages.recovered(&Took { to_confirmed: took, to_numbered: took });
        let report = outages.report();
        assert_eq!(report.confirmed_p50_ms, Some(1_250));
        assert_eq!(report.numbered_p99_ms, Some(1_250));
        assert_eq!(report.recoveries, 1);
    }
}
