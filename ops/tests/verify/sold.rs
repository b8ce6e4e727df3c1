//! Books with sales in them: booked by the workers' own batch, numbered by the
//! allocator, told by the relay's own statement, without a broker.

use std::{sync::Arc, time::Duration};

use bus::entries::Delivery;
use numbering::{Batch, allocate_batch};
use rust_decimal::Decimal;
use schemas::{
    Clock as _, CommandId, Currency, Entry, SystemClock, VoidRequestId,
    events::PaidKind,
    requests::{Command, VoidDecision},
    subjects::PosSubject,
};
use store::{
    commands::{self, Inserted, NewCommand},
    lease, relay,
};
use testkit::{
    Books, Company, Store, sample_id, seed_company,
    sqlx::{self, PgPool},
};
use workers::{batch, receive::receive};

const SHARDS: u16 = 1;
const TTL: Duration = Duration::from_secs(600);
const PLENTY: u32 = 10_000;
const ALL: relay::Most = relay::Most { runs: PLENTY, facts: PLENTY };

/// `split(branch, after)` makes two runs of facts of the one that goes on after
/// that place; `forget(branch, place)` takes one fact away.
const SPLIT: &str = "
    CREATE FUNCTION part(run outbox, low bigint, high bigint) RETURNS outbox LANGUAGE plpgsql AS $$
    BEGIN
        run.outbox_id := run.outbox_id * 1000 + low;
        run.facts := high - low + 1;
        run.first_seq := run.first_seq + low - 1;
        run.fact_ids := run.fact_ids[low:high];
        run.kinds := run.kinds[low:high];
        run.schema_versions := run.schema_versions[low:high];
        run.edge_ids := run.edge_ids[low:high];
        run.entry_seqs := run.entry_seqs[low:high];
        run.series_ids := run.series_ids[low:high];
        run.invoice_nos := run.invoice_nos[low:high];
        run.bodies := run.bodies[low:high];
        run.occurred_ats := run.occurred_ats[low:high];
        RETURN run;
    END $$;
    CREATE FUNCTION split(branch uuid, after bigint) RETURNS void LANGUAGE sql AS $$
        WITH whole AS (
            DELETE FROM outbox o
            WHERE branch_id = branch AND first_seq <= after AND after < first_seq + facts - 1
            RETURNING o AS run, after - first_seq + 1 AS low_facts
        ), parts AS (
            SELECT part(run, 1, low_facts) AS run FROM whole
            UNION ALL SELECT part(run, low_facts + 1, (run).facts) FROM whole
        )
        INSERT INTO outbox OVERRIDING SYSTEM VALUE SELECT (run).* FROM parts
    $$;
    CREATE FUNCTION forget(branch uuid, place bigint) RETURNS void LANGUAGE sql AS $$
        SELECT split(branch, place - 1);
        SELECT split(branch, place);
        DELETE FROM outbox WHERE branch_id = branch AND first_seq = place
    $$";

/// Books of one company, everything in them settled.
pub struct Sold {
    /// The books.
    pub books: Books,
    /// The company.
    pub company: Company,
    /// What each store journaled.
    pub journals: Vec<Vec<Entry>>,
}

impl Sold {
    /// Two stores that opened a drawer each and sold a dozen times.
    pub async fn some() -> Self {
        let books = Books::new().await;
        let company = seed_company(&books.pool, 2).await;
        let journals: Vec<Vec<Entry>> = company
            .stores
            .iter()
            .map(|store| {
                let mut journal = store.journal();
                let opened = journal.open_session();
                [vec![opened], journal.sell_many(12)].concat()
            })
            .collect();
        for (store, entries) in company.stores.iter().zip(&journals) {
            book(&books.pool, store, entries).await;
        }
        let sold = Self { books, company, journals };
        sold.number().await;
        sold.tell().await;
        sqlx::raw_sql(SPLIT).execute(&sold.books.pool).await.unwrap();
        sold
    }

    /// The same with sessions that were closed, voids that were decided here and
    /// there, a late sale, and a second session with a pending request.
    pub async fn with_voids() -> Self {
        let books = Books::new().await;
        let company = seed_company(&books.pool, 2).await;
        let mut journals = Vec::new();
        // With no more rights than the worker's.
        let settings = store::Settings::at(&books.url);
        let worker = store::connect_as(&settings, store::Role::Worker).await.unwrap();
        for store in &company.stores {
            let entries = with_voids(&books.pool, store).await;
            book(&worker, store, &entries).await;
            journals.push(entries);
        }
        worker.close().await;
        let sold = Self { books, company, journals };
        sold.number().await;
        sold.tell().await;
        sold
    }

