//! A store that sells at its tills and online at once.

use futures::future::join_all;
use schemas::subjects::{DEFAULT_SHARDS, PosSubject, shard_of};
use serde_json::json;
use testkit::JournalWriter;

use crate::stage::Stage;

#[tokio::test]
async fn edge_and_direct_sales_are_one_series_without_a_gap() {
    let stage = Stage::beside_an_edge().await;
    let request = stage.app.on_account(1, stage.customer);
    let online = async {
        let tickets: Vec<String> = (1..=20).map(|n| format!("online-{n}")).collect();
        join_all(tickets.iter().map(|t| stage.app.sell_patiently(t, &request))).await
    };
    let (answers, counter) = futures::join!(online, stage.world.shops[0].till.sell_many(20));
    stage.world.shops[0].till.all_numbered().await;
    let mut numbers: Vec<u64> = answers.iter().map(tests::DoorAnswer::number).collect();
    for ticket in &counter {
        numbers.push(stage.world.shops[0].till.number_of(ticket).await);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<u64>>());
    let journals = "SELECT count(DISTINCT edge_id) FROM invoice";
    assert_eq!(stage.count(journals).await, 2, "the edge's journal, and the door's own");
    let told = "SELECT count(*) FROM outbox, unnest(kinds) AS kind WHERE kind = 'sale.finalized'";
    assert_eq!(stage.count(told).await, 40, "the edge hears of online orders too");
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn cash_is_the_edges() {
    let stage = Stage::beside_an_edge().await;
    let sold = stage.world.shops[0].till.sell().await;
    stage.world.shops[0].till.all_numbered().await;
    let session = stage.text("SELECT cash_session_id::text FROM cash_session").await;
    assert!(!session.is_empty(), "{sold:?}");
    let tender = json!({ "method": "CASH", "received": { "amount": "20", "currency": "USD" } });
    let mut request = stage.app.cart(1, tender);
    request["cash_session_id"] = json!(session);
    let refused = stage.app.sell("cash", &request).await;
    assert_eq!(refused.refusal(), (409, "cash_at_edge"));

    // The same, completed offline, is a fact: it happened.
    request["offline"] = json!({ "completed_at": "2026-11-20T08:00:00Z" });
    let booked = stage.app.sell("cash-fact", &request).await;
    assert_eq!(booked.status, 200, "{booked:?}");
    let told = "SELECT count(*) FROM exception WHERE kind = 'CASH_AT_EDGE'";
    assert_eq!(stage.count(told).await, 1);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_ticket_of_a_till_is_not_sold_again_online() {
    let stage = Stage::beside_an_edge().await;
    let sold = stage.world.shops[0].till.sell().await;
    stage.world.shops[0].till.all_numbered().await;
    let request = stage.app.on_account(1, stage.customer);
    let refused = stage.app.sell(sold.ticket_id.as_str(), &request).await;
    assert_eq!(refused.refusal(), (422, "ticket_conflict"));

    // Told as a fact it is kept in the journal, with an exception, and no sale.
    let online = stage.world.shops[0].till.sell().await;
    stage.world.shops[0].till.all_numbered().await;
    let mut fact = request.clone();
    fact["offline"] = json!({ "completed_at": "2026-11-20T08:00:00Z" });
    let refused = stage.app.sell(online.ticket_id.as_str(), &fact).await;
    assert_eq!(refused.refusal(), (422, "ticket_conflict"));
    let told = "SELECT count(*) FROM exception WHERE kind = 'TICKET_CONFLICT'";
    assert_eq!(stage.count(told).await, 1);
    assert_eq!(stage.count("SELECT count(*) FROM sale").await, 2);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn nobody_speaks_under_the_name_of_a_door_edge() {
    let stage = Stage::without_edge().await;
    let store = stage.world.company.stores[0].clone();
    let first = stage.app.sell("one", &stage.app.on_account(1, stage.customer)).await;
    assert_eq!(first.number(), 1, "{first:?}");
    // A whole journal of its own, which even begins where the door's begins.
    let edge_id = store::doors::door_edge(store.branch_id);
    let mut journal = JournalWriter::new(edge_id, &store.catalogue);
    let entries = [journal.open_session(), journal.sell().1, journal.sell().1];
    let bus = stage.world.bus().await;
    for entry in &entries {
        let subject = PosSubject {
            shard: shard_of(store.tenant_id, store.branch_id, DEFAULT_SHARDS),
            tenant_id: store.tenant_id,
            branch_id: store.branch_id,
            edge_id,
            kind: entry.kind.clone(),
        };
        let ack = bus::entries::publish(&bus, &subject, entry, 1).await;
        ack.expect("it is sent").wait().await.expect("the broker takes it");
    }
    for (number, ticket) in (2..).zip(["two", "three", "four"]) {
        let sold = stage.app.sell(ticket, &stage.app.on_account(1, stage.customer)).await;
        assert_eq!(sold.number(), number, "{sold:?}");
    }
    assert_eq!(stage.count("SELECT count(*) FROM sale").await, 4);
    let held = "SELECT count(*) FROM edge_cursor WHERE held_reason IS NOT NULL";
    assert_eq!(stage.count(held).await, 0, "a stranger holds nobody up");
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn verify_sees_what_is_damaged_at_the_door() {
    let damages = [
        "UPDATE customer_account SET balance_usd = balance_usd + 1",
        "DELETE FROM account_charge",
        "UPDATE account_charge SET amount_usd = amount_usd + 1",
        "DELETE FROM submission",
        "UPDATE submission SET entry_seq = 99",
        "UPDATE submission SET made_id = gen_random_uuid()",
    ];
    let stage = Stage::without_edge().await;
    let sold = stage.app.sell("one", &stage.app.on_account(1, stage.customer)).await;
    assert_eq!(sold.status, 200, "{sold:?}");
    stage.world.books_are_right().await;
    let pool = &stage.world.books.pool;
    for damage in damages {
        let copies = "CREATE TABLE kept_a AS TABLE customer_account;
                      CREATE TABLE kept_c AS TABLE account_charge;
                      CREATE TABLE kept_s AS TABLE submission";
        testkit::damage(pool, copies).await;
        testkit::damage(pool, damage).await;
        let failed = stage.world.failed_checks().await;
        assert!(failed.iter().any(|check| check.name == "door"), "{damage}: {failed:?}");
        let restored = "DELETE FROM customer_account; DELETE FROM account_charge;
             DELETE FROM submission;
             INSERT INTO customer_account SELECT * FROM kept_a;
             INSERT INTO account_charge SELECT * FROM kept_c;
             INSERT INTO submission OVERRIDING SYSTEM VALUE SELECT * FROM kept_s;
             DROP TABLE kept_a, kept_c, kept_s";
        testkit::damage(pool, restored).await;
    }
    stage.world.books_are_right().await;
}
