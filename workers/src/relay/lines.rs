//! What to publish next, for each branch: pure.
//!
//! A [`Line`] is a branch's way into the stream. Its cursor is the newest fact
//! that the stream is believed to hold, with all before it. It moves forward
//! over facts that the broker acked, and back to the stream's tail when that is
//! behind: then facts are published again.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    time::{Duration, Instant},
};

use schemas::{BranchId, TenantId};
use store::{facts::Wanted, relay::FactHead};

/// The first pause of a branch whose fact was not taken.
pub const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest one.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One branch's way into the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The company.
    pub tenant_id: TenantId,
    /// The newest place that was given out, as far as known.
    pub last_seq: u64,
    /// Published up to here, as noted in the books.
    pub noted_seq: u64,
    /// The stream holds everything up to here, as far as known.
    pub cursor: u64,
    /// The stream holds facts that the books do not: nothing is published.
    pub held: bool,
    /// How often in a row a fact was not taken, and until when to wait.
    paused: Option<(u32, Instant)>,
}

/// What the stream's tail means for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// It is where it should be.
    Level,
    /// It is behind by so many facts: they will be published again.
    Behind(u64),
    /// It is a fact that the books do not have at that place: they are older,
    /// or others, than what was published.
    Foreign,
}

/// All branches' ways into the stream.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    lines: BTreeMap<BranchId, Line>,
    /// Who was first in the last turn: the next turn begins after it.
    served: Option<BranchId>,
}

impl Lines {
    /// Takes in what the books say. A branch that is new begins at what was
    /// noted as published.
    pub fn learn(&mut self, heads: &[FactHead]) {
        for head in heads {
            let line = self.lines.entry(head.branch_id).or_insert_with(|| Line {
                tenant_id: head.tenant_id,
                last_seq: head.last_seq,
                noted_seq: head.published_seq,
                cursor: head.published_seq,
                held: false,
                paused: None,
            });
            line.last_seq = head.last_seq;
            line.noted_seq = head.published_seq;
        }
    }

    /// One branch's line.
    pub fn get(&self, branch: BranchId) -> Option<&Line> {
        self.lines.get(&branch)
    }

    /// All lines, by branch.
    pub fn all(&self) -> impl Iterator<Item = (BranchId, &Line)> {
        self.lines.iter().map(|(branch, line)| (*branch, line))
    }

    /// Compares a line with the stream's newest fact of the branch, `tail`.
    /// Nothing of it may be in flight, and the head must have been learnt after
    /// the tail was read. `is_ours`: the books have that very fact there, or
    /// have pruned it. `floor`: facts up to here are not published again.
    pub fn compare(&mut self, branch: BranchId, tail: u64, is_ours: bool, floor: u64) -> Tail {
        let Some(line) = self.lines.get_mut(&branch) else { return Tail::Level };
        line.held = tail > line.last_seq || !is_ours;
        if line.held {
            return Tail::Foreign;
        }
        let back_to = tail.max(floor);
        if back_to >= line.cursor {
            return Tail::Level;
        }
        let behind = line.cursor - back_to;
        line.cursor = back_to;
        Tail::Behind(behind)
    }

    /// Which facts to publish now: at most `window` of them, shared among the
    /// branches that have some. Each is first in its turn.
    pub fn turn(&mut self, window: u32, now: Instant) -> Vec<Wanted> {
        let after = self.served.map_or(Unbounded, Excluded);
        let ready: Vec<_> = self
            .lines
            .range((after, Unbounded))
            .chain(self.lines.iter())
            .take(self.lines.len())
            .filter(|(_, line)| line.is_ready(now))
            .map(|(branch, line)| (*branch, line.cursor, line.last_seq - line.cursor))
            .collect();
        self.served = ready.first().map(|(branch, ..)| *branch).or(self.served);
        let mut left = u64::from(window);
        let mut waiting = ready.len() as u64;
        let mut wanted = Vec::new();
        for (branch_id, after_seq, facts) in ready {
            // What a branch does not need of its share, those after it get.
            let most = facts.min(left.div_ceil(waiting.max(1)));
            waiting -= 1;
            left -= most;
            if most > 0 {
                let most = u32::try_from(most).unwrap_or(window);
                wanted.push(Wanted { branch_id, after_seq, most });
            }
        }
        wanted
    }

