//! Workers with a real broker: what arrives, what is answered, who takes over.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{Bus, notices, notices::Notices};
use schemas::{
    Entry, EntryKind, SystemClock,
    events::SaleFinalizedV1,
    requests::ConfirmedV1,
    subjects::{DEFAULT_SHARDS, PosSubject, confirmed, shard_of},
};
use telemetry::CancellationToken;
use testkit::{BOUND, Books, Line, Nats, Service, seed_company, sqlx, wait_until};
use tokio::task::JoinHandle;

use crate::model::{Snapshot, Step, Store, snapshot_of, store::forked};

/// How long a holder that died keeps a shard waiting here, in milliseconds.
const LEASE_MS: u64 = 1_000;
/// Well below the time after which the broker delivers again what was not acked.
const BELOW_ACK_WAIT: Duration = Duration::from_secs(20);

/// Stores, a broker, and the books.
struct World {
    books: Books,
    nats: Nats,
    bus: Bus,
    stores: Vec<Store>,
}

/// Workers in this process.
struct Workers {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl World {
    async fn new(stores: usize) -> Self {
        let (books, nats) = (Books::new().await, Nats::new().await);
        let company = seed_company(&books.pool, stores).await;
        let bus = Bus::connect(&bus::Settings::plain(nats.url()), "edge").await.unwrap();
        bus::topology::ensure(&bus, &bus::topology::TopologySettings::default()).await.unwrap();
        let stores = company.stores.iter().map(Store::seeded).collect();
        Self { books, nats, bus, stores }
    }

    fn workers(&self) -> Workers {
        self.workers_at(&self.books.url)
    }

    fn workers_at(&self, books: &str) -> Workers {
        let (books, nats) = (store::Settings::at(books), bus::Settings::plain(self.nats.url()));
        let settings =
            workers::Settings { lease_ms: LEASE_MS, ..workers::Settings::new(books, nats) };
        let stop = CancellationToken::new();
        let task = tokio::spawn(workers::run(settings, Arc::new(SystemClock), stop.clone()));
        Workers { stop, task }
    }

    async fn send(&self, store: usize, entries: &[Entry], attempt: u32) {
        self.send_as(store, entries, entries, attempt).await;
    }

    /// Sends entries under the subjects of others.
    async fn send_as(&self, store: usize, under: &[Entry], entries: &[Entry], attempt: u32) {
        let Store { tenant_id, branch_id, edge_id, .. } = self.stores[store];
        let shard = shard_of(tenant_id, branch_id, DEFAULT_SHARDS);
        let mut acks = Vec::new();
        for (named, entry) in under.iter().zip(entries) {
            let kind = named.kind.clone();
            let subject = PosSubject { shard, tenant_id, branch_id, edge_id, kind };
            acks.push(bus::entries::publish(&self.bus, &subject, entry, attempt).await.unwrap());
        }
        for ack in acks {
            ack.wait().await.unwrap();
        }
    }

    async fn hear(&self, store: usize) -> Notices {
        let subject = confirmed(self.stores[store].edge_id);
        notices::subscribe(&self.bus, &subject).await.unwrap()
    }

    async fn booked(&self, store: usize, seq: u64) {
        let edge = self.stores[store].edge_id.as_uuid();
        let seq = i64::try_from(seq).unwrap();
        wait_until("the books have the entries", BOUND, async || {
            // The books may be away for a moment.
            let last: i64 =
                sqlx::query_scalar("SELECT last_seq FROM edge_cursor WHERE edge_id = $1")
                    .bind(edge)
                    .fetch_one(&self.books.pool)
                    .await
                    .ok()?;
            (last >= seq).then_some(())
        })
        .await;
    }

