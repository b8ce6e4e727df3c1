//! A store's edge: what is on its disk, what it remembers while it runs, and how the
//! production cores (publisher, mapping inbox, chain, confirmation) are driven.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::journal_chain::head_of;
use pos_edge::{
    journal::{Word, is_known, weigh},
    sync::{
        mapping::inbox::{Inbox, Offered, is_believed},
        publisher::{
            core::{Core, Next, first_attempt},
            limits::Limits,
        },
    },
};
use schemas::{
    CashSessionId, Entry, SaleId, Sha256Hash, TicketId, Timestamp,
    facts::InvoiceAssignedV1,
    requests::{ConfirmedV1, JournalHead},
    subjects::PosSubject,
};
use workers::reading::Origin;

use crate::{
    Broken,
    world::{Packet, Reply, Wire, World},
};

/// What an entry weighs on the wire beside its payload, about, in bytes.
const OVERHEAD: usize = 1_024;

/// What survives a crash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pub(crate) entries: Vec<Arc<Entry>>,
    /// Entries up to here are there no longer.
    pub(crate) pruned: u64,
    pub(crate) tickets: BTreeMap<TicketId, (u64, SaleId, Sha256Hash)>,
    pub(crate) session: Option<CashSessionId>,
    pub(crate) confirmed: Option<JournalHead>,
    /// It may not sell any more.
    pub(crate) retired: bool,
    pub(crate) mapping: Vec<InvoiceAssignedV1>,
}

impl Disk {
    pub(crate) fn head(&self) -> JournalHead {
        self.entries.last().map_or(JournalHead::EMPTY, |entry| head_of(entry))
    }

    pub(crate) fn confirmed(&self) -> JournalHead {
        self.confirmed.unwrap_or(JournalHead::EMPTY)
    }

    /// The hash that it has there, if it has an entry there.
    fn hash_at(&self, seq: u64) -> Option<Sha256Hash> {
        if seq == 0 {
            return Some(Sha256Hash::ZERO);
        }
        let place = usize::try_from(seq - 1).ok()?;
        self.entries.get(place).map(|entry| entry.hash)
    }
}

pub(crate) struct Edge {
    pub(crate) shop: usize,
    pub(crate) origin: Origin,
    pub(crate) shard: u16,
    pub(crate) disk: Disk,
    /// A copy of the disk that somebody made.
    pub(crate) copy: Option<Disk>,
    /// An older copy was put back; whether it has heard from the books since.
    pub(crate) restored: Option<bool>,
    pub(crate) up: bool,
    pub(crate) process: u64,
    pub(crate) core: Core,
    pub(crate) inbox: Inbox,
    /// Captures that wait for the next group commit.
    pub(crate) waiting: Vec<(usize, TicketId)>,
    /// How wrong its clock is, in microseconds.
    pub(crate) skew: i64,
    pub(crate) cut_until: Duration,
    line: bool,
    /// The cursor that its parts know.
    cursor: u64,
    ask: bool,
    facts_read: usize,
    facts_born: u64,
    last_beat: Duration,
}

impl Edge {
    pub(crate) fn new(shop: usize, origin: Origin, shard: u16, process: u64) -> Self {
        Self {
            shop,
            origin,
            shard,
            disk: Disk::default(),
            copy: None,
            restored: None,
            up: false,
            process,
            core: Core::new(0, 0, Limits::STANDARD),
            inbox: Inbox::new(0),
            waiting: Vec::new(),
            skew: 0,
            cut_until: Duration::ZERO,
            line: false,
            cursor: 0,
            ask: true,
            facts_read: 0,
            facts_born: 0,
            last_beat: Duration::ZERO,
        }
    }

    fn subject(&self, kind: &str) -> PosSubject {
        let Origin { tenant_id, branch_id, edge_id } = self.origin;
        PosSubject { shard: self.shard, tenant_id, branch_id, edge_id, kind: kind.to_owned() }
    }
}

impl World {
    pub(crate) fn clock_of(&self, edge: usize) -> Timestamp {
        self.wall().plus_micros(self.edges[edge].skew)
    }

    /// The daemon starts, from its disk.
    pub(crate) fn start_edge(&mut self, place: usize) {
        let process = self.fresh();
        let zero = self.broken(Broken::AttemptsFromZero);
        let attempt = if zero { 0 } else { first_attempt(self.clock_of(place)) };
        let (read, born) = (self.facts.messages.len(), self.facts.born);
        let edge = &mut self.edges[place];
        edge.up = true;
        edge.process = process;
        edge.cursor = edge.disk.confirmed().seq;
        edge.core = Core::new(edge.cursor, attempt, Limits::STANDARD);
        edge.inbox = Inbox::new(edge.disk.mapping.len() as u64);
        edge.line = false;
        edge.ask = true;
        (edge.facts_read, edge.facts_born) = (read, born);
    }