    /// The stream took facts of a branch up to `acked`. With `failed`, the one
    /// after was not taken: the branch pauses, the others go on.
    pub fn settle(&mut self, branch: BranchId, acked: u64, failed: bool, now: Instant) {
        let Some(line) = self.lines.get_mut(&branch) else { return };
        let moved = acked > line.cursor;
        line.cursor = line.cursor.max(acked);
        let times = line.paused.map_or(0, |(times, _)| times);
        line.paused = failed.then(|| {
            let times = if moved { 1 } else { times.saturating_add(1) };
            let growth = 2_u32.saturating_pow(times.saturating_sub(1).min(16));
            (times, now + FIRST_PAUSE.saturating_mul(growth).min(LONGEST_PAUSE))
        });
    }

    /// The books hold no fact after a branch's cursor. Those that were published
    /// before were pruned: they are passed over. Returns false if some were
    /// not: then the branch pauses.
    pub fn pass_over_pruned(&mut self, branch: BranchId, now: Instant) -> bool {
        let Some(line) = self.lines.get_mut(&branch) else { return true };
        if line.cursor < line.noted_seq {
            line.cursor = line.noted_seq;
            return true;
        }
        self.settle(branch, 0, true, now);
        false
    }

    /// Ends all pauses: what failed may have failed for want of a line.
    pub fn end_pauses(&mut self) {
        for line in self.lines.values_mut() {
            line.paused = None;
        }
    }

    /// How far each branch is beyond what was noted.
    pub fn to_note(&self) -> Vec<(BranchId, u64)> {
        self.all()
            .filter(|(_, line)| line.cursor > line.noted_seq)
            .map(|(branch, line)| (branch, line.cursor))
            .collect()
    }

    /// The books have noted these.
    pub fn noted(&mut self, noted: &[(BranchId, u64)]) {
        for (branch, seq) in noted {
            if let Some(line) = self.lines.get_mut(branch) {
                line.noted_seq = line.noted_seq.max(*seq);
            }
        }
    }

    /// When the next pause ends, if a branch with facts is paused.
    pub fn next_due(&self) -> Option<Instant> {
        let waiting = self.lines.values().filter(|line| !line.held && line.cursor < line.last_seq);
        waiting.filter_map(|line| line.paused.map(|(_, until)| until)).min()
    }
}

impl Line {
    fn is_ready(&self, now: Instant) -> bool {
        !self.held
            && self.cursor < self.last_seq
            && self.paused.is_none_or(|(_, until)| until <= now)
    }

    /// Whether it waits after a failure.
    pub const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn branch(number: u128) -> BranchId {
        BranchId::from(Uuid::from_u128(number))
    }

    fn head(number: u128, last_seq: u64, published_seq: u64) -> FactHead {
        let tenant_id = TenantId::from(Uuid::nil());
        FactHead { tenant_id, branch_id: branch(number), last_seq, published_seq }
    }

    fn lines(heads: &[FactHead]) -> Lines {
        let mut lines = Lines::default();
        lines.learn(heads);
        lines
    }

    #[test]
    fn the_window_is_shared_and_turns_go_round() {
        let mut lines = lines(&[head(1, 1_000, 0), head(2, 3, 0), head(3, 1_000, 0)]);
        let turn = lines.turn(100, Instant::now());
        let taken: Vec<_> = turn.iter().map(|w| (w.branch_id, w.after_seq, w.most)).collect();
        assert_eq!(taken, [(branch(1), 0, 34), (branch(2), 0, 3), (branch(3), 0, 63)]);
        let narrow: Vec<_> = (0..3).map(|_| lines.turn(1, Instant::now())[0].branch_id).collect();
        assert_eq!(narrow, [branch(2), branch(3), branch(1)]);
    }

    #[test]
    fn a_fact_that_is_not_taken_stops_its_own_branch_only() {
        let now = Instant::now();
        let mut lines = lines(&[head(1, 10, 0), head(2, 10, 0)]);
        lines.settle(branch(1), 4, true, now);
        let turn = lines.turn(100, now);
        assert_eq!(turn.len(), 1);
        assert_eq!((turn[0].branch_id, turn[0].after_seq), (branch(2), 0));
        assert_eq!(lines.to_note(), [(branch(1), 4)]);
        let due = lines.next_due().expect("one is paused");
        assert_eq!(due, now + FIRST_PAUSE);
        let later = lines.turn(100, due);
        assert_eq!((later.len(), later[0].after_seq), (2, 4));
        // Pauses grow while nothing moves, and end with the first success.
        lines.settle(branch(1), 4, true, now);
        assert_eq!(lines.next_due(), Some(now + FIRST_PAUSE * 2));
        for _ in 0..50 {
            lines.settle(branch(1), 4, true, now);
        }
        assert_eq!(lines.next_due(), Some(now + LONGEST_PAUSE));
        lines.settle(branch(1), 5, false, now);
        assert_eq!(lines.next_due(), None);
    }

