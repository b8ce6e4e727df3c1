//! A centre by hand: it reads entries, keeps a cursor, numbers sales and
//! answers edges, and can be told to do each of these badly.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bus::{
    Bus,
    entries::ShardConsumer,
    facts::FactMessage,
    requests::Question,
    topology::{self, TopologySettings},
};
use domain::{invoice_chain, journal_chain};
use pos_edge::journal::EdgeIdentity;
use rust_decimal::Decimal;
use schemas::{
    Clock, Entry, EntryKind, Khr, SaleId, SeriesId, Sha256Hash, SystemClock, TicketId, Usd,
    catalogue::CatalogueRef,
    facts::{self, FactKind, InvoiceAssignedV1},
    requests::{
        Command, ConfirmedV1, HandedOrder, HeartbeatReplyV1, HeartbeatV1, JournalHead,
        MappingReplyV1, MappingRequestV1, StockLevel, StockSnapshotV1,
    },
    subjects::{self, CentralRequest, shard_of},
};
use serde::Deserialize;
use testkit::{BOUND, Nats, wait_until};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What the centre knows, and how badly it behaves.
#[derive(Default)]
pub struct Books {
    pub cursor: Option<JournalHead>,
    pub archive: Vec<Entry>,
    pub register: Vec<InvoiceAssignedV1>,
    pub held: Option<String>,
    pub catalogue: Option<(CatalogueRef, Vec<u8>)>,
    /// Entries up to here are in a backup.
    pub prune_watermark: u64,
    pub levels: Vec<StockLevel>,
    /// What every heartbeat's reply says is to be done.
    pub commands: Vec<Command>,
    /// What every heartbeat's reply hands over.
    pub orders: Vec<HandedOrder>,
    /// Heartbeats that were answered.
    pub heartbeats: u64,
    pub last_heartbeat: Option<HeartbeatV1>,
    /// Entries that the broker "loses": each is passed over once.
    pub loses: HashSet<u64>,
    /// Entries are acked and nothing is done with them.
    pub idle: bool,
    /// No notice is sent.
    pub mute: bool,
    /// No fact is published.
    pub facts_lost: bool,
    /// The facts of these rows are not published.
    pub loses_facts: HashSet<u64>,
    /// Heartbeats are not answered.
    pub deaf: bool,
    /// Heartbeats are refused with this.
    pub refuses: Option<String>,
    /// Entries that were received, duplicates and holes included.
    pub received: u64,
    pub resends_asked: u64,
    pub mapping_pages: u64,
    /// The cursor behind which a hole was told of.
    pub hole_told: Option<u64>,
}

impl Books {
    pub fn cursor(&self) -> JournalHead {
        self.cursor.unwrap_or(JournalHead::EMPTY)
    }

    /// Takes an entry in; true if it leaves a hole that nobody was told of.
    fn take(&mut self, entry: Entry) -> bool {
        self.received += 1;
        if self.idle || self.loses.remove(&entry.seq) {
            return false;
        }
        journal_chain::verify_hash(&entry).expect("entries arrive as they were captured");
        let cursor = self.cursor();
        if entry.seq <= cursor.seq {
            assert_eq!(self.archive[entry.seq as usize - 1], entry, "a fork");
            return false;
        }
        if !journal_chain::follows(&entry, cursor) {
            assert!(entry.seq > cursor.seq + 1, "entry {} does not chain", entry.seq);
            let news = self.hole_told != Some(cursor.seq);
            self.hole_told = Some(cursor.seq);
            return news;
        }
        self.cursor = Some(JournalHead { seq: entry.seq, hash: entry.hash });
        self.archive.push(entry);
        false
    }

    /// Gives every sale that has none its number; the new rows.
    fn number(&mut self, identity: EdgeIdentity) -> Vec<InvoiceAssignedV1> {
        let numbered = self.register.last().map_or(0, |row| row.entry_seq);
        let sales: Vec<_> = self
            .archive
            .iter()
            .skip(usize::try_from(numbered).unwrap())
            .filter(|entry| entry.kind == EntryKind::SaleFinalized.as_str())
            .map(|entry| (entry.seq, entry.hash, ticket_of(entry)))
            .collect();
        sales
            .into_iter()
            .map(|(seq, hash, ticket)| {
                let row = self.row(identity, seq, hash, ticket);
                self.register.push(row.clone());
                row
            })
            .collect()
    }

