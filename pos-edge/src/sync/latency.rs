//! When the last entries were recorded, to measure capture → number.
//!
//! Bounded: it keeps the newest [`RecordedTimes::CAPACITY`] entries that were
//! handed out; an entry that fell out of it is not measured. It is only a
//! measurement: a crash forgets it, and nothing else depends on it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use schemas::Timestamp;

/// The recorded times of a contiguous run of entries. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct RecordedTimes(Arc<Mutex<Run>>);

#[derive(Debug, Default)]
struct Run {
    /// The seq of `times[0]`.
    first: u64,
    times: VecDeque<Timestamp>,
}

impl RecordedTimes {
    /// The most entries that are remembered (8 bytes each).
    pub const CAPACITY: usize = 65_536;

    /// Entry `seq` was recorded at `at`. Entries come in the order of `seq`;
    /// those that were told before are ignored, a jump forgets the older ones.
    pub fn note(&self, seq: u64, at: Timestamp) {
        let mut run = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = run.first + run.times.len() as u64;
        if seq < end && seq >= run.first && !run.times.is_empty() {
            return;
        }
        if seq != end || run.times.is_empty() {
            run.times.clear();
            run.first = seq;
        }
        if run.times.len() == Self::CAPACITY {
            run.times.pop_front();
            run.first += 1;
        }
        run.times.push_back(at);
    }

    /// When entry `seq` was recorded, if it is still remembered.
    pub fn of(&self, seq: u64) -> Option<Timestamp> {
        let run = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(seq.checked_sub(run.first)?).ok()?;
        run.times.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_unix_micros(i64::try_from(micros).unwrap_or(0))
    }

    #[test]
    fn remembers_the_newest_run() {
        let times = RecordedTimes::default();
        (5..=8).for_each(|seq| times.note(seq, at(seq)));
        times.note(6, at(999));
        assert_eq!(times.of(4), None);
        assert_eq!(times.of(6), Some(at(6)));
        assert_eq!(times.of(8), Some(at(8)));
        assert_eq!(times.of(9), None);
        times.note(20, at(20));
        assert_eq!((times.of(8), times.of(20)), (None, Some(at(20))));
        times.note(3, at(3));
        assert_eq!((times.of(20), times.of(3)), (None, Some(at(3))));
    }

    #[test]
    fn is_bounded() {
        let times = RecordedTimes::default();
        let end = RecordedTimes::CAPACITY as u64 + 10;
        (1..=end).for_each(|seq| times.note(seq, at(seq)));
        assert_eq!(times.of(10), None);
        assert_eq!(times.of(11), Some(at(11)));
        assert_eq!(times.of(end), Some(at(end)));
    }
}