    #[test]
    fn a_lost_stream_is_filled_again_and_one_from_the_future_is_left_alone() {
        let mut lines = lines(&[head(1, 10, 10), head(2, 10, 10), head(3, 10, 10)]);
        assert_eq!(lines.compare(branch(1), 10, true, 0), Tail::Level);
        assert_eq!(lines.compare(branch(1), 0, true, 0), Tail::Behind(10));
        assert_eq!(lines.compare(branch(2), 2, true, 6), Tail::Behind(4));
        assert_eq!(lines.compare(branch(3), 11, true, 0), Tail::Foreign);
        let turn = lines.turn(100, Instant::now());
        let after: Vec<_> = turn.iter().map(|w| (w.branch_id, w.after_seq)).collect();
        assert_eq!(after, [(branch(1), 0), (branch(2), 6)]);
        assert!(lines.to_note().is_empty(), "the books never note less than they did");
        lines.learn(&[head(3, 12, 10)]);
        assert_eq!(lines.compare(branch(3), 11, false, 0), Tail::Foreign);
        assert_eq!(lines.turn(100, Instant::now()).len(), 2);
        assert_eq!(lines.compare(branch(3), 10, true, 0), Tail::Level);
        assert_eq!(lines.turn(100, Instant::now()).len(), 3);
    }

    #[test]
    fn only_what_was_published_may_be_missing() {
        let now = Instant::now();
        let mut lines = lines(&[head(1, 12, 10)]);
        lines.compare(branch(1), 0, true, 0);
        assert!(lines.pass_over_pruned(branch(1), now));
        assert_eq!(lines.get(branch(1)).map(|line| line.cursor), Some(10));
        assert!(!lines.pass_over_pruned(branch(1), now));
        assert!(lines.turn(100, now).is_empty(), "it waits for a person");
    }

    proptest! {
        /// A broker that takes, refuses and loses at will: in the end each
        /// branch's facts are in the stream, in order where nothing was lost.
        #[test]
        fn whatever_the_broker_does_every_fact_gets_in(
            sizes in prop::collection::vec(0_u64..40, 1..5),
            window in 1_u32..20,
            mishaps in prop::collection::vec((0_u8..6, 0_u64..20), 0..40),
        ) {
            let heads: Vec<_> =
                sizes.iter().zip(0..).map(|(size, number)| head(number, *size, 0)).collect();
            let mut lines = lines(&heads);
            let mut stream: BTreeMap<BranchId, Vec<u64>> = BTreeMap::new();
            let mut now = Instant::now();
            let mut mishaps = mishaps.into_iter();
            loop {
                let mishap = mishaps.next();
                if let Some((0, keep)) = mishap {
                    stream.values_mut().for_each(|facts| {
                        facts.truncate(usize::try_from(keep).expect("is small"));
                    });
                }
                for head in &heads {
                    let tail = stream.get(&head.branch_id).and_then(|facts| facts.last());
                    lines.compare(head.branch_id, tail.copied().unwrap_or(0), true, 0);
                }
                now += LONGEST_PAUSE;
                let turn = lines.turn(window, now);
                prop_assert!(turn.iter().map(|wanted| wanted.most).sum::<u32>() <= window);
                if turn.is_empty() {
                    break;
                }
                for wanted in turn {
                    let taken = match mishap {
                        Some((1, taken)) => taken.min(u64::from(wanted.most)),
                        _ => u64::from(wanted.most),
                    };
                    let acked = wanted.after_seq + taken;
                    stream
                        .entry(wanted.branch_id)
                        .or_default()
                        .extend(wanted.after_seq + 1..=acked);
                    let failed = taken < u64::from(wanted.most);
                    lines.settle(wanted.branch_id, acked, failed, now);
                }
            }
            for head in heads {
                let facts = stream.remove(&head.branch_id).unwrap_or_default();
                prop_assert_eq!(facts, (1..=head.last_seq).collect::<Vec<_>>());
            }
        }
    }
}