    /// Two stores with sales that were paid by KHQR, proven and not.
    pub async fn with_khqr() -> Self {
        let books = Books::new().await;
        let company = seed_company(&books.pool, 2).await;
        let mut journals = Vec::new();
        for store in &company.stores {
            let entries = crate::khqr_damages::with_khqr(&books.pool, store).await;
            book(&books.pool, store, &entries).await;
            journals.push(entries);
        }
        let sold = Self { books, company, journals };
        sold.number().await;
        sold.tell().await;
        sold
    }

    /// Numbers every sale that waits.
    pub async fn number(&self) {
        let (pool, tenant) = (&self.books.pool, self.company.tenant_id);
        let all = |_| true;
        while allocate_batch(pool, tenant, PLENTY, &SystemClock, &all).await.unwrap()
            != Batch::default()
        {}
    }

    /// Gives every fact its place and says that it was published.
    pub async fn tell(&self) {
        let mut tx = self.books.pool.begin().await.unwrap();
        relay::place_facts(&mut tx, ALL, &[], SystemClock.now()).await.unwrap();
        let heads = relay::heads(&mut tx, true).await.unwrap();
        let all: Vec<_> = heads.iter().map(|head| (head.branch_id, head.last_seq)).collect();
        relay::note_published(&mut tx, &all).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// 1 opening, 2–7 sales, 8 and 9 paid in and out, 10 and 11 a void, 12 and 13 one
/// by command, 14 and 15 one rejected, 16 one pending, 17 the close, 18 a late
/// sale; 19 opening, 20 and 21 sales, 22 a pending void, 23 a refused command.
async fn with_voids(pool: &PgPool, store: &Store) -> Vec<Entry> {
    let mut journal = store.journal();
    let mut entries = vec![journal.open_session()];
    let mut sales = Vec::new();
    for _ in 0..6 {
        let (sale, entry) = journal.sell();
        sales.push(sale);
        entries.push(entry);
    }
    entries.push(journal.pay(PaidKind::PaidIn, Currency::Usd, Decimal::from(20)));
    entries.push(journal.pay(PaidKind::PaidOut, Currency::Khr, Decimal::from(10_000)));
    for (place, sale) in sales.iter().take(4).enumerate() {
        let (asked, entry) = journal.request_void(sale);
        entries.push(entry);
        let id = asked.void_request_id;
        match place {
            0 => entries.push(journal.approve_void(id, sale, None)),
            1 => {
                let carried_out = command(pool, store, id, "approved in the office").await;
                entries.push(journal.approve_void(id, sale, Some(carried_out)));
            }
            2 => entries.push(journal.reject_void(id, sale, None)),
            _ => {}
        }
    }
    entries.push(journal.close_session());
    entries.push(journal.sell().1);
    entries.push(journal.open_session());
    entries.push(journal.sell().1);
    let (sale, entry) = journal.sell();
    entries.push(entry);
    let (asked, entry) = journal.request_void(&sale);
    entries.push(entry);
    let refused = command(pool, store, asked.void_request_id, "too late").await;
    entries.push(journal.refuse_command(refused, asked.void_request_id, "command_expired"));
    entries
}

/// Writes a command to approve a void.
async fn command(pool: &PgPool, store: &Store, about: VoidRequestId, key: &str) -> CommandId {
    let now = SystemClock.now();
    let command_id = CommandId::derived(about.as_uuid(), key);
    let new = NewCommand {
        tenant_id: store.tenant_id,
        branch_id: store.branch_id,
        idempotency_key: command_id.to_string(),
        issued_at: now,
        command: Command {
            command_id,
            expires_at: now,
            decided_by: sample_id("Dara"),
            void_request_id: about,
            decision: VoidDecision::Approve { note: None },
        },
    };
    let mut conn = pool.acquire().await.unwrap();
    assert_eq!(commands::insert(&mut conn, &new).await.unwrap(), Inserted::New);
    command_id
}

/// Books entries as the workers do.
pub async fn book(pool: &PgPool, store: &Store, entries: &[Entry]) {
    let received = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| {
            let subject = PosSubject {
                shard: 0,
                tenant_id: store.tenant_id,
                branch_id: store.branch_id,
                edge_id: store.edge_id,
                kind: entry.kind.clone(),
            };
            let place = u64::try_from(place).unwrap() + 1;
            receive(Delivery::without_ack(Ok(subject), Ok(entry.clone()), place), 0, SHARDS)
        })
        .collect();
    let mut conn = pool.acquire().await.unwrap();
    let held = lease::acquire(&mut conn, "shard:0", "verify", TTL).await.unwrap().unwrap();
    let done = batch::process(
        pool.clone(),
        held.clone(),
        TTL,
        Arc::default(),
        batch::Memory::default(),
        Arc::new(received),
    );
    done.await.unwrap();
    lease::resign(&mut conn, &held).await.unwrap();
}
