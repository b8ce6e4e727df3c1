//! Books with sales in them: booked by the workers' own batch, numbered by the
//! allocator, told by the relay's own statement, without a broker.

use std::{sync::Arc, time::Duration};

use bus::entries::Delivery;
use numbering::{Batch, allocate_batch};
use schemas::{Entry, SystemClock, subjects::PosSubject};
use store::{lease, relay};
use testkit::{Books, Company, Store, seed_company, sqlx::PgPool};
use workers::{batch, receive::receive};

const SHARDS: u16 = 1;
const TTL: Duration = Duration::from_secs(600);
const PLENTY: u32 = 10_000;

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
        sold
    }

    /// Numbers every sale that waits.
    pub async fn number(&self) {
        let (pool, series) = (&self.books.pool, self.company.series_id);
        while allocate_batch(pool, series, PLENTY, &SystemClock).await.unwrap() != Batch::Empty {}
    }

    /// Gives every fact its place and says that it was published.
    pub async fn tell(&self) {
        use schemas::Clock;
        let mut tx = self.books.pool.begin().await.unwrap();
        relay::place_facts(&mut tx, PLENTY, SystemClock.now()).await.unwrap();
        let heads = relay::heads(&mut tx, true).await.unwrap();
        let all: Vec<_> = heads.iter().map(|head| (head.branch_id, head.last_seq)).collect();
        relay::note_published(&mut tx, &all).await.unwrap();
        tx.commit().await.unwrap();
    }
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
