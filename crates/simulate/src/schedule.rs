//! Who takes the next step, and what happens to them: chance decides both. Then the
//! faults stop, everybody takes turns, and all must come to rest.

use std::{sync::Arc, time::Duration};

use schemas::EdgeId;

use crate::{
    broker::Took,
    world::{SHARDS, Wire, World},
};

/// So many turns, with no faults, within which everything must come to rest: after
/// the first [`QUICK_TURNS`] they are so far apart that the longest pauses of the
/// production cores fit many times.
const TURNS: u64 = 1_200;
const QUICK_TURNS: u64 = 60;
const QUICK_TURN: Duration = Duration::from_millis(500);
const SLOW_TURN: Duration = Duration::from_secs(5);

impl World {
    /// One step, with whatever happens around it.
    pub(crate) fn step(&mut self) {
        self.steps += 1;
        let pause = if self.chance.permille(15) { 30_000 } else { 300 };
        self.now += Duration::from_millis(self.chance.below(pause));
        self.end_idle_transactions();
        self.strike();
        match self.chance.below(14) {
            0..=2 => self.deliver_some(),
            3..=4 => {
                let till = self.chance.place(self.tills.len());
                self.till(till);
            }
            5..=8 => {
                let edge = self.chance.place(self.edges.len());
                self.step_edge(edge);
            }
            9..=11 => {
                let worker = self.chance.place(self.workers.len());
                let shard = u16::try_from(self.chance.below(u64::from(SHARDS))).unwrap_or(0);
                self.step_worker(worker, shard);
            }
            12 => {
                let place = self.chance.place(self.allocators.len());
                if self.now >= self.allocators[place].stalled_until {
                    self.number(place);
                }
            }
            _ => {
                let place = self.chance.place(self.relays.len());
                if self.now >= self.relays[place].stalled_until {
                    self.relay(place);
                }
            }
        }
    }

    fn end_idle_transactions(&mut self) {
        for worker in 0..self.workers.len() {
            (0..SHARDS).for_each(|shard| self.end_idle(worker, shard));
        }
        (0..self.allocators.len()).for_each(|place| self.end_idle_numbering(place));
        (0..self.relays.len()).for_each(|place| self.end_idle_relay(place));
    }

    fn step_worker(&mut self, place: usize, shard: u16) {
        if !self.workers[place].up {
            if self.chance.permille(150) {
                let process = self.fresh();
                self.workers[place].process = process;
                self.workers[place].up = true;
            }
        } else if self.now >= self.workers[place].stalled_until {
            self.work(place, shard);
        }
    }

    fn step_edge(&mut self, place: usize) {
        if !self.edges[place].up {
            if self.chance.permille(200) {
                self.start_edge(place);
            }
            return;
        }
        self.replace_retired(place);
        match self.chance.below(8) {
            0..=1 => self.commit_captures(place),
            2..=4 => self.publish(place),
            5 => self.beat(place),
            6 => self.take_facts(place),
            _ if self.chance.permille(300) => self.prune_confirmed(place),
            _ => self.ask_rows(place),
        }
    }

    /// A person puts a new box into a store whose edge may not sell any more.
    fn replace_retired(&mut self, place: usize) {
        let shop = self.edges[place].shop;
        if self.edges[place].disk.retired && self.edge_of(shop) == Some(place) {
            self.tell(format_args!("edge {place} is replaced"));
            let edge: EdgeId = self.chance.id();
            self.install(shop, edge);
        }
    }

    fn deliver_some(&mut self) {
        for _ in 0..=self.chance.below(6) {
            if self.wires.is_empty() {
                return;
            }
            let last = self.wires.len();
            let place = if self.fault("reordered", 100) { self.chance.place(last) } else { 0 };
            let Some(mut wire) = self.wires.remove(place) else { return };
            if self.fault("lost on the way", 80) {
                self.lost(wire);
                continue;
            }
            if self.fault("doubled on the way", 50) {
                self.wires.push_back(wire.clone());
            }
            self.damage(&mut wire);
            self.arrive(wire);
        }
    }

    /// What is lost is noticed only by who awaits an answer.
    fn lost(&mut self, wire: Wire) {
        if let Wire::Entry { from: to, process, packet, asked: true } = wire {
            let (seq, attempt) = (packet.entry.seq, packet.attempt);
            self.wires.push_back(Wire::Ack { to, process, seq, attempt, taken: false });
        }
    }

