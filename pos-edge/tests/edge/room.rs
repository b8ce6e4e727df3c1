//! A disk that fills up: said long before, refused before it is answered, and nothing
//! that was answered is lost; reading goes on, and selling comes back by itself.

use std::collections::BTreeSet;

use schemas::{ManualClock, requests::StorageLevel};
use serde_json::{Value, json};
use testkit::scratch_dir;

use crate::{
    hands::{Hand, Shift},
    small_disk::SmallDisk,
    store::{OPENING, Store, Till, identity, settings},
};

const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn a_full_journal_refuses_and_comes_back_without_a_restart() {
    let store = Store::with_menu().await.restart_with(|limits| limits.room.reserve_bytes = 0).await;
    let session = store.till.open_session().await;
    store.till.sell("t0", &session).await.ok(201);
    let bytes = store.journal.storage().journal_bytes;
    store.journal.limit_bytes(Some(bytes)).await.unwrap();
    let mut sold = 1;
    let refused = loop {
        let reply = store.till.sell(&format!("t{sold}"), &session).await;
        if reply.status != 201 {
            break reply;
        }
        sold += 1;
        assert!(sold < 10_000, "a bound of {bytes} bytes does not hold");
    };
    assert_eq!(refused.problem(507), "storage_full");
    let status = store.till.get("/v1/sync").await.ok(200);
    assert_eq!(status["captured"], sold, "what was refused was not captured");
    let list = store.till.get("/v1/tickets?limit=500").await.ok(200);
    assert_eq!(list["tickets"].as_array().unwrap().len() as u64, sold.min(500));
    store.till.get("/v1/sales/t0").await.ok(200);
    // Refused as one, however many ask at once.
    let more: Vec<String> = (0..16).map(|n| format!("m{n}")).collect();
    let attempts = more.iter().map(|ticket| store.till.sell(ticket, &session));
    let replies = futures::future::join_all(attempts).await;
    assert!(replies.iter().any(|reply| reply.status == 507));

    store.journal.limit_bytes(None).await.unwrap();
    store.till.sell(&format!("t{sold}"), &session).await.ok(201);
    let entries = store.journal.entries_after(0, 10_000, 1 << 30).await.unwrap();
    assert_eq!(entries.len() as u64, store.journal.head().borrow().seq, "chained and whole");
    let store = store.restart().await;
    store.till.sell("last", &session).await.ok(201);
}

#[tokio::test]
async fn below_the_reserve_only_new_sales_are_refused() {
    let shift = Shift::begin().await;
    let order = shift.sell("t0").await;
    shift.sell("t1").await;
    let (store, session) = (&shift.store, &shift.session);
    // Eight MiB are left, which is less than is kept.
    let bytes = store.journal.storage().journal_bytes;
    store.journal.limit_bytes(Some(bytes + 8 * MIB)).await.unwrap();
    let refused = shift.sokha.sell("t2", session).await;
    assert_eq!(refused.problem(507), "storage_full");
    let why = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("Nothing was sold") && why.contains("Free some room"), "{why}");
    let status = shift.sokha.get("/v1/sync").await.ok(200);
    assert_eq!((&status["storageLevel"], &status["ticketsLeft"]), (&json!("full"), &json!(0)));
    assert_eq!(status["usedBytes"], status["capacityBytes"]);
    // What was sold is answered again, and all that is no new sale goes on.
    assert_eq!(shift.sokha.sell("t0", session).await.headers["idempotent-replayed"], "true");
    shift.sokha.move_order(&order, "READY", "ready").await.ok(200);
    let void = shift.sokha.asked_void("t1").await;
    shift.maly.approve(&void, "a").await.ok(200);
    let movement = json!({ "kind": "PAID_IN", "currency": "USD", "amount": "1", "reason": "x" });
    let path = format!("/v1/cash-sessions/{session}/movements");
    shift.sokha.post(&path, "in", &movement).await.ok(201);
    shift.sokha.close(session, "close").await.ok(200);
    let late = shift.sokha.sell_late("t3", session, "2026-01-05T01:00:00Z").await;
    assert_eq!(late.problem(507), "storage_full");

    // No line all along: what was refused for want of room was attempted, repeats were not.
    let outages = shift.sokha.get("/v1/sync").await.ok(200)["outages"].clone();
    assert_eq!((&outages["attempted"], &outages["finalized"]), (&json!(4), &json!(2)));

    store.journal.limit_bytes(None).await.unwrap();
    shift.sokha.sell_late("t3", session, "2026-01-05T01:00:00Z").await.ok(201);
    let next = shift.sokha.open("session-2").await;
    shift.sokha.sell("t2", &next).await.ok(201);
}

