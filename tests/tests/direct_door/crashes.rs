//! Whatever dies between a request and its answer: one sale, one invoice.

use std::time::Instant;

use futures::future::join_all;
use rust_decimal::Decimal;
use testkit::{BOUND, wait_until};

use crate::stage::Stage;

#[tokio::test]
async fn a_worker_that_dies_before_its_commit_leaves_the_sale_to_the_next() {
    worker_dies_at("door.before_commit").await;
}

#[tokio::test]
async fn a_worker_that_dies_between_commit_and_answer_leaves_one_invoice() {
    worker_dies_at("door.after_commit").await;
}

async fn worker_dies_at(failpoint: &str) {
    let mut stage = Stage::without_edge().await;
    let plan = stage.world.centre.plan("workers").failpoint(&format!("{failpoint}=return"));
    stage.world.centre.workers.kill();
    let dying = tokio::sync::Mutex::new(plan.start());
    let request = stage.app.on_account(2, stage.customer);
    let (app, waits) = (stage.app.clone(), request.clone());
    let first = tokio::spawn(async move { app.sell_patiently("once", &waits).await });
    wait_until("the worker is dead", BOUND, async || {
        (!dying.lock().await.is_running()).then_some(())
    })
    .await;
    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    let first = first.await.expect("a client");
    assert_eq!((first.status.as_u16(), first.number()), (200, 1), "{first:?}");
    assert_eq!(stage.app.sell("once", &request).await, first);
    assert_eq!(stage.count("SELECT count(*) FROM sale").await, 1);
    assert_eq!(stage.count("SELECT count(*) FROM account_charge").await, 1);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn what_takes_longer_is_told_where_to_ask() {
    let mut stage = Stage::without_edge().await;
    stage.world.centre.workers.kill();
    let request = stage.app.on_account(1, stage.customer);
    let began = Instant::now();
    let kept = stage.app.sell("slow/ticket?", &request).await;
    assert_eq!(kept.status, 202, "{kept:?}");
    assert!(began.elapsed().as_millis() >= 2_900, "it waited {:?}", began.elapsed());
    assert_eq!(kept.json["state"], "PENDING");
    let address = kept.location.expect("an address");
    assert_eq!(kept.json["status_url"], address);
    assert_eq!(stage.app.get(&address).await.status, 202);

    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    let sold = wait_until("the sale has its invoice", BOUND, async || {
        Some(stage.app.get(&address).await).filter(|answer| answer.status == 200)
    })
    .await;
    assert_eq!((sold.number(), &sold.json["ticketId"]), (1, &"slow/ticket?".into()));
    assert_eq!(
        stage.app.sell("slow/ticket?", &request).await.json["invoice"],
        sold.json["invoice"]
    );
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_door_that_restarts_while_a_sale_is_pending_loses_nothing() {
    let mut stage = Stage::without_edge().await;
    stage.world.centre.workers.kill();
    let request = stage.app.on_account(1, stage.customer);
    let (app, waits) = (stage.app.clone(), request.clone());
    let hung = tokio::spawn(async move { app.try_post("/pos/sale", "kept", &waits).await });
    wait_until("the sale is kept", BOUND, async || {
        (stage.count("SELECT count(*) FROM submission").await == 1).then_some(())
    })
    .await;
    stage.world.centre.ingest.kill();
    assert_eq!(hung.await.expect("a client"), None, "nobody answered");

    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    stage.world.numbered(1).await;
    let listen = stage.world.centre.listen.clone();
    stage.world.centre.ingest =
        stage.world.centre.plan("ingest").setting("listen", &listen).start();
    let sold = stage.app.sell_patiently("kept", &request).await;
    assert_eq!((sold.status.as_u16(), sold.number()), (200, 1), "{sold:?}");
    assert_eq!(stage.count("SELECT count(*) FROM sale").await, 1);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn twenty_sales_at_once_cannot_pass_a_limit_together() {
    let stage = Stage::without_edge().await;
    let price = stage.app.sell("price", &stage.app.on_account(1, stage.customer)).await;
    let cents = price.json["invoice"]["total_cents"].as_i64().expect("a total");
    // Room for seven, and not for an eighth.
    let limit = Decimal::new(cents * 8 - 1, 2);
    let customer = stage.account(limit).await;
    let request = stage.app.on_account(1, customer);
    let tickets: Vec<String> = (1..=20).map(|n| format!("rush-{n}")).collect();
    let answers = join_all(tickets.iter().map(|t| stage.app.sell_patiently(t, &request))).await;
    let sold = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|a| a.refusal() == (409, "credit_limit_exceeded")).count();
    assert_eq!((sold, refused), (7, 13));
    let mut numbers: Vec<u64> = answers.iter().map(tests::DoorAnswer::number).collect();
    numbers.retain(|number| *number > 0);
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=8).collect::<Vec<u64>>());
    let over = "SELECT count(*) FROM customer_account WHERE balance_usd > credit_limit_usd";
    assert_eq!(stage.count(over).await, 0);
    assert_eq!(stage.count("SELECT count(*) FROM exception").await, negative_stock(&stage).await);
    stage.world.books_are_right().await;
}

/// Nothing was received, so what is sold may be below zero; that alone is told.
async fn negative_stock(stage: &Stage) -> i64 {
    stage.count("SELECT count(*) FROM exception WHERE kind = 'STOCK_NEGATIVE'").await
}