    /// Each entry is damaged once at most: the second time stops its edge, and rightly.
    fn damage(&mut self, wire: &mut Wire) {
        let Wire::Entry { packet, .. } = wire else { return };
        let name = (packet.entry.edge_id, packet.entry.seq);
        if !self.damaged.contains(&name) && self.fault("bytes changed", 60) {
            self.damaged.insert(name);
            let mut entry = (*packet.entry).clone();
            let at = self.chance.place(entry.payload.len());
            entry.payload[at] ^= 1;
            packet.entry = Arc::new(entry);
        }
    }

    fn arrive(&mut self, wire: Wire) {
        match wire {
            Wire::Entry { from, process, packet, asked } => {
                let stream = usize::from(packet.subject.shard);
                let (seq, attempt) = (packet.entry.seq, packet.attempt);
                let (edge, hand_over) = (packet.entry.edge_id, packet.hand_over);
                let id = (edge, seq, attempt);
                let took =
                    self.pos[stream].publish(packet.subject, packet.entry, id, hand_over, self.now);
                if let Took::Swallowed(earlier) = took
                    && earlier != hand_over
                {
                    self.violated(format!(
                        "the broker swallows entry {seq} sent again: it saw {edge}:{seq}:{attempt}"
                    ));
                }
                if asked {
                    self.wires.push_back(Wire::Ack {
                        to: from,
                        process,
                        seq,
                        attempt,
                        taken: true,
                    });
                }
            }
            Wire::Ack { to, process, seq, attempt, taken } => {
                if self.is_running(to, process) {
                    self.acked(to, seq, attempt, taken);
                }
            }
            Wire::Confirmed { to, process, notice } => {
                if self.is_running(to, process) {
                    self.noticed(to, &notice);
                }
            }
            Wire::Reply { to, process, reply } => {
                if self.is_running(to, process) {
                    self.heard(to, reply);
                }
            }
            Wire::Page { to, process, rows, head } => {
                if self.is_running(to, process) {
                    self.edges[to].inbox.told(head);
                    rows.into_iter().for_each(|row| self.offer(to, row));
                    self.store_rows(to);
                }
            }
        }
    }

    fn is_running(&self, edge: usize, process: u64) -> bool {
        self.edges[edge].up && self.edges[edge].process == process
    }

    /// Everything works again; does all come to rest?
    pub(crate) fn settle(&mut self) {
        self.calm = true;
        self.tell(format_args!("the faults stop"));
        for worker in &mut self.workers {
            worker.stalled_until = Duration::ZERO;
            worker.cut_until = Duration::ZERO;
        }
        self.edges.iter_mut().for_each(|edge| edge.cut_until = Duration::ZERO);
        for turn in 0..TURNS {
            self.now += if turn < QUICK_TURNS { QUICK_TURN } else { SLOW_TURN };
            self.turn();
            if self.violation.is_some() || self.is_at_rest() {
                return;
            }
        }
        let why = self.unrest();
        self.violated(format!("it does not come to rest: {why}"));
    }

    fn turn(&mut self) {
        self.end_idle_transactions();
        (0..self.tills.len()).for_each(|till| self.till(till));
        let mut edge = 0;
        while edge < self.edges.len() {
            if !self.edges[edge].up {
                self.start_edge(edge);
            }
            self.replace_retired(edge);
            self.commit_captures(edge);
            (0..3).for_each(|_| self.publish(edge));
            self.beat(edge);
            self.take_facts(edge);
            self.ask_rows(edge);
            self.prune_confirmed(edge);
            edge += 1;
        }
        for _ in 0..self.wires.len() {
            if let Some(wire) = self.wires.pop_front() {
                self.arrive(wire);
            }
        }
        for worker in 0..self.workers.len() {
            self.workers[worker].up = true;
            if self.workers[worker].process == 0 {
                self.workers[worker].process = self.fresh();
            }
            for shard in 0..SHARDS {
                (0..8).for_each(|_| self.work(worker, shard));
            }
        }
        for place in 0..2 {
            (0..4).for_each(|_| self.number(place));
            (0..6).for_each(|_| self.relay(place));
        }
    }
}
