//! Books with facts in the outbox, a relay, and somebody who listens.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bus::{
    Bus,
    facts::{FactFollower, FactMessage, Start},
    requests, topology,
};
use schemas::{Clock, SystemClock, Timestamp, facts::FactKind, requests::FactsReplyV1, subjects};
use store::{Pool, outbox::NewFact};
use telemetry::CancellationToken;
use testkit::{BOUND, Books, Company, Nats, Store, seed_company};
use tokio::task::JoinHandle;
use workers::relay;

/// Books, a broker with its streams, and a company of two stores.
pub struct Stage {
    pub books: Books,
    pub nats: Nats,
    pub bus: Bus,
    pub company: Company,
    pub settings: relay::Settings,
}

impl Stage {
    pub async fn new() -> Self {
        let (books, nats) = tokio::join!(Books::new(), Nats::new());
        let company = seed_company(&books.pool, 2).await;
        let bus = Bus::connect(&bus::Settings::plain(nats.url()), "test").await.unwrap();
        topology::ensure(&bus, &topology::TopologySettings::default()).await.unwrap();
        // Quick to notice, so that a test need not wait for long.
        let settings = relay::Settings { compare_ms: 200, ..relay::Settings::default() };
        Self { books, nats, bus, company, settings }
    }

    /// Runs the relay, and what remakes lost streams, until the token is
    /// cancelled.
    pub fn run(&self) -> Running {
        let shutdown = CancellationToken::new();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let relay = tokio::spawn(relay::run(
            self.settings.clone(),
            self.books.pool.clone(),
            self.bus.clone(),
            clock,
            shutdown.clone(),
        ));
        let (bus, kept) = (self.bus.clone(), shutdown.clone());
        let keeper = tokio::spawn(async move {
            topology::keep(&bus, &topology::TopologySettings::default(), &kept).await;
        });
        Running { shutdown, relay, keeper }
    }

    /// Answers requests for facts as the centre does, until dropped.
    pub async fn centre(&self) -> CancelOnDrop {
        let mut questions = requests::serve(&self.bus).await.unwrap();
        let pool = self.books.pool.clone();
        CancelOnDrop(tokio::spawn(async move {
            while let Some(question) = questions.next().await {
                let branch = question.subject.clone().unwrap().branch_id;
                let asked: schemas::requests::FactsRequestV1 =
                    serde_json::from_slice(&question.body).unwrap();
                let mut conn = pool.acquire().await.unwrap();
                let head = store::facts::head(&mut conn, branch).await.unwrap();
                let facts = store::facts::after(
                    &mut conn,
                    branch,
                    asked.after_fact_seq,
                    asked.limit,
                    512 * 1024,
                )
                .await
                .unwrap();
                let facts = facts.into_iter().map(|fact| fact.into_reply().unwrap()).collect();
                question.answer(&FactsReplyV1 { facts, head, skipped: None }).await.unwrap();
            }
        }))
    }

    /// Follows a store's facts from the first until there are `count`: each
    /// once, in order.
    pub async fn follow(&self, store: &Store, count: u64) -> Vec<FactMessage> {
        let mut follower =
            FactFollower::new(&self.bus, store.tenant_id, store.branch_id, store.edge_id, 0);
        let mut facts = Vec::new();
        while facts.len() < usize::try_from(count).unwrap() {
            let fact = tokio::time::timeout(BOUND, follower.next()).await.unwrap();
            assert_eq!(fact.fact_seq, facts.len() as u64 + 1);
            facts.push(fact);
        }
        facts
    }

    /// Reads what the stream itself holds of a store, until it has held each
    /// of `count` facts; the newest message of each place.
    pub async fn streamed(&self, store: &Store, count: u64) -> BTreeMap<u64, FactMessage> {
        let subject = subjects::branch_facts(store.tenant_id, store.branch_id);
        let mut stream = bus::facts::follow(&self.bus, subject, Start::All);
        let mut facts = BTreeMap::new();
        let all = async {
            while facts.len() < usize::try_from(count).unwrap() {
                let fact = stream.next().await;
                facts.insert(fact.fact_seq, fact);
            }
        };
        tokio::time::timeout(BOUND, all).await.unwrap();
        assert_eq!(facts.keys().copied().collect::<Vec<_>>(), (1..=count).collect::<Vec<_>>());
        facts
    }
}

/// A task that ends with its handle.
pub struct CancelOnDrop(JoinHandle<()>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A relay at work.
pub struct Running {
    shutdown: CancellationToken,
    relay: JoinHandle<anyhow::Result<()>>,
    keeper: JoinHandle<()>,
}

impl Running {
    pub async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.relay).await.unwrap().unwrap().unwrap();
        self.keeper.await.unwrap();
    }
}

/// A fact of a store that nobody told before, with its own body.
pub fn fact(store: &Store, name: &str) -> NewFact {
    NewFact {
        tenant_id: store.tenant_id,
        branch_id: store.branch_id,
        fact_id: format!("{}:{name}", store.branch_id),
        kind: FactKind::ExceptionRaised,
        schema_version: 1,
        entry: None,
        invoice: None,
        body: Some(format!(r#"{{"name":"{name}"}}"#).into_bytes()),
        occurred_at: Timestamp::from_unix_micros(1_767_600_000_000_000),
    }
}

/// Enqueues `count` facts of a store in one transaction.
pub async fn enqueue(pool: &Pool, store: &Store, name: &str, count: usize) {
    let facts: Vec<_> = (0..count).map(|place| fact(store, &format!("{name}-{place}"))).collect();
    let mut tx = pool.begin().await.unwrap();
    store::outbox::enqueue(&mut tx, &facts).await.unwrap();
    tx.commit().await.unwrap();
}