    fn row(
        &self,
        identity: EdgeIdentity,
        entry_seq: u64,
        entry_hash: Sha256Hash,
        ticket_id: TicketId,
    ) -> InvoiceAssignedV1 {
        let no = self.register.len() as u64 + 1;
        let series_id = SeriesId::from_uuid(identity.tenant_id.as_uuid());
        let mut row = InvoiceAssignedV1 {
            series_id,
            no,
            printed: no.to_string(),
            invoice_id: invoice_chain::invoice_id(series_id, no),
            tenant_id: identity.tenant_id,
            branch_id: identity.branch_id,
            mapping_seq: no,
            sale_id: SaleId::derived(identity.edge_id.as_uuid(), ticket_id.as_str()),
            ticket_id,
            edge_id: identity.edge_id,
            entry_seq,
            entry_hash,
            grand_total_usd: Usd(Decimal::new(350, 2)),
            vat_usd: Usd(Decimal::new(0, 2)),
            grand_total_khr: Khr(Decimal::from(14_350)),
            issued_at: SystemClock.now(),
            prev_hash: self.register.last().map_or(Sha256Hash::ZERO, |row| row.hash),
            hash: Sha256Hash::ZERO,
        };
        row.hash = invoice_chain::invoice_hash(&row);
        row
    }
}

fn ticket_of(entry: &Entry) -> TicketId {
    #[derive(Deserialize)]
    struct Sale {
        ticket_id: TicketId,
    }
    serde_json::from_slice::<Sale>(&entry.payload).expect("a sale").ticket_id
}

/// A running centre. Dropping it stops it.
pub struct Centre {
    pub bus: Bus,
    books: Arc<Mutex<Books>>,
    identity: EdgeIdentity,
    _stop: DropGuard,
}