/// The keys of those notifications of a manager's that are about room.
async fn told_of_room(maly: &Hand) -> Vec<(String, u64)> {
    let page = maly.get("/v1/notifications").await.ok(200);
    let told = page["notifications"].as_array().unwrap().iter().rev();
    told.filter(|notice| notice["void_request_id"].is_null())
        .map(|notice| {
            let key = notice["key"].as_str().unwrap().split(':').next().unwrap().to_owned();
            (key, notice["tickets_left"].as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn managers_are_told_once_of_each_level() {
    let shift = Shift::begin().await;
    let journal = &shift.store.journal;
    // Before enough were sold, 6 KiB are assumed for each; 64 MiB are kept.
    let leave = async |tickets: u64| {
        let used = journal.storage().used_bytes;
        journal.limit_bytes(Some(used + 64 * MIB + tickets * 6 * 1024)).await.unwrap();
        journal.tell_level(journal.storage()).await.unwrap();
        journal.tell_level(journal.storage()).await.unwrap();
        journal.storage().level
    };
    assert_eq!(leave(6_000).await, StorageLevel::Ok);
    assert_eq!(told_of_room(&shift.maly).await, []);
    assert_eq!(leave(4_000).await, StorageLevel::Low);
    assert_eq!(leave(3_000).await, StorageLevel::Low);
    assert_eq!(leave(300).await, StorageLevel::Critical);
    assert_eq!(leave(4_900).await, StorageLevel::Low, "better is nothing to tell of");
    assert_eq!(leave(5_200).await, StorageLevel::Low, "not yet well above the threshold");
    assert_eq!(leave(9_000).await, StorageLevel::Ok);
    assert_eq!(leave(100).await, StorageLevel::Critical, "again");
    let told = told_of_room(&shift.maly).await;
    let keys: Vec<&str> = told.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["STORAGE_LOW", "STORAGE_CRITICAL", "STORAGE_CRITICAL"]);
    assert!((3_900..=4_000).contains(&told[0].1), "{told:?}");
    assert_eq!(told_of_room(&shift.sokha).await, [], "no cashier's matter");
    // A restart is no crossing.
    let shift = shift.restart().await;
    let again = told_of_room(&shift.maly).await;
    assert_eq!(again, told);
}

/// What became of sales on a disk that fills up.
struct Sold {
    /// The tickets that were answered.
    sold: Vec<String>,
    /// Those that were refused.
    refused: Vec<String>,
    /// Whether a write failed: the disk refused, and not the edge before.
    by_the_disk: bool,
}

/// An edge on a small disk with a till of each name, and a session of each.
struct Small {
    store: Store,
    tills: Vec<(Till, String)>,
    disk: SmallDisk,
}

impl Small {
    async fn start(disk: SmallDisk, reserve: u64) -> Self {
        let (identity, clock) = (identity(), ManualClock::at(OPENING));
        pos_edge::enrol(&disk.edge(), identity, &clock).await.unwrap();
        let mut settings = settings(&disk.edge(), identity);
        settings.limits.room.reserve_bytes = reserve;
        let store = Store::start_with(settings, scratch_dir(), clock).await;
        store.publish(1, |_| {}).await;
        let mut tills = Vec::new();
        for (device, staff) in [("Counter 1", "Sokha"), ("Counter 2", "Dara")] {
            let till = store.at(device, staff).await;
            let body = crate::store::session_of(device, staff);
            let opened = till.post("/v1/cash-sessions", staff, &body).await.ok(201);
            tills.push((till, opened["cash_session_id"].as_str().unwrap().to_owned()));
        }
        Self { store, tills, disk }
    }

    /// Everyone sells, several at once, until all are refused; the tickets that were
    /// answered and those that were refused.
    async fn sell_until_full(&self, round: &str, most: usize) -> Sold {
        let (mut sold, mut refused, mut by_the_disk) = (Vec::new(), Vec::new(), false);
        for step in 0.. {
            let mut tries = Vec::new();
            for (no, (till, session)) in self.tills.iter().enumerate() {
                for at_once in 0..16 {
                    let ticket = format!("{round}-{no}-{step}-{at_once}");
                    let body = sale_of(no, session);
                    tries.push(async move {
                        let reply = till.post("/v1/sales", &ticket, &body).await;
                        (ticket, reply)
                    });
                }
            }
            let before = sold.len();
            for (ticket, reply) in futures::future::join_all(tries).await {
                if reply.status == 201 {
                    sold.push(ticket);
                } else {
                    // Not every failing write says that it is for want of room.
                    let code = reply.json()["code"].as_str().unwrap().to_owned();
                    assert!(["storage_full", "storage_failed"].contains(&code.as_str()), "{code}");
                    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
                    by_the_disk |= !detail.contains("Free some room");
                    refused.push(ticket);
                }
            }
            assert!(sold.len() < most, "the disk does not fill up");
            if sold.len() == before {
                break;
            }
        }
        Sold { sold, refused, by_the_disk }
    }

    async fn has(&self, tickets: &[String]) {
        for ticket in tickets {
            self.tills[0].0.get(&format!("/v1/sales/{ticket}")).await.ok(200);
        }
    }
}

fn sale_of(till: usize, session: &str) -> Value {
    let mut sale = crate::store::sale_in(session);
    let device = if till == 0 { "Counter 1" } else { "Counter 2" };
    sale["device_id"] = json!(testkit::sample_id::<schemas::DeviceId>(device));
    sale
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_disk_says_how_many_sales_fit_and_then_refuses_cleanly() {
    let Some(disk) = SmallDisk::of(34) else { return };
    let small = Small::start(disk, 24 * MIB).await;
    for n in 0..320 {
        let (till, session) = &small.tills[n % 2];
        let body = sale_of(n % 2, session);
        till.post("/v1/sales", &format!("first-{n}"), &body).await.ok(201);
    }
    let said = small.store.journal.storage();
    let Sold { sold, refused, by_the_disk } = small.sell_until_full("more", 20_000).await;
    assert!(!by_the_disk, "it never comes to that");
    let (said, fitted) = (said.tickets_left, sold.len() as u64);
    assert!(
        (said * 7 / 10..=said * 13 / 10).contains(&fitted),
        "{said} were said to fit, and {fitted} did"
    );
    let (till, session) = &small.tills[0];
    let reply = till.post("/v1/sales", &refused[0], &sale_of(0, session)).await;
    assert_eq!(reply.problem(507), "storage_full");
    assert!(small.disk_free() > 2 * MIB, "there is room for what must go on");
    let counted = json!({ "counted_usd": "50.00", "counted_khr": "200000" });
    let (dara, hers) = &small.tills[1];
    dara.post(&format!("/v1/cash-sessions/{hers}/close"), "close", &counted).await.ok(200);

    small.disk.resize(64);
    // The same ticket, and no restart.
    let of_sokha: Vec<&String> =
        refused.iter().filter(|ticket| ticket.starts_with("more-0")).collect();
    for ticket in &of_sokha {
        till.post("/v1/sales", ticket, &sale_of(0, session)).await.ok(201);
    }
    small.has(&sold[..200]).await;
    let captured = small.store.journal.sync_counts().await.unwrap().captured;
    assert_eq!(captured as usize, 320 + sold.len() + of_sokha.len());
}

impl Small {
    fn disk_free(&self) -> u64 {
        self.store.journal.storage().free_bytes
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_something_else_fills_loses_no_answered_sale() {
    let Some(disk) = SmallDisk::of(24) else { return };
    // Nothing is kept: the disk itself refuses, in the middle of what is written.
    let small = Small::start(disk, 0).await;
    let mut all: BTreeSet<String> = BTreeSet::new();
    let mut failed_writes = 0;
    for round in 0..3 {
        let selling = format!("r{round}");
        let (Sold { sold, refused, by_the_disk }, ()) =
            futures::future::join(small.sell_until_full(&selling, 20_000), small.disk.fill()).await;
        failed_writes += u32::from(by_the_disk);
        small.has(&sold).await;
        let shown = small.tills[0].0.get("/v1/tickets?limit=5").await.ok(200);
        assert!(shown["tickets"].is_array(), "reading goes on");
        all.extend(sold);
        small.disk.unfill();
        small.disk.resize(24 + (round + 1) * 24);
        for ticket in refused.iter().take(8) {
            let no = usize::from(!ticket.starts_with(&format!("r{round}-0")));
            let (till, session) = &small.tills[no];
            till.post("/v1/sales", ticket, &sale_of(no, session)).await.ok(201);
            all.insert(ticket.clone());
        }
    }
    assert!(failed_writes > 0, "no write met a full disk");
    let Small { store, disk, .. } = small;
    let identity = store.identity;
    let captured = store.journal.sync_counts().await.unwrap().captured;
    assert_eq!(captured as usize, all.len(), "one sale for each ticket that was answered");
    let closed = store.stop().await;
    let settings = settings(&disk.edge(), identity);
    let store = Store::start_with(settings, closed.dir, closed.clock).await;
    let entries = store.journal.entries_after(0, 1_000_000, 1 << 30).await.unwrap();
    assert_eq!(entries.len() as u64, store.journal.head().borrow().seq, "chained and whole");
    assert_eq!(store.journal.sync_counts().await.unwrap().captured, captured);
    store.stop().await;
}
