//! A worker: for each shard a lease, a batch, an open transaction, and what is told
//! after its commit. Any two of these may have a crash in between.

use std::time::Duration;

use bus::entries::Delivery;
use futures::FutureExt;
use schemas::EdgeId;
use workers::{
    batch::{Memory, Outcome, admit_and_book},
    memory::MemoryBooks,
    reading::Reading,
    receive::{Content, Received, receive},
    repricing::{Repricing, reprice},
};

use crate::{
    Broken,
    books::Written,
    lying::LyingBooks,
    world::{SHARDS, Wire, World},
};

/// How long a lease is held without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(6);
/// After this long Postgres ends a transaction in which nothing happens.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// A transaction that is not committed.
pub(crate) struct Open {
    pub(crate) written: Written,
    /// Of a batch; `None`: it served the door.
    batch: Option<(Outcome, Memory)>,
    began: Duration,
    /// The books without the moves of the cursors, committed first.
    apart: Option<MemoryBooks>,
}

/// A lease that is held, as far as its holder knows.
#[derive(Default)]
pub(crate) struct Holding {
    term: u64,
    memory: Memory,
    batch: Vec<Received>,
    pub(crate) open: Option<Open>,
    /// Committed, and nobody was told yet.
    to_tell: Option<Outcome>,
}

pub(crate) struct Worker {
    pub(crate) process: u64,
    pub(crate) up: bool,
    pub(crate) stalled_until: Duration,
    pub(crate) cut_until: Duration,
    pub(crate) shards: Vec<Option<Holding>>,
}

/// How a COMMIT ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Committed,
    RolledBack,
    /// It is in the books, and whoever committed does not know.
    UnknownCommitted,
    /// It is not, and whoever committed does not know.
    UnknownRolledBack,
}

impl End {
    pub(crate) const fn is_in_the_books(self) -> bool {
        matches!(self, Self::Committed | Self::UnknownCommitted)
    }
}

impl Worker {
    pub(crate) fn new(shards: u16) -> Self {
        Self {
            process: 0,
            up: true,
            stalled_until: Duration::ZERO,
            cut_until: Duration::ZERO,
            shards: (0..shards).map(|_| None).collect(),
        }
    }
}

impl World {
    /// How a COMMIT ends here.
    pub(crate) fn end(&mut self) -> End {
        if self.fault("transaction rolled back", 150) {
            End::RolledBack
        } else if self.fault("COMMIT unknown, committed", 150) {
            End::UnknownCommitted
        } else if self.fault("COMMIT unknown, rolled back", 150) {
            End::UnknownRolledBack
        } else {
            End::Committed
        }
    }

    /// The process dies: its transactions are rolled back, or were committed.
    pub(crate) fn crash_worker(&mut self, place: usize) {
        self.tell(format_args!("worker {place} dies"));
        for shard in 0..SHARDS {
            let at = usize::from(shard);
            let Some(mut holding) = self.workers[place].shards[at].take() else { continue };
            if let Some(open) = holding.open.take()
                && self.fault("died in COMMIT, committed", 300)
            {
                self.books.commit(shard, open.written);
            }
            self.unlock(place, shard);
        }
        self.workers[place].up = false;
    }

    fn unlock(&mut self, place: usize, shard: u16) {
        let lease = &mut self.books.shards[usize::from(shard)].lease;
        lease.locked_by.take_if(|by| *by == self.workers[place].process);
    }

    /// Postgres ends what sleeps in a transaction.
    pub(crate) fn end_idle(&mut self, place: usize, shard: u16) {
        let now = self.now;
        let holding = self.workers[place].shards[usize::from(shard)].as_mut();
        let Some(holding) = holding else { return };
        if holding.open.take_if(|open| now >= open.began + IDLE_TIMEOUT).is_some() {
            self.unlock(place, shard);
            self.tell(format_args!("worker {place}: its transaction was ended"));
        }
    }

