//! Two relays, of which one holds the lease: runs get their places in one
//! transaction, and what has its place is published by the production lines.

use std::{collections::BTreeMap, time::Duration};

use schemas::BranchId;
use workers::relay::lines::{Lines, Tail};

use crate::{
    Broken,
    broker::FactMessage,
    worker::{IDLE_TIMEOUT, LEASE},
    world::World,
};

#[derive(Default)]
pub(crate) struct Relay {
    pub(crate) process: u64,
    pub(crate) stalled_until: Duration,
    term: Option<u64>,
    open: Option<(Vec<u64>, Duration)>,
    lines: Lines,
    stream: Option<u64>,
    /// Under what branches are published again that the stream had lost.
    attempts: BTreeMap<BranchId, u64>,
    /// Broken: rows up to here are taken for done.
    mark: u64,
}

impl World {
    pub(crate) fn crash_relay(&mut self, place: usize) {
        if let Some((runs, _)) = self.relays[place].open.take()
            && self.fault("relay died in COMMIT, committed", 300)
        {
            self.books.place(&runs);
        }
        self.unlock_relay(place);
        self.tell(format_args!("relay {place} dies and starts again"));
        let (process, mark) = (self.fresh(), self.relays[place].mark);
        self.relays[place] = Relay { process, mark, ..Relay::default() };
    }

    fn unlock_relay(&mut self, place: usize) {
        let process = self.relays[place].process;
        self.books.relay.locked_by.take_if(|by| *by == process);
    }

    /// Postgres ends what sleeps in a transaction.
    pub(crate) fn end_idle_relay(&mut self, place: usize) {
        let now = self.now;
        let open = &mut self.relays[place].open;
        if open.take_if(|(_, began)| now >= *began + IDLE_TIMEOUT).is_some() {
            self.unlock_relay(place);
        }
    }

    /// The next step of a relay.
    pub(crate) fn relay(&mut self, place: usize) {
        let (process, now) = (self.relays[place].process, self.now);
        let Some(term) = self.relays[place].term else {
            self.relays[place].term = self.books.relay.acquire(process, now, LEASE);
            return;
        };
        if let Some((runs, _)) = self.relays[place].open.take() {
            let end = self.end();
            self.unlock_relay(place);
            if end.is_in_the_books() {
                self.tell(format_args!("relay {place} places {} runs", runs.len()));
                self.books.place(&runs);
                let newest = runs.iter().max().copied().unwrap_or(0);
                self.relays.iter_mut().for_each(|relay| relay.mark = relay.mark.max(newest));
            }
            return;
        }
        if self.chance.permille(500) {
            return self.place_runs(place, term);
        }
        self.publish_facts(place);
    }

    fn place_runs(&mut self, place: usize, term: u64) {
        let (process, now) = (self.relays[place].process, self.now);
        if self.books.relay.locked_by.is_some() {
            return;
        }
        if !self.books.relay.renew(process, term, now + LEASE) {
            self.relays[place].term = None;
            return;
        }
        let mark = self.broken(Broken::RelayByWatermark).then_some(self.relays[place].mark);
        let most = 1 + self.chance.place(6);
        let pending = self.books.outbox.iter().filter(|(id, run)| match mark {
            Some(mark) => **id > mark,
            None => !run.placed,
        });
        let runs: Vec<u64> = pending.map(|(id, _)| *id).take(most).collect();
        if !runs.is_empty() {
            self.books.relay.locked_by = Some(process);
            self.relays[place].open = Some((runs, now));
        }
    }

    /// A round of the publisher: compare with the stream, choose, publish, note. Its
    /// lease was good at some time; what it publishes once more is a repetition.
    fn publish_facts(&mut self, place: usize) {
        let heads = self.books.fact_heads();
        self.relays[place].lines.learn(&heads);
        let first = self.relays[place].stream.is_none();
        if first || self.calm || self.chance.permille(200) {
            self.compare(place);
        }
        let (window, instant) = (1 + self.chance.below(8), self.instant());
        let window = u32::try_from(window).unwrap_or(1);
        for wanted in self.relays[place].lines.turn(window, instant) {
            let branch = wanted.branch_id;
            let from = usize::try_from(wanted.after_seq).unwrap_or(usize::MAX);
            let facts = self.books.placed.get(&branch).map_or(&[][..], Vec::as_slice);
            let most = usize::try_from(wanted.most).unwrap_or(1);
            let facts: Vec<_> = facts.iter().skip(from).take(most).cloned().collect();
            let attempt = self.relays[place].attempts.get(&branch).copied().unwrap_or(0);
            let (mut acked, mut failed) = (0, false);
            for (fact, fact_seq) in facts.into_iter().zip(wanted.after_seq + 1..) {
                if self.fault("fact not taken by the broker", 40) {
                    failed = true;
                    break;
                }
                let message = FactMessage { branch, fact_seq, id: fact.id, row: fact.row };
                self.facts.publish(message, attempt, self.now);
                if self.fault("ack of a fact lost", 40) {
                    failed = true;
                    break;
                }
                acked = fact_seq;
            }
            self.relays[place].lines.settle(branch, acked, failed, instant);
        }
        if self.fault("relay dies before it notes", 20) {
            return self.crash_relay(place);
        }
        let noted = self.relays[place].lines.to_note();
        for (branch, seq) in &noted {
            let published = self.books.published.entry(*branch).or_default();
            *published = (*published).max(*seq);
        }
        self.relays[place].lines.noted(&noted);
    }

    /// Each branch's newest fact in the stream against what was published.
    fn compare(&mut self, place: usize) {
        let is_new = self.relays[place].stream.is_some_and(|born| born != self.facts.born);
        self.relays[place].stream = Some(self.facts.born);
        let branches: Vec<_> = self.relays[place].lines.all().map(|(branch, _)| branch).collect();
        for branch in branches {
            let tail = self.facts.tail(branch);
            let is_ours = tail.is_none_or(|tail| {
                let at = usize::try_from(tail.fact_seq - 1).unwrap_or(usize::MAX);
                let ours = self.books.placed.get(&branch).and_then(|facts| facts.get(at));
                ours.is_some_and(|ours| ours.id == tail.id)
            });
            let tail = tail.filter(|_| !(is_new && is_ours)).map_or(0, |tail| tail.fact_seq);
            match self.relays[place].lines.compare(branch, tail, is_ours, 0) {
                Tail::Level => {}
                Tail::Behind(_) => {
                    let attempt = self.fresh();
                    self.relays[place].attempts.insert(branch, attempt);
                }
                Tail::Foreign => {
                    return self.violated("the stream holds a fact that the books do not");
                }
            }
        }
    }
}
