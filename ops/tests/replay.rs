//! `replay` and `rebuild` on a stack that sells all the while.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use ops::{
    company::Shopper,
    demo,
    drive::client::EdgeClient,
    stack::{Stack, StackOptions},
};
use rust_decimal::Decimal;
use schemas::{
    Currency, Khr, Money, SystemClock, TicketId, Usd,
    edge_api::{FinalizeSale, OpenCashSession, TenderOffer},
    events::TenderMethod,
};
use serde_json::Value;
use telemetry::CancellationToken;
use testkit::{
    BOUND,
    async_nats::jetstream::{
        self,
        consumer::{AckPolicy, pull},
        stream,
    },
    damage, scratch_dir, sqlx, wait_until,
};
use tokio::{task::JoinHandle, time::MissedTickBehavior};

/// How often the till sells.
const PACE: Duration = Duration::from_millis(50);

/// A stack with a till that sells all the while.
struct Shop {
    stack: Stack,
    data_dir: PathBuf,
    _dir: tempfile::TempDir,
    stop: CancellationToken,
    selling: JoinHandle<u64>,
}

impl Shop {
    async fn open() -> Self {
        let dir = scratch_dir();
        let data_dir = dir.path().join("stack");
        let clock = Arc::new(SystemClock);
        let mut stack =
            Stack::start(StackOptions::throw_away(&data_dir), clock.clone()).await.unwrap();
        demo::set_up(&mut stack, clock).await.unwrap();
        let company = ops::company::demo();
        let store = company.stores[0].clone();
        let edge = EdgeClient::at_url(&stack.edge(store.edge_id).unwrap().url()).unwrap();
        edge.await_catalogue().await.unwrap();
        let device_id = store.devices()[0].device_id;
        let session = OpenCashSession {
            device_id,
            staff_id: store.staff()[0].staff_id,
            opening_float_usd: Usd::ZERO,
            opening_float_khr: Khr::ZERO,
        };
        let edge = edge.at_till(&store, device_id, session.staff_id).await.unwrap();
        let cash_session_id = edge.open_session("a-day", &session).await.unwrap();
        let stop = CancellationToken::new();
        let until = stop.clone();
        let selling = tokio::spawn(async move {
            let mut customers = Shopper::new(7, &store.catalogue);
            let mut sold = 0;
            let mut pace = tokio::time::interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !until.is_cancelled() {
                let received = Money { amount: Decimal::from(100), currency: Currency::Usd };
                let sale = FinalizeSale {
                    device_id,
                    cash_session_id,
                    customer_id: None,
                    cart: customers.cart(),
                    tender: TenderOffer { method: TenderMethod::Cash, received },
                    draft_id: None,
                    shown: None,
                };
                let ticket = TicketId::parse(format!("sale-{sold}")).unwrap();
                edge.sell(&ticket, &sale).await.unwrap();
                sold += 1;
                // A busy till; without an end it would only outrun the machine.
                pace.tick().await;
            }
            sold
        });
        let shop = Self { stack, data_dir, _dir: dir, stop, selling };
        shop.numbered(40).await;
        shop
    }