    pub(crate) fn crash_edge(&mut self, place: usize) {
        self.tell(format_args!("edge {place} dies"));
        let edge = &mut self.edges[place];
        edge.up = false;
        edge.waiting.clear();
    }

    /// The publisher looks what there is to do.
    pub(crate) fn publish(&mut self, place: usize) {
        let now = self.now;
        let edge = &mut self.edges[place];
        let line = now >= edge.cut_until;
        if line != edge.line {
            edge.line = line;
            edge.core.line(line, now);
            edge.ask |= line;
        }
        let head = if edge.disk.retired { edge.core.cursor() } else { edge.disk.head().seq };
        match edge.core.next(now, head) {
            Next::Send { after, max_entries, .. } => self.send(place, after, max_entries.min(6)),
            Next::Ask => edge.ask = true,
            Next::Wait { .. } => {}
        }
    }

    fn send(&mut self, place: usize, after: u64, most: usize) {
        let from = usize::try_from(after).unwrap_or(usize::MAX);
        let edge = &self.edges[place];
        if after < edge.disk.pruned {
            return self.violated(format!(
                "edge {place} is to send entry {} and has pruned it",
                after + 1
            ));
        }
        let entries: Vec<Arc<Entry>> =
            edge.disk.entries.iter().skip(from).take(most).cloned().collect();
        let (attempt, process) = (edge.core.attempt(), edge.process);
        let reused = self.broken(Broken::ReuseMessageId);
        for (left, entry) in (0..entries.len()).rev().zip(entries) {
            let bytes = entry.payload.len() + OVERHEAD;
            let now = self.now;
            if !self.edges[place].core.sent(entry.seq, bytes, now) {
                break;
            }
            let packet = Packet {
                subject: self.edges[place].subject(&entry.kind),
                attempt: if reused { 0 } else { attempt },
                hand_over: self.fresh(),
                entry,
            };
            self.tell(format_args!("edge {place} sends {} (attempt {attempt})", packet.entry.seq));
            self.wires.push_back(Wire::Entry { from: place, process, packet, asked: left == 0 });
        }
    }

    /// A heartbeat leaves, and the books' answer is on its way.
    pub(crate) fn beat(&mut self, place: usize) {
        let edge = &self.edges[place];
        let due = edge.ask || self.now >= edge.last_beat + Duration::from_secs(5);
        if !edge.line || !due {
            return;
        }
        let (cursor, held) = self.books.cursor(edge.shard, edge.origin.edge_id);
        let reply = Reply {
            asked_at: self.now,
            known: edge.cursor,
            cursor,
            held,
            backlog: self.pos[usize::from(edge.shard)].backlog(),
            mapping_head: self.books.mapping_head(edge.origin.branch_id),
        };
        let process = edge.process;
        self.edges[place].ask = false;
        self.edges[place].last_beat = self.now;
        self.wires.push_back(Wire::Reply { to: place, process, reply });
    }

    /// The books' answer arrives.
    pub(crate) fn heard(&mut self, place: usize, reply: Reply) {
        let now = self.now;
        self.notice_old_copy(place, reply.cursor);
        if reply.cursor.seq < reply.known {
            let edge = &mut self.edges[place];
            if edge.disk.hash_at(reply.cursor.seq) == Some(reply.cursor.hash) {
                edge.cursor = reply.cursor.seq;
                edge.core.rewound(reply.cursor.seq, now);
            }
        } else {
            self.confirm(place, reply.cursor);
        }
        if reply.held.is_some() && self.edges[place].restored.is_none() {
            let why = reply.held.unwrap_or_default();
            return self.violated(format!("edge {place} is held: {why}"));
        }
        let edge = &mut self.edges[place];
        edge.core.heard(reply.asked_at, reply.backlog, now);
        edge.inbox.told(reply.mapping_head);
    }

    /// A worker's notice arrives.
    pub(crate) fn noticed(&mut self, place: usize, notice: &ConfirmedV1) {
        self.notice_old_copy(place, notice.cursor);
        self.confirm(place, notice.cursor);
        let now = self.now;
        let edge = &mut self.edges[place];
        if notice.resend && !edge.disk.retired {
            edge.core.resend_requested(notice.cursor.seq, now);
        }
    }

    /// An old copy that was told of more than it has must not sell from here on.
    fn notice_old_copy(&mut self, place: usize, cursor: JournalHead) {
        let edge = &mut self.edges[place];
        if edge.restored.is_some() && edge.disk.hash_at(cursor.seq) != Some(cursor.hash) {
            edge.restored = Some(true);
        }
    }