impl Centre {
    pub async fn start(nats: &Nats, identity: EdgeIdentity, books: Books) -> Self {
        let bus = connect(nats).await;
        make_streams(&bus).await;
        let books = Arc::new(Mutex::new(books));
        let stop = CancellationToken::new();
        let worker = work(bus.clone(), Arc::clone(&books), identity);
        let door = answer_all(bus.clone(), Arc::clone(&books), identity);
        for part in [tokio::spawn(worker), tokio::spawn(door)] {
            let stop = stop.clone();
            tokio::spawn(async move {
                let abort = part.abort_handle();
                tokio::select! {
                    () = stop.cancelled() => abort.abort(),
                    ended = part => ended.expect("the centre broke down"),
                }
            });
        }
        Self { bus, books, identity, _stop: stop.drop_guard() }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    /// Waits until the books have everything up to `seq`.
    pub async fn has(&self, seq: u64) {
        wait_until(&format!("the books have entry {seq}"), BOUND, async || {
            (self.books().cursor().seq >= seq).then_some(())
        })
        .await;
    }

    /// Publishes the facts of rows again, as a relay would for a wiped stream.
    pub async fn publish_facts_again(&self) {
        let rows = self.books().register.clone();
        publish_facts(&self.bus, self.identity, &rows).await;
    }
}

/// Makes the streams, also after a wipe.
pub async fn make_streams(bus: &Bus) {
    wait_until("the streams are made", BOUND, async || {
        topology::ensure(bus, &TopologySettings::default()).await.ok()
    })
    .await;
}

async fn connect(nats: &Nats) -> Bus {
    Bus::connect(&bus::Settings::plain(nats.url()), "centre").await.expect("connects")
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn work(bus: Bus, books: Arc<Mutex<Books>>, identity: EdgeIdentity) {
    let shard = shard_of(identity.tenant_id, identity.branch_id, identity.shards);
    let mut consumer = wait_until("the shard can be read", BOUND, async || {
        ShardConsumer::open(&bus, shard).await.ok()
    })
    .await;
    loop {
        let Ok(batch) = consumer.next_batch(500).await else { continue };
        let (notice, rows) = {
            let mut books = lock(&books);
            let before = books.cursor();
            let mut resend = false;
            for delivery in &batch {
                resend |= books.take(delivery.entry.clone().expect("an entry"));
            }
            books.resends_asked += u64::from(resend);
            let news = resend || books.cursor() != before;
            let notice = ConfirmedV1 { cursor: books.cursor(), resend, held: books.held.clone() };
            let mut rows = books.number(identity);
            let lost = books.facts_lost;
            rows.retain(|row| !lost && !books.loses_facts.contains(&row.mapping_seq));
            ((news && !books.mute).then_some(notice), rows)
        };
        // What cannot be said now is repeated by the heartbeat.
        let _ = consumer.ack(&batch).await;
        if let Some(notice) = notice {
            let subject = subjects::confirmed(identity.edge_id);
            let _ = bus::notices::notify(&bus, &subject, &notice).await;
        }
        publish_facts(&bus, identity, &rows).await;
    }
}

async fn publish_facts(bus: &Bus, identity: EdgeIdentity, rows: &[InvoiceAssignedV1]) {
    let subject = subjects::fact(identity.tenant_id, identity.branch_id, FactKind::InvoiceAssigned);
    for some in rows.chunks(1_000) {
        let mut acks = Vec::new();
        for row in some {
            let fact = FactMessage {
                subject: subject.clone(),
                branch_id: identity.branch_id,
                fact_seq: row.mapping_seq,
                fact_id: facts::id_from_invoice(row.series_id, row.no),
                kind: FactKind::InvoiceAssigned.as_str().to_owned(),
                schema_version: 1,
                occurred_at: row.issued_at,
                body: serde_json::to_vec(row).unwrap().into(),
            };
            acks.extend(bus::facts::publish(bus, &fact).await);
        }
        let _ = bus::wait_all(acks).await;
    }
}

async fn answer_all(bus: Bus, books: Arc<Mutex<Books>>, identity: EdgeIdentity) {
    let shard = shard_of(identity.tenant_id, identity.branch_id, identity.shards);
    let mut questions = bus::requests::serve(&bus).await.expect("listens");
    while let Some(question) = questions.next().await {
        let what = question.subject.as_ref().expect("a subject").what;
        let _ = match what {
            CentralRequest::Heartbeat => {
                let backlog = bus::entries::backlog(&bus, shard).await.unwrap_or(0);
                heartbeat(&books, question, backlog).await
            }
            CentralRequest::Mapping => {
                let page = mapping_page(&books, &question);
                question.answer(&page).await
            }
            CentralRequest::Catalogue => {
                let catalogue = lock(&books).catalogue.clone();
                match catalogue {
                    Some((_, bytes)) => question.answer_bytes(bytes.into()).await,
                    None => question.refuse("no_catalogue", "there is none").await,
                }
            }
            CentralRequest::Stock => {
                let snapshot = {
                    let books = lock(&books);
                    StockSnapshotV1 {
                        as_of: SystemClock.now(),
                        edge_seq: books.cursor().seq,
                        levels: books.levels.clone(),
                    }
                };
                question.answer(&snapshot).await
            }
            CentralRequest::Facts
            | CentralRequest::KhqrIntent
            | CentralRequest::KhqrCheck
            | CentralRequest::Register
            | CentralRequest::Adopt
            | CentralRequest::Known => question.refuse("unused", "nobody asks this here").await,
        };
    }
}

async fn heartbeat(
    books: &Mutex<Books>,
    question: Question,
    shard_backlog: u64,
) -> Result<(), bus::BusError> {
    let heartbeat: HeartbeatV1 = serde_json::from_slice(&question.body).expect("a heartbeat");
    let (refuses, reply) = {
        let mut books = lock(books);
        if books.deaf {
            return Ok(());
        }
        books.last_heartbeat = Some(heartbeat);
        books.heartbeats += 1;
        let reply = HeartbeatReplyV1 {
            server_time: SystemClock.now(),
            cursor: books.cursor(),
            held: books.held.clone(),
            shard_backlog,
            mapping_head: books.register.len() as u64,
            prune_watermark: books.prune_watermark,
            catalogue: books.catalogue.as_ref().map(|(reference, _)| *reference),
            commands: books.commands.clone(),
            orders: books.orders.clone(),
            register_after: None,
        };
        (books.refuses.clone(), reply)
    };
    match refuses {
        Some(text) => question.refuse("edge_retired", &text).await,
        None => question.answer(&reply).await,
    }
}

fn mapping_page(books: &Mutex<Books>, question: &Question) -> MappingReplyV1 {
    let request: MappingRequestV1 = serde_json::from_slice(&question.body).expect("a request");
    let mut books = lock(books);
    books.mapping_pages += 1;
    let limit = request.limit.min(MappingRequestV1::MAX_ROWS) as usize;
    let after = usize::try_from(request.after_mapping_seq).unwrap();
    let rows = books.register.iter().skip(after).take(limit).cloned().collect();
    MappingReplyV1 { rows, head: books.register.len() as u64 }
}