    async fn numbered(&self, sales: i64) {
        wait_until(&format!("{sales} sales are numbered"), BOUND, async || {
            (self.count("SELECT count(*) FROM invoice").await >= sales).then_some(())
        })
        .await;
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.stack.pool()).await.unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        command(&self.data_dir, arguments)
    }

    /// Runs a command; its exit status, what it printed, and what it complained of.
    async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = self.command(arguments);
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ran.status.code().unwrap(), text(ran.stdout), text(ran.stderr))
    }

    async fn jetstream(&self) -> jetstream::Context {
        let url = self.stack.record().nats_url.clone();
        jetstream::new(testkit::async_nats::connect(url).await.unwrap())
    }

    /// Stops selling; everything that was sold is in the books, once.
    async fn close(self) {
        self.stop.cancel();
        let sold = i64::try_from(self.selling.await.unwrap()).unwrap();
        wait_until("everything sold is numbered and told", BOUND, async || {
            let query = "SELECT (SELECT count(*) FROM numbering_queue)
                + (SELECT count(*) FROM outbox WHERE first_seq IS NULL)
                + (SELECT count(*) FROM fact_head WHERE published_seq < last_seq)";
            let waiting: i64 =
                sqlx::query_scalar(query).fetch_one(self.stack.pool()).await.unwrap();
            let numbered: i64 = sqlx::query_scalar("SELECT count(*) FROM invoice")
                .fetch_one(self.stack.pool())
                .await
                .unwrap();
            (waiting == 0 && numbered == sold).then_some(())
        })
        .await;
        let checks = store::verify::books(self.stack.pool()).await.unwrap();
        let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        self.stack.shutdown().await.unwrap();
    }
}

fn command(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    command.args(arguments).arg("--data-dir").arg(data_dir);
    command
}

/// A message of a stream: its subject, its id, its place among its branch's facts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    id: String,
    source: String,
    fact_seq: u64,
    body: Vec<u8>,
}

/// Everything that a stream holds, as a consumer reads it from the start.
async fn everything(jetstream: &jetstream::Context, stream: &str) -> Vec<Told> {
    // With acks awaited, the broker would stop after a thousand, and then begin again.
    let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
    let consumer = jetstream.create_consumer_on_stream(config, stream).await.unwrap();
    let all = usize::try_from(consumer.cached_info().num_pending).unwrap();
    let mut told = Vec::new();
    while told.len() < all {
        let page = consumer.batch().max_messages((all - told.len()).min(500)).expires(BOUND);
        let mut messages = page.messages().await.unwrap();
        let before = told.len();
        while let Some(message) = futures::StreamExt::next(&mut messages).await {
            let message = message.unwrap();
            let headers = message.headers.clone().unwrap();
            let text = |name: &str| headers.get(name).map_or("", |value| value.as_str()).to_owned();
            told.push(Told {
                id: text("ce-id"),
                source: text("ce-source"),
                fact_seq: text("ce-factseq").parse().unwrap_or_default(),
                body: message.payload.to_vec(),
            });
        }
        assert!(told.len() > before, "{before} of {all} messages came");
    }
    told
}

