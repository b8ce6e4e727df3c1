//! Everything at once: who there is, what is on its way between them, and the
//! virtual clock.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::invoice_series::Restarts;
use schemas::{
    BranchId, EdgeId, Entry, SaleId, TenantId, TicketId, Timestamp,
    edge_api::Cart,
    facts::InvoiceAssignedV1,
    requests::{ConfirmedV1, JournalHead},
    subjects::{PosSubject, shard_of},
};
use uuid::Uuid;
use workers::reading::Origin;

use crate::{
    Broken, Plan,
    books::Books,
    broker::{BooksStream, PosStream},
    chance::Chance,
    edge::Edge,
    numbering::Allocator,
    relay::Relay,
    shop::{Shop, Shops},
    till::Till,
    worker::Worker,
};

/// Over how many shards the stores spread.
pub(crate) const SHARDS: u16 = 2;
/// When it begins, by every clock that is right: 2026-01-05T01:00Z.
const OPENING_MICROS: i64 = 1_767_574_800_000_000;

/// What is on its way, from anyone to anyone.
#[derive(Debug, Clone)]
pub(crate) enum Wire {
    /// An entry to the broker. `asked`: the edge awaits the broker's word.
    Entry { from: usize, process: u64, packet: Packet, asked: bool },
    /// The broker's word about an entry.
    Ack { to: usize, process: u64, seq: u64, attempt: u32, taken: bool },
    /// A worker tells an edge how far the books are.
    Confirmed { to: usize, process: u64, notice: ConfirmedV1 },
    /// The answer to a heartbeat.
    Reply { to: usize, process: u64, reply: Reply },
    /// A page of the register.
    Page { to: usize, process: u64, rows: Vec<InvoiceAssignedV1>, head: u64 },
}

/// An entry as it travels.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) subject: PosSubject,
    pub(crate) entry: Arc<Entry>,
    pub(crate) attempt: u32,
    /// Which hand-over of the publisher's it is: the same only if the way doubled it.
    pub(crate) hand_over: u64,
}

/// What a heartbeat's answer says.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) asked_at: Duration,
    pub(crate) known: u64,
    pub(crate) cursor: JournalHead,
    pub(crate) held: Option<String>,
    pub(crate) backlog: u64,
    pub(crate) mapping_head: u64,
}

/// What somebody wants to buy, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) shop: usize,
    pub(crate) cart: Cart,
    /// Which purchase it is, whatever tickets it is asked for under.
    pub(crate) purchase: u64,
    pub(crate) answered: Option<Answer>,
    /// Answered by a journal whose disk is gone, or by an old copy of one: it is in
    /// the books or not, and never twice.
    pub(crate) beyond_promise: bool,
}

/// What a till was told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    Sold(SaleId),
    Refused,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) chance: Chance,
    pub(crate) now: Duration,
    /// No faults from here on.
    pub(crate) calm: bool,
    /// How often in a thousand a fault happens where one may.
    pub(crate) rate: u64,
    pub(crate) tenant: TenantId,
    pub(crate) restarts: Restarts,
    pub(crate) shops: Shops,
    pub(crate) tills: Vec<Till>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) wires: VecDeque<Wire>,
    pub(crate) pos: Vec<PosStream>,
    pub(crate) facts: BooksStream,
    pub(crate) books: Books,
    pub(crate) workers: Vec<Worker>,
    pub(crate) allocators: Vec<Allocator>,
    pub(crate) relays: Vec<Relay>,
    pub(crate) wishes: BTreeMap<TicketId, Wish>,
    /// What old copies sold before they were told.
    pub(crate) sold_by_copies: BTreeSet<SaleId>,
    /// Entries that a broken way has damaged: each once at most, because the second
    /// one stops its edge.
    pub(crate) damaged: BTreeSet<(EdgeId, u64)>,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) violation: Option<String>,
    pub(crate) trace: Vec<String>,
    pub(crate) steps: u64,
    next: u64,
    origin: Instant,
}