    /// The next step of a worker in a shard.
    pub(crate) fn work(&mut self, place: usize, shard: u16) {
        let at = usize::from(shard);
        let (now, process) = (self.now, self.workers[place].process);
        let Some(holding) = &mut self.workers[place].shards[at] else {
            if let Some(term) = self.books.shards[at].lease.acquire(process, now, LEASE) {
                self.workers[place].shards[at] = Some(Holding { term, ..Holding::default() });
                self.pos[at].attach();
                self.tell(format_args!("worker {place} holds shard {shard}, term {term}"));
            }
            return;
        };
        if holding.open.is_some() {
            return self.commit_work(place, shard);
        }
        if let Some(outcome) = holding.to_tell.take() {
            return self.tell_outcome(place, shard, outcome);
        }
        if !holding.batch.is_empty() {
            return self.begin_batch(place, shard);
        }
        if self.chance.permille(300) {
            return self.serve_door(place, shard);
        }
        self.pull(place, shard);
    }

    fn pull(&mut self, place: usize, shard: u16) {
        if self.is_cut(place) {
            return;
        }
        let at = usize::from(shard);
        let most = 1 + self.chance.place(12);
        let mut batch = Vec::new();
        for message in self.pos[at].pull(most, self.now) {
            let entry = (*message.entry).clone();
            let delivery = Delivery::without_ack(Ok(message.subject), Ok(entry), message.seq);
            batch.push(receive(delivery, shard, SHARDS));
        }
        if batch.is_empty() {
            let (process, until) = (self.workers[place].process, self.now + LEASE);
            let Some(holding) = &self.workers[place].shards[at] else { return };
            let lease = &mut self.books.shards[at].lease;
            let free = lease.locked_by.is_none();
            if free && !lease.renew(process, holding.term, until) {
                self.workers[place].shards[at] = None;
            }
            return;
        }
        if let Some(holding) = &mut self.workers[place].shards[at] {
            holding.batch = batch;
        }
    }

    /// The fence: the lease's row, locked at its term. False: not now, or not ours.
    fn fence(&mut self, place: usize, shard: u16) -> bool {
        let at = usize::from(shard);
        let (process, until) = (self.workers[place].process, self.now + LEASE);
        let Some(term) = self.workers[place].shards[at].as_ref().map(|holding| holding.term) else {
            return false;
        };
        if self.broken(Broken::UnfencedHolder) {
            return true;
        }
        let lease = &mut self.books.shards[at].lease;
        if lease.locked_by.is_some() {
            return false;
        }
        if !lease.renew(process, term, until) {
            self.workers[place].shards[at] = None;
            self.tell(format_args!("worker {place} has lost shard {shard}"));
            return false;
        }
        lease.locked_by = Some(process);
        true
    }

    fn begin_batch(&mut self, place: usize, shard: u16) {
        if !self.fence(place, shard) {
            return;
        }
        let at = usize::from(shard);
        let mut finalized = self.books.shards[at].finalized.clone();
        let Some(holding) = &mut self.workers[place].shards[at] else { return };
        let mut memory = holding.memory.clone();
        let shops = &self.shops;
        let repricings: Vec<Repricing> = holding
            .batch
            .iter()
            .map(|received| match &received.content {
                Content::Entry { reading: Reading::SaleFinalized(sale), .. } => {
                    let shop = shops.iter().find(|shop| shop.origin.branch_id == sale.branch_id);
                    let shop = shop.filter(|shop| shop.reference == sale.catalogue);
                    reprice(shop.map(|shop| &shop.index), sale)
                }
                _ => Repricing::Agrees,
            })
            .collect();
        let mut books = LyingBooks::over(&mut finalized, self.plan.broken, &holding.batch);
        let booked = admit_and_book(&mut books, &mut memory, &holding.batch, &repricings);
        let Some(booked) = booked.now_or_never() else {
            return self.violated("books in memory waited for something");
        };
        let apart = books.without_cursors();
        let outcome = match booked {
            Ok(outcome) => outcome,
            Err(error) => {
                return self.violated(format!("the books refuse a batch: {error:?}"));
            }
        };
        if let Some((name, aside)) = outcome.booked.set_aside.first() {
            let why = format!("entry {name:?} was set aside: {}", aside.detail);
            return self.violated(why);
        }
        let written = self.books.written(shard, finalized);
        if self.broken(Broken::AckBeforeCommit) {
            self.tell_edges(place, shard, &outcome);
        }
        let open = Open { written, batch: Some((outcome, memory)), began: self.now, apart };
        if let Some(holding) = &mut self.workers[place].shards[at] {
            holding.open = Some(open);
        }
    }