/// What is wrong with the facts as they are told: each branch's must be there from the
/// first on without a gap, and one that is told again the same again.
fn complaint(told: &[Told]) -> Option<String> {
    let mut branches: BTreeMap<&str, BTreeMap<u64, &Told>> = BTreeMap::new();
    for fact in told {
        let places = branches.entry(&fact.source).or_default();
        let first = places.entry(fact.fact_seq).or_insert(fact);
        if **first != *fact {
            return Some(format!("two facts in one place: {} and {}", first.id, fact.id));
        }
    }
    branches.iter().find_map(|(branch, places)| {
        let missing = (1..).zip(places.keys()).find(|(expected, place)| expected != *place)?;
        Some(format!("{branch} lacks fact {}", missing.0))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_whole_books_changes_nothing_and_of_damaged_ones_tells_what_lacks() {
    let shop = Shop::open().await;
    let (status, told, complaints) = shop.run(&["replay"]).await;
    assert_eq!(status, 0, "{told}{complaints}");
    assert!(told.trim_end().ends_with(" 0 changes"), "{told}");
    let (status, told, _) = shop.run(&["replay", "--json", "--kind", "sale.finalized"]).await;
    let found: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, &found["changes"]), (0, &0.into()));
    assert!(found["compared"].as_u64().unwrap() >= 40, "{found}");
    let (status, told, _) = shop.run(&["replay", "--source", "stream"]).await;
    assert_eq!(status, 0, "{told}");
    assert!(told.trim_end().ends_with(" 0 changes"), "{told}");

    damage(
        shop.stack.pool(),
        "DELETE FROM cash_movement WHERE sale_id = (SELECT sale_id FROM sale WHERE entry_seq = 5)",
    )
    .await;
    let (status, told, complaints) = shop.run(&["replay"]).await;
    assert_eq!(status, 1, "{told}");
    assert!(told.contains(":5 of branch") && told.contains("cash_movement"), "{told}");
    assert!(told.trim_end().ends_with(" 1 changes"), "{told}");
    assert!(complaints.contains("the books lack effects"), "{complaints}");
    let (status, told, _) = shop.run(&["replay", "--from", "6"]).await;
    assert_eq!(status, 0, "it is before that: {told}");
    let (status, told, complaints) = shop.run(&["replay", "--repair"]).await;
    assert_eq!(status, 0, "{told}{complaints}");
    assert!(told.contains("1 rows of cash_movement written anew"), "{told}");
    let (status, told, _) = shop.run(&["replay", "--repair"]).await;
    assert!(status == 0 && told.trim_end().ends_with(" 0 changes"), "{told}");

    for wrong in [
        &["replay", "--from", "yesterday"][..],
        &["replay", "--repair", "--dry-run"],
        &["replay", "--facts"],
        &["replay", "--to-subject", "pos.1.x"],
        &["replay", "--to-subject", "books.x"],
        &["replay", "--to-subject", "feeds.>"],
        &["replay", "--branch", "here"],
    ] {
        let (status, _, complaints) = shop.run(wrong).await;
        assert_eq!(status, 2, "{wrong:?}: {complaints}");
    }
    let (status, _, complaints) = shop.run(&["replay", "--resume"]).await;
    assert!(status == 1 && complaints.contains("no interrupted replay"), "{complaints}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_consumer_is_fed_in_order_once_though_the_feed_is_killed() {
    let shop = Shop::open().await;
    let jetstream = shop.jetstream().await;
    let facts = ["replay", "--to-subject", "feeds.bi", "--facts", "--rate", "400"];
    let (status, _, complaints) = shop.run(&facts).await;
    assert!(status == 1 && complaints.contains("no stream takes"), "{complaints}");
    let subjects = vec!["feeds.>".to_owned()];
    let feed = stream::Config { name: "FEED".to_owned(), subjects, ..stream::Config::default() };
    jetstream.create_stream(feed.clone()).await.unwrap();

    let mut killed =
        shop.command(&facts).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("some facts are fed", BOUND, async || {
        let info = jetstream.get_stream("FEED").await.unwrap().cached_info().state.messages;
        (info > 0).then_some(())
    })
    .await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let other = ["replay", "--to-subject", "feeds.bi", "--resume"];
    let (status, _, complaints) = shop.run(&other).await;
    assert!(status == 1 && complaints.contains("something else"), "{complaints}");
    let resumed: Vec<&str> = facts.iter().copied().chain(["--resume", "--json"]).collect();
    let (status, told, complaints) = shop.run(&resumed).await;
    assert_eq!(status, 0, "{complaints}");
    assert!(serde_json::from_str::<Value>(&told).unwrap()["sent"].as_u64().unwrap() > 0, "{told}");

    let fed = everything(&jetstream, "FEED").await;
    assert_eq!(complaint(&fed), None, "without a gap, and nothing else in a place");
    let relayed = everything(&jetstream, "BOOKS").await;
    let fed_set: std::collections::BTreeSet<&Told> = fed.iter().collect();
    let relayed: std::collections::BTreeSet<&Told> = relayed.iter().collect();
    assert!(fed_set.is_subset(&relayed), "the same ids, places and bytes");
    assert!(fed.len() >= 80, "a sale and its number, of 40 at least: {}", fed.len());
    let of_one: Vec<u64> = {
        let most = fed.iter().map(|fact| &fact.source).max().unwrap();
        fed.iter().filter(|fact| &fact.source == most).map(|fact| fact.fact_seq).collect()
    };
    assert!(of_one.is_sorted(), "in order");

    jetstream.delete_stream("FEED").await.unwrap();
    jetstream.create_stream(feed).await.unwrap();
    let entries = ["replay", "--to-subject", "feeds.bi", "--kind", "sale.finalized", "--to", "20"];
    let (status, told, complaints) = shop.run(&entries).await;
    assert_eq!(status, 0, "{complaints}");
    assert!(told.contains("messages sent to feeds.bi"), "{told}");
    let fed = everything(&jetstream, "FEED").await;
    let sales = shop.count("SELECT count(*) FROM sale WHERE entry_seq <= 20").await;
    assert_eq!(i64::try_from(fed.len()).unwrap(), sales);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_streams_are_filled_again_from_the_books_with_the_same_ids() {
    let shop = Shop::open().await;
    let jetstream = shop.jetstream().await;
    let before = everything(&jetstream, "BOOKS").await;
    jetstream.delete_stream("BOOKS").await.unwrap();
    let (status, told, complaints) = shop.run(&["rebuild", "books"]).await;
    assert_eq!(status, 0, "{told}{complaints}");
    let after = everything(&jetstream, "BOOKS").await;
    assert_eq!(complaint(&after), None, "without a gap, and nothing else in a place");
    let same: std::collections::BTreeSet<&Told> = after.iter().collect();
    assert!(before.iter().all(|fact| same.contains(fact)), "the same ids, places and bytes");

    jetstream.delete_key_value("catalogue").await.unwrap();
    let (status, told, complaints) = shop.run(&["rebuild", "catalogue"]).await;
    assert_eq!(status, 0, "{told}{complaints}");
    let bucket = jetstream.get_key_value("catalogue").await.unwrap();
    let mut conn = shop.stack.pool().acquire().await.unwrap();
    let newest = store::catalogues::newest_of_all(&mut conn).await.unwrap();
    assert_eq!(newest.len(), 3);
    for branch in newest {
        let key = schemas::subjects::catalogue_key(branch.tenant_id, branch.branch_id);
        let held = bucket.get(key).await.unwrap().unwrap();
        let body = store::catalogues::by_reference(&mut conn, branch.branch_id, branch.reference);
        assert_eq!(held.to_vec(), body.await.unwrap().unwrap(), "byte for byte");
    }
    drop(conn);
    let (_, told, _) = shop.run(&["rebuild", "catalogue"]).await;
    assert!(!told.contains("was put there now"), "{told}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lost_its_middle_is_filled_although_its_newest_facts_are_there() {
    let shop = Shop::open().await;
    let jetstream = shop.jetstream().await;
    let before = everything(&jetstream, "BOOKS").await;
    // The relay sees nothing of it: it compares the newest facts.
    let mut held = jetstream.get_stream("BOOKS").await.unwrap();
    let keep = held.info().await.unwrap().state.last_sequence;
    held.purge().sequence(keep).await.unwrap();
    let sold = shop.count("SELECT count(*) FROM invoice").await;
    shop.numbered(sold + 5).await;
    let (status, told, complaints) = shop.run(&["rebuild", "books", "--json"]).await;
    assert_eq!(status, 0, "{told}{complaints}");
    let after = everything(&jetstream, "BOOKS").await;
    assert_eq!(complaint(&after), None, "without a gap, and nothing else in a place: {told}");
    let same: std::collections::BTreeSet<&Told> = after.iter().collect();
    assert!(before.iter().all(|fact| same.contains(fact)), "the same ids, places and bytes");
    let (status, told, _) = shop.run(&["rebuild", "books", "--json"]).await;
    let rows = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refilled: u64 = rows.map(|row| row["refilled"].as_u64().unwrap()).sum();
    assert_eq!((status, refilled), (0, 0), "the same again changes nothing: {told}");
    shop.close().await;
}
