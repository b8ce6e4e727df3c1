//! What happens to the parts themselves, at any moment.

use std::time::Duration;

use crate::world::{Answer, World};

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

impl World {
    /// Whatever fits this moment.
    pub(crate) fn strike(&mut self) {
        if self.calm || self.rate == 0 {
            return;
        }
        self.strike_broker();
        self.strike_centre();
        let edge = self.chance.place(self.edges.len());
        self.strike_edge(edge);
    }

    fn strike_broker(&mut self) {
        let stream = self.chance.place(self.pos.len());
        if self.fault("stream of entries wiped", 6) {
            self.pos[stream].wipe();
        }
        if self.fault("broker killed, newest entries lost", 8) {
            let lost = 1 + self.chance.below(6);
            self.pos[stream].lose_newest(lost);
        }
        if self.fault("consumer's floor goes back", 8) {
            let by = 1 + self.chance.below(20);
            self.pos[stream].floor_back(by);
        }
        if self.fault("stream of facts wiped", 5) {
            self.facts.wipe();
        }
        if self.fault("broker killed, newest facts lost", 6) {
            let lost = 1 + self.chance.place(6);
            self.facts.lose_newest(lost);
        }
    }

    fn strike_centre(&mut self) {
        let worker = self.chance.place(self.workers.len());
        if self.workers[worker].up && self.fault("worker killed", 10) {
            self.crash_worker(worker);
        }
        if self.fault("worker stalled", 10) {
            self.workers[worker].stalled_until = self.later(20);
        }
        if self.fault("worker cut off from the broker", 8) {
            self.workers[worker].cut_until = self.later(20);
        }
        let place = self.chance.place(2);
        if self.fault("numbering killed", 8) {
            self.crash_allocator(place);
        }
        if self.fault("numbering stalled", 8) {
            self.allocators[place].stalled_until = self.later(15);
        }
        if self.fault("relay killed", 8) {
            self.crash_relay(place);
        }
        if self.fault("relay stalled", 8) {
            self.relays[place].stalled_until = self.later(15);
        }
    }

    fn later(&mut self, seconds: u64) -> Duration {
        self.now + Duration::from_millis(self.chance.below(seconds * 1_000))
    }

    fn strike_edge(&mut self, place: usize) {
        if self.edges[place].up && self.fault("edge killed", 12) {
            self.crash_edge(place);
        }
        if self.fault("line of a store cut", 12) {
            self.edges[place].cut_until = self.later(60);
        }
        if self.fault("clock of an edge jumps", 8) {
            let by = i64::try_from(self.chance.below(2 * DAY.unsigned_abs())).unwrap_or(0) - DAY;
            self.edges[place].skew += by;
        }
        let shop = self.edges[place].shop;
        if self.edge_of(shop) != Some(place) || self.edges[place].restored.is_some() {
            return;
        }
        if self.edges[place].copy.is_none() && self.chance.permille(10) {
            self.edges[place].copy = Some(self.edges[place].disk.clone());
        }
        self.put_copy_back(place);
    }

    /// A copy that is behind the books is put back in the disk's place. What only the
    /// disk had is gone with it; and what it sold and never answered, the next box in the
    /// store does not know: it sells that again, and the books raise a ticket conflict.
    fn put_copy_back(&mut self, place: usize) {
        let edge = &self.edges[place];
        let (cursor, _) = self.books.cursor(edge.shard, edge.origin.edge_id);
        let is_behind = edge.copy.as_ref().is_some_and(|copy| copy.head().seq < cursor.seq);
        if !is_behind || !self.fault("older copy of an edge put back", 30) {
            return;
        }
        let edge = &mut self.edges[place];
        let Some(copy) = edge.copy.take() else { return };
        let known = std::mem::replace(&mut edge.disk, copy).tickets;
        edge.restored = Some(false);
        for (ticket, (seq, ..)) in known {
            if let Some(wish) = self.wishes.get_mut(&ticket) {
                wish.beyond_promise |= seq > cursor.seq || wish.answered.is_none();
            }
        }
        self.crash_edge(place);
        self.start_edge(place);
    }

    /// Whether there is nothing left to do.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.unrest().is_empty()
    }

    /// What is left to do, in words.
    pub(crate) fn unrest(&self) -> String {
        let mut left = Vec::new();
        let asking = self.tills.iter().filter(|till| !till.is_done()).count();
        if asking > 0 {
            left.push(format!("{asking} tills have no answer"));
        }
        for (place, edge) in self.edges.iter().enumerate() {
            let (confirmed, head) = (edge.disk.confirmed().seq, edge.disk.head().seq);
            if edge.disk.retired {
                continue;
            }
            if edge.restored.is_some() {
                left.push(format!("edge {place} is an old copy and was not told"));
            }
            if confirmed < head {
                left.push(format!("edge {place} has {head} entries, {confirmed} confirmed"));
            }
            let numbers = self.books.mapping_head(edge.origin.branch_id);
            let held = edge.disk.mapping.last().map_or(0, |row| row.mapping_seq);
            if held < numbers {
                left.push(format!("edge {place} knows {held} of {numbers} numbers"));
            }
        }
        if !self.books.queue.is_empty() {
            left.push(format!("{} sales wait for a number", self.books.queue.len()));
        }
        if self.books.outbox.values().any(|run| !run.placed) {
            left.push("facts wait for their place".to_owned());
        }
        for (branch, facts) in &self.books.placed {
            let tail = self.facts.tail(*branch).map_or(0, |tail| tail.fact_seq);
            if tail != facts.len() as u64 {
                left.push(format!("the stream has {tail} of {} facts of a branch", facts.len()));
            }
        }
        left.join("; ")
    }

    /// What tills were told, by ticket, where the promise holds.
    pub(crate) fn promised(&self) -> Vec<(schemas::TicketId, Answer)> {
        let told = self.wishes.iter().filter(|(_, wish)| !wish.beyond_promise);
        told.filter_map(|(ticket, wish)| Some((ticket.clone(), wish.answered?))).collect()
    }
}