    /// A transaction that serves the direct door.
    fn serve_door(&mut self, place: usize, shard: u16) {
        let waits = self.waiting_at_door(shard);
        if waits.is_empty() || !self.fence(place, shard) {
            return;
        }
        match self.decide(shard, &waits) {
            Ok(mut written) => {
                if self.broken(Broken::SettleApart) {
                    self.settle_apart(shard, &mut written);
                }
                let open = Open { written, batch: None, began: self.now, apart: None };
                if let Some(holding) = &mut self.workers[place].shards[usize::from(shard)] {
                    holding.open = Some(open);
                }
            }
            Err(why) => self.violated(why),
        }
    }

    fn commit_work(&mut self, place: usize, shard: u16) {
        let at = usize::from(shard);
        let Some(holding) = &mut self.workers[place].shards[at] else { return };
        let Some(mut open) = holding.open.take() else { return };
        if let Some(first) = open.apart.take() {
            // Broken: the effects now, the cursors with the next step.
            let mut effects = open.written.clone();
            effects.finalized = first;
            self.books.commit(shard, effects);
            open.written.runs.clear();
            open.written.queued.clear();
            holding.open = Some(open);
            return;
        }
        let end = self.end();
        self.unlock(place, shard);
        let Open { written, batch, .. } = open;
        if end.is_in_the_books() {
            self.books.commit(shard, written);
            self.tell(format_args!("worker {place} commits in shard {shard} ({end:?})"));
            self.check_shard(shard);
        }
        let trusts = self.broken(Broken::TrustUnknownCommit) && end == End::UnknownRolledBack;
        if let Some(holding) = &mut self.workers[place].shards[at]
            && let Some((outcome, memory)) = batch
            && (end == End::Committed || trusts)
        {
            holding.memory = memory;
            holding.to_tell = Some(outcome);
        }
    }

    /// Acks, and tells the edges; all of it may be lost.
    fn tell_outcome(&mut self, place: usize, shard: u16, outcome: Outcome) {
        let at = usize::from(shard);
        let Some(holding) = &mut self.workers[place].shards[at] else { return };
        let batch = std::mem::take(&mut holding.batch);
        if self.is_cut(place) {
            return;
        }
        for received in &batch {
            if !self.fault("ack to the broker lost", 40) {
                self.pos[at].ack(received.delivery.stream_seq);
            }
        }
        self.tell_edges(place, shard, &outcome);
    }

    fn tell_edges(&mut self, place: usize, shard: u16, outcome: &Outcome) {
        if self.broken(Broken::AckBeforeCommit)
            && let Some(holding) = &self.workers[place].shards[usize::from(shard)]
        {
            let seqs: Vec<u64> =
                holding.batch.iter().map(|received| received.delivery.stream_seq).collect();
            seqs.into_iter().for_each(|seq| self.pos[usize::from(shard)].ack(seq));
        }
        for (edge_id, notice) in &outcome.confirmed {
            if let Some((to, process)) = self.running(*edge_id) {
                self.wires.push_back(Wire::Confirmed { to, process, notice: notice.clone() });
            }
        }
    }

    /// Its line to the broker is cut.
    fn is_cut(&self, place: usize) -> bool {
        self.now < self.workers[place].cut_until
    }

    fn running(&self, edge_id: EdgeId) -> Option<(usize, u64)> {
        let place = self.edges.iter().position(|edge| edge.origin.edge_id == edge_id)?;
        Some((place, self.edges[place].process))
    }
}