impl World {
    /// A company in the morning.
    ///
    /// # Errors
    /// If its menu is none.
    pub(crate) fn of(plan: Plan) -> Result<Self, String> {
        let mut chance = Chance::of(plan.seed);
        let tenant: TenantId = chance.id();
        let mut world = Self {
            now: Duration::from_millis(chance.below(10_000)),
            calm: false,
            rate: [0, 20, 60, 120][chance.place(4)],
            tenant,
            restarts: Restarts { per_branch: chance.permille(400), yearly: false },
            shops: Vec::new(),
            tills: Vec::new(),
            edges: Vec::new(),
            wires: VecDeque::new(),
            pos: (0..SHARDS).map(|_| PosStream::default()).collect(),
            facts: BooksStream::default(),
            books: Books::of(tenant, SHARDS),
            workers: (0..2).map(|_| Worker::new(SHARDS)).collect(),
            allocators: (0..2).map(|_| Allocator::default()).collect(),
            relays: (0..2).map(|_| Relay::default()).collect(),
            wishes: BTreeMap::new(),
            sold_by_copies: BTreeSet::new(),
            damaged: BTreeSet::new(),
            faults: BTreeMap::new(),
            violation: None,
            trace: Vec::new(),
            steps: 0,
            next: 0,
            origin: Instant::now(),
            plan,
            chance,
        };
        let stores = 1 + world.chance.place(3);
        for shop in 0..stores {
            world.open_store(shop)?;
        }
        for worker in 0..world.workers.len() {
            world.workers[worker].process = world.fresh();
        }
        for place in 0..2 {
            world.allocators[place].process = world.fresh();
            world.relays[place].process = world.fresh();
        }
        Ok(world)
    }

    fn open_store(&mut self, shop: usize) -> Result<(), String> {
        let branch_id: BranchId = self.chance.id();
        let edge_id: EdgeId = self.chance.id();
        let origin = Origin { tenant_id: self.tenant, branch_id, edge_id };
        self.shops.push(Arc::new(Shop::of(origin)?));
        let shard = usize::from(self.shard(branch_id));
        self.books.shards[shard].finalized.open_door(origin);
        self.install(shop, edge_id);
        for _ in 0..=self.chance.below(2) {
            self.tills.push(Till::at(shop, false, self.plan.steps));
        }
        if self.chance.permille(600) {
            self.tills.push(Till::at(shop, true, self.plan.steps));
        }
        Ok(())
    }

    /// Enrols an edge and puts it into a store.
    pub(crate) fn install(&mut self, shop: usize, edge_id: EdgeId) {
        let origin = Origin { edge_id, ..self.shops[shop].origin };
        let shard = self.shard(origin.branch_id);
        self.books.enrol(shard, origin);
        let process = self.fresh();
        let edge = Edge::new(shop, origin, shard, process);
        self.edges.push(edge);
        let place = self.edges.len() - 1;
        self.start_edge(place);
    }

    pub(crate) fn shard(&self, branch: BranchId) -> u16 {
        shard_of(self.tenant, branch, SHARDS)
    }

    /// A number that was never given out before.
    pub(crate) const fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn broken(&self, what: Broken) -> bool {
        self.plan.broken == Some(what)
    }

    /// Whether a fault happens here.
    pub(crate) fn fault(&mut self, what: &'static str, often: u64) -> bool {
        let happens = !self.calm && self.rate > 0 && self.chance.permille(self.rate * often / 100);
        if happens {
            *self.faults.entry(what).or_default() += 1;
            self.tell(format_args!("FAULT {what}"));
        }
        happens
    }

    /// The first violation counts.
    pub(crate) fn violated(&mut self, why: impl Into<String>) {
        if self.violation.is_none() {
            let why = why.into();
            self.tell(format_args!("VIOLATED {why}"));
            self.violation = Some(why);
        }
    }

    pub(crate) fn tell(&mut self, what: fmt::Arguments<'_>) {
        if self.plan.trace {
            self.trace.push(format!("{:>9} {what}", self.now.as_millis()));
        }
    }

    /// What a right clock says.
    pub(crate) fn wall(&self) -> Timestamp {
        let micros = i64::try_from(self.now.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_micros(OPENING_MICROS + micros)
    }

    /// The monotonic clock, for cores that want the standard one.
    pub(crate) fn instant(&self) -> Instant {
        self.origin + self.now
    }

    pub(crate) fn ticket(&mut self) -> Option<TicketId> {
        let id: Uuid = self.chance.id();
        TicketId::parse(format!("t-{}", id.simple())).ok()
    }

    /// The edge that a store uses.
    pub(crate) fn edge_of(&self, shop: usize) -> Option<usize> {
        self.edges.iter().rposition(|edge| edge.shop == shop)
    }
}
