//! A store that sells at its tills and online at once.

use futures::future::join_all;
use serde_json::json;

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