    async fn snapshot(&self) -> Snapshot {
        snapshot_of(&self.books.pool).await
    }
}

impl Workers {
    /// Waits for something that needs them to run.
    async fn until<T>(&mut self, what: impl Future<Output = T>) -> T {
        tokio::select! {
            ended = &mut self.task => panic!("the workers ended: {ended:?}"),
            done = what => done,
        }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn next(notices: &mut Notices) -> ConfirmedV1 {
    let notice = tokio::time::timeout(BOUND, notices.next()).await;
    serde_json::from_slice(&notice.unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn a_stream_that_comes_again_from_the_start_changes_nothing() {
    let mut world = World::new(2).await;
    let journals: Vec<Vec<Entry>> = world
        .stores
        .iter_mut()
        .map(|store| {
            let mut steps = vec![Step::Open];
            steps.extend([Step::Sell, Step::Ready, Step::Poison, Step::Ready].repeat(20));
            store.write(&steps)
        })
        .collect();
    let workers = world.workers();
    for (store, entries) in journals.iter().enumerate() {
        world.send(store, entries, 0).await;
    }
    for (store, entries) in journals.iter().enumerate() {
        world.booked(store, entries.len() as u64).await;
    }
    workers.stop().await;
    let before = world.snapshot().await;
    assert_eq!(before.sales.len(), 40);

    // A new consumer begins with the first message, and edges send again too.
    for shard in 0..DEFAULT_SHARDS {
        let name = bus::entries::consumer_name(shard);
        let jetstream = world.nats.jetstream().await;
        jetstream.delete_consumer_from_stream(name, "POS").await.unwrap();
    }
    let mut heard = world.hear(0).await;
    let workers = world.workers();
    world.send(0, &journals[0], 1).await;
    let mut last = next(&mut heard).await;
    let count: u64 = journals.iter().map(|journal| journal.len() as u64).sum();
    let all = count + journals[0].len() as u64;
    wait_until("everything was looked at again", BOUND, async || {
        let mut waiting = 0;
        for shard in 0..DEFAULT_SHARDS {
            waiting += bus::entries::backlog(&world.bus, shard).await.ok()?;
        }
        let info = world.nats.jetstream().await.get_stream("POS").await.ok()?;
        (waiting == 0 && info.cached_info().state.messages >= all).then_some(())
    })
    .await;
    assert_eq!(last.cursor, world.stores[0].journal.head());
    last.resend = false;
    assert_eq!(last.held, None);
    workers.stop().await;
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn a_hole_is_asked_for_once_and_then_filled() {
    let mut world = World::new(1).await;
    let entries =
        world.stores[0].write(&[Step::Open, Step::Sell, Step::Sell, Step::Sell, Step::Sell]);
    let mut heard = world.hear(0).await;
    let workers = world.workers();
    world.send(0, &entries[..2], 0).await;
    world.booked(0, 2).await;
    while next(&mut heard).await.cursor.seq < 2 {}
    world.send(0, &entries[3..4], 0).await;
    let asked = next(&mut heard).await;
    assert_eq!((asked.cursor.seq, asked.resend), (2, true));
    world.send(0, &entries[4..], 0).await;
    let silent = next(&mut heard).await;
    assert_eq!((silent.cursor.seq, silent.resend), (2, false), "asked already");
    world.send(0, &entries[2..], 1).await;
    world.booked(0, 5).await;
    workers.stop().await;
    assert_eq!(world.snapshot().await.sales.len(), 4);
}

#[tokio::test]
async fn a_byte_changed_on_the_way_is_asked_for_again_and_twice_holds_that_edge_alone() {
    let mut world = World::new(2).await;
    let entries = world.stores[0].write(&[Step::Open, Step::Sell, Step::Sell]);
    let others = world.stores[1].write(&[Step::Open, Step::Sell, Step::Sell]);
    let mut heard = world.hear(0).await;
    let workers = world.workers();
    let damaged = |entry: &Entry| {
        let mut entry = entry.clone();
        entry.payload[10] ^= 1;
        entry
    };
    world.send(0, &[damaged(&entries[0])], 0).await;
    let asked = next(&mut heard).await;
    assert_eq!((asked.cursor.seq, asked.resend, asked.held), (0, true, None));
    world.send(0, &entries[..2], 1).await;
    while next(&mut heard).await.cursor.seq < 2 {}

    world.send(0, &[damaged(&entries[2])], 0).await;
    let asked = next(&mut heard).await;
    assert_eq!((asked.cursor.seq, asked.resend), (2, true));
    world.send(0, &[damaged(&entries[2])], 1).await;
    let held = next(&mut heard).await;
    assert!(held.held.is_some_and(|why| why.contains("did not verify")));
    // From now on not even the right one is believed; the other store goes on.
    world.send(0, &entries[2..], 2).await;
    assert!(next(&mut heard).await.held.is_some());
    world.send(1, &others, 0).await;
    world.booked(1, 3).await;
    workers.stop().await;
    let books = world.snapshot().await;
    assert_eq!(books.cursors[&world.stores[0].edge_id.as_uuid()].0, 2);
    assert!(books.cursors[&world.stores[0].edge_id.as_uuid()].2);
    assert!(!books.cursors[&world.stores[1].edge_id.as_uuid()].2);
}

#[tokio::test]
async fn a_forked_entry_and_entries_of_strangers_are_never_booked() {
    let mut world = World::new(2).await;
    let entries = world.stores[0].write(&[Step::Open, Step::Sell, Step::Sell]);
    let others = world.stores[1].write(&[Step::Open]);
    let mut heard = world.hear(0).await;
    let workers = world.workers();
    world.send(0, &entries[..2], 0).await;
    world.booked(0, 2).await;
    while next(&mut heard).await.cursor.seq < 2 {}
    // An entry of the other store, under this store's subject.
    world.send_as(0, &entries[..1], &others, 0).await;
    let asked = next(&mut heard).await;
    assert_eq!((asked.cursor.seq, asked.held), (2, None));
    world.send(0, &[forked(&entries[1])], 7).await;
    let held = next(&mut heard).await;
    assert!(held.held.is_some_and(|why| why.contains("another history")));
    workers.stop().await;
    let books = world.snapshot().await;
    assert_eq!((books.sales.len(), books.entries.len()), (1, 2));
}

#[tokio::test]
async fn two_tickets_that_collide_at_two_stores_at_the_same_time_are_one_sale() {
    const COLLISIONS: usize = 50;
    let mut world = World::new(6).await;
    let mut journals: Vec<Vec<Entry>> =
        world.stores.iter_mut().map(|store| store.write(&[Step::Open])).collect();
    for _ in 0..COLLISIONS {
        let ticket = world.stores[0].journal.next_sale().ticket_id;
        for (store, journal) in world.stores.iter_mut().zip(&mut journals) {
            let sale = store.journal.next_sale();
            let sale = SaleFinalizedV1 { ticket_id: ticket.clone(), ..sale };
            journal.push(store.journal.append(EntryKind::SaleFinalized, &sale));
        }
    }
    let workers = world.workers();
    for (store, entries) in journals.iter().enumerate() {
        world.send(store, entries, 0).await;
    }
    for store in 0..journals.len() {
        world.booked(store, COLLISIONS as u64 + 1).await;
    }
    workers.stop().await;
    let books = world.snapshot().await;
    assert_eq!((books.sales.len(), books.tickets.len()), (COLLISIONS, COLLISIONS));
    let conflicts = books.exceptions.values().filter(|row| row.0 == "TICKET_CONFLICT").count();
    assert_eq!(conflicts, 5 * COLLISIONS);
    for (sale, (ticket, ..)) in &books.sales {
        assert_eq!(books.tickets[ticket].0, *sale);
    }
}

#[tokio::test]
async fn the_books_may_go_away_and_come_back_under_load() {
    let mut world = World::new(2).await;
    let journals: Vec<Vec<Entry>> = world
        .stores
        .iter_mut()
        .map(|store| {
            let mut steps = vec![Step::Open];
            steps.extend([Step::Sell; 300]);
            store.write(&steps)
        })
        .collect();
    let mut workers = world.workers();
    for (store, entries) in journals.iter().enumerate() {
        world.send(store, &entries[..150], 0).await;
    }
    workers.until(world.booked(0, 1)).await;
    world.books.restart().await;
    for (store, entries) in journals.iter().enumerate() {
        world.send(store, &entries[150..], 0).await;
    }
    for store in 0..2 {
        workers.until(world.booked(store, 301)).await;
    }
    workers.stop().await;
    assert_eq!(world.snapshot().await.sales.len(), 600);
}

#[tokio::test]
async fn a_worker_that_stalls_is_replaced_and_books_nothing_when_it_wakes() {
    let mut world = World::new(1).await;
    let mut steps = vec![Step::Open];
    steps.extend([Step::Sell; 400]);
    let entries = world.stores[0].write(&steps);
    let plan = || {
        Service::plan("workers")
            .setting("books.url", &world.books.url)
            .setting("nats.url", world.nats.url())
            .setting("lease_ms", LEASE_MS)
    };
    let mut first = plan().start();
    world.send(0, &entries[..200], 0).await;
    world.booked(0, 1).await;
    first.pause();
    let mut second = plan().start();
    world.send(0, &entries[200..], 0).await;
    world.booked(0, 401).await;
    let before = world.snapshot().await;
    first.resume();
    // Whatever it held, it sends again and finds its leases gone.
    first.logged("the shard's lease went elsewhere", BOUND).await;
    world.send(0, &entries[390..], 1).await;
    let shard = shard_of(world.stores[0].tenant_id, world.stores[0].branch_id, DEFAULT_SHARDS);
    wait_until("nothing is left to look at", BOUND, async || {
        (bus::entries::backlog(&world.bus, shard).await.ok()? == 0).then_some(())
    })
    .await;
    first.terminate(Duration::from_secs(20)).await;
    second.terminate(Duration::from_secs(20)).await;
    assert_eq!(world.snapshot().await, before);
    assert_eq!(before.sales.len(), 400);
}

#[tokio::test]
async fn a_worker_that_cannot_ask_the_books_takes_nothing_from_the_one_that_took_over() {
    let mut world = World::new(1).await;
    let mut steps = vec![Step::Open];
    steps.extend([Step::Sell].repeat(60));
    let entries = world.stores[0].write(&steps);
    let server = world.books.url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let line = Line::to(server.parse().unwrap()).await.unwrap();
    let first = world.workers_at(&world.books.url.replace(&server, &line.addr().to_string()));
    world.send(0, &entries[..1], 0).await;
    world.booked(0, 1).await;

    line.stall();
    // Delivered to the first, which can neither book it nor know that its lease ends.
    world.send(0, &entries[1..2], 0).await;
    let second = world.workers();
    world.booked(0, 2).await;
    let began = Instant::now();
    for entry in 3..=60 {
        world.send(0, &entries[entry - 1..entry], 0).await;
        world.booked(0, entry as u64).await;
    }
    line.restore();
    world.send(0, &entries[60..], 0).await;
    world.booked(0, 61).await;
    let took = began.elapsed();
    assert!(took < BELOW_ACK_WAIT, "entries waited for an ack of the first: {took:?}");
    first.stop().await;
    second.stop().await;
}
