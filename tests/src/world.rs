//! Books, broker, centre and shops.

use bus::Bus;
use schemas::back_office::Scope;
use serde_json::Value;
use testkit::{BOUND, Books, Company, Nats, Store, seed_company, sqlx, wait_until};

use crate::{Centre, DoorClient, Shop};

/// One company with its centre and its shops.
pub struct World {
    /// The shops, with their edges running.
    pub shops: Vec<Shop>,
    /// The services at headquarters.
    pub centre: Centre,
    /// The company in the books.
    pub company: Company,
    /// The broker.
    pub nats: Nats,
    /// The books.
    pub books: Books,
}

impl World {
    /// A company with so many shops, everything running, every shop open.
    pub async fn with_shops(count: usize) -> Self {
        let mut world = Self::without_edges(count).await;
        for store in world.company.stores.clone() {
            world.shops.push(Shop::open(store, &world.nats).await);
        }
        world
    }

    /// A company with so many enrolled shops whose edges do not run: the test
    /// speaks for them.
    pub async fn without_edges(count: usize) -> Self {
        let books = Books::new().await;
        let nats = Nats::new().await;
        let company = seed_company(&books.pool, count).await;
        let centre = Centre::start(&books, &nats).await;
        Self { shops: Vec::new(), centre, company, nats, books }
    }

    /// A connection to the broker as the services have one.
    pub async fn bus(&self) -> Bus {
        Bus::connect(&bus::Settings::plain(self.nats.url()), "test")
            .await
            .expect("the broker answers")
    }

    /// Waits until the register holds `count` invoices.
    pub async fn numbered(&self, count: i64) {
        wait_until(&format!("{count} invoices are in the register"), BOUND, async || {
            (self.count("SELECT count(*) FROM invoice").await >= count).then_some(())
        })
        .await;
    }

    /// Runs a query for one number in the books. While Postgres is away, it is
    /// asked again.
    pub async fn count(&self, query: &'static str) -> i64 {
        wait_until("the books answer", BOUND, async || {
            sqlx::query_scalar(query).fetch_one(&self.books.pool).await.ok()
        })
        .await
    }

    /// Runs a query in the books: its rows as JSON, in its order. Write decimals as
    /// text.
    pub async fn rows(&self, query: &'static str) -> Vec<Value> {
        let query = format!("SELECT to_jsonb(row)::text FROM ({query}) AS row");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_all(&self.books.pool)
            .await
            .expect("the books answer");
        rows.iter().map(|row| serde_json::from_str(row).expect("Postgres writes JSON")).collect()
    }

    /// Waits until a query for one number in the books gives `expected`.
    pub async fn becomes(&self, query: &'static str, expected: i64) {
        wait_until(&format!("{query} is {expected}"), BOUND, async || {
            (self.count(query).await == expected).then_some(())
        })
        .await;
    }

    /// A program with a token of these scopes, at the door of the centre.
    pub async fn client(&self, shop: usize, scopes: &[Scope]) -> DoorClient {
        let Store { tenant_id, branch_id, .. } = self.company.stores[shop];
        DoorClient::enrolled(&self.books.pool, &self.centre.listen, (tenant_id, branch_id), scopes)
            .await
    }

    /// Waits until nothing waits for a number or the relay.
    pub async fn all_told(&self) {
        wait_until("nothing waits for a number or the relay", BOUND, async || {
            let waiting = self
                .count(
                    "SELECT (SELECT count(*) FROM outbox WHERE first_seq IS NULL)
                          + (SELECT count(*) FROM numbering_queue)
                          + (SELECT count(*) FROM fact_head WHERE published_seq < last_seq)",
                )
                .await;
            (waiting == 0).then_some(())
        })
        .await;
    }

    /// Waits until nothing is on its way any more, and then makes every check
    /// that `tillstream verify` makes.
    pub async fn books_are_right(&self) {
        self.all_told().await;
        let failed = self.failed_checks().await;
        assert!(failed.is_empty(), "the books are not right: {failed:#?}");
    }

    /// What `tillstream verify` finds wrong in the books as they are now.
    pub async fn failed_checks(&self) -> Vec<store::verify::Check> {
        let checks = store::verify::books(&self.books.pool).await.expect("the books can be read");
        assert!(checks.len() >= 10, "verify made only {} checks", checks.len());
        checks.into_iter().filter(|check| !check.ok).collect()
    }
}
