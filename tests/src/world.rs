//! Books, broker, centre and shops.

use bus::Bus;
use testkit::{BOUND, Books, Company, Nats, seed_company, sqlx, wait_until};

use crate::{Centre, Shop};

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

    /// Waits until nothing is on its way any more, and then makes every check
    /// that `tillstream verify` makes.
    pub async fn books_are_right(&self) {
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