    /// The books say that they have everything up to `cursor`.
    fn confirm(&mut self, place: usize, cursor: JournalHead) {
        let now = self.now;
        let edge = &mut self.edges[place];
        if !is_known(cursor, edge.disk.confirmed()) {
            match weigh(cursor, edge.disk.hash_at(cursor.seq)) {
                Word::Believed => edge.disk.confirmed = Some(cursor),
                Word::AnotherHistory | Word::BeyondTheJournal => {
                    if !self.broken(Broken::TrustOldCopy) {
                        self.edges[place].disk.retired = true;
                    }
                    return;
                }
            }
        }
        edge.cursor = edge.cursor.max(cursor.seq);
        edge.core.confirmed(cursor.seq, now);
        let edge = &self.edges[place];
        let confirmed = edge.disk.confirmed().seq;
        let (books, _) = self.books.cursor(edge.shard, edge.origin.edge_id);
        if books.seq < confirmed {
            let why =
                format!("holds entry {confirmed} as confirmed, and the books end at {}", books.seq);
            self.violated(format!("edge {place} {why}"));
        }
    }

    /// The broker's word arrives.
    pub(crate) fn acked(&mut self, place: usize, seq: u64, attempt: u32, taken: bool) {
        let now = self.now;
        let edge = &mut self.edges[place];
        if !taken {
            edge.core.failed(seq, attempt, now);
        } else if edge.core.acked(seq, attempt) > 0 && self.broken(Broken::PruneOnBrokerAck) {
            self.prune(place, seq);
        }
    }

    /// Confirmed entries leave the disk.
    pub(crate) fn prune_confirmed(&mut self, place: usize) {
        self.prune(place, self.edges[place].disk.confirmed().seq);
    }

    fn prune(&mut self, place: usize, up_to: u64) {
        let edge = &self.edges[place];
        let lost = (edge.disk.pruned + 1..=up_to)
            .find(|seq| self.books.has(edge.shard, edge.origin.edge_id, *seq).is_none());
        if let Some(seq) = lost {
            return self
                .violated(format!("edge {place} prunes entry {seq}, which the books do not have"));
        }
        let disk = &mut self.edges[place].disk;
        disk.pruned = disk.pruned.max(up_to);
    }

    /// Numbers arrive by the stream of facts.
    pub(crate) fn take_facts(&mut self, place: usize) {
        let edge = &mut self.edges[place];
        if !edge.line {
            return;
        }
        if edge.facts_born != self.facts.born {
            (edge.facts_born, edge.facts_read) = (self.facts.born, 0);
        }
        let from = edge.facts_read.min(self.facts.messages.len());
        let branch = edge.origin.branch_id;
        let arrived: Vec<_> = self.facts.messages[from..].iter().take(8).cloned().collect();
        edge.facts_read = from + arrived.len();
        for message in arrived {
            let Some(row) = message.row.filter(|_| message.branch == branch) else { continue };
            if !self.fault("fact lost", 300) {
                self.offer(place, row);
            }
        }
        self.store_rows(place);
    }

    /// A row of the register, from wherever it came.
    pub(crate) fn offer(&mut self, place: usize, row: InvoiceAssignedV1) {
        let skips = self.broken(Broken::SkipMappingGap);
        let Edge { origin, inbox, disk, .. } = &mut self.edges[place];
        if !is_believed(&row, origin.tenant_id, origin.branch_id) {
            return self.violated(format!("edge {place} got a register row that does not verify"));
        }
        let seq = row.mapping_seq;
        if inbox.offer(row.clone()) == Offered::Gap && skips {
            disk.mapping.push(row);
            *inbox = Inbox::new(seq);
        }
    }

    /// What came in order goes to the disk.
    pub(crate) fn store_rows(&mut self, place: usize) {
        if self.fault("edge dies before it keeps numbers", 15) {
            return self.crash_edge(place);
        }
        let Edge { inbox, disk, .. } = &mut self.edges[place];
        if let Some(last) = inbox.waiting().last() {
            let stored = last.mapping_seq;
            disk.mapping.extend(inbox.waiting().iter().cloned());
            inbox.stored(stored);
        }
    }

    /// What is missing is asked for, page by page.
    pub(crate) fn ask_rows(&mut self, place: usize) {
        let edge = &self.edges[place];
        if !edge.line || edge.inbox.missing() == 0 {
            return;
        }
        let branch = edge.origin.branch_id;
        let rows = self.books.mapping(branch, edge.inbox.last());
        let rows = rows.into_iter().take(3).cloned().collect();
        let (process, head) = (edge.process, self.books.mapping_head(branch));
        self.wires.push_back(Wire::Page { to: place, process, rows, head });
    }
}
