//! A sale: its invoice, its retries, and what is refused, each for good.

use rust_decimal::Decimal;
use schemas::back_office::Scope;
use serde_json::{Value, json};
use testkit::{BOUND, wait_until};

use crate::stage::Stage;

const REFUSED_FACTS: &str = "SELECT count(*) FROM outbox, unnest(kinds) AS kind
                             WHERE kind = 'sale.refused'";

#[tokio::test]
async fn a_sale_on_account_has_its_invoice_and_every_retry_the_same() {
    let stage = Stage::without_edge().await;
    let mut request = stage.app.on_account(2, stage.customer);
    request["ticketId"] = json!("order-1");
    let sold = stage.app.sell("order-1", &request).await;
    assert_eq!(sold.status, 200, "{sold:?}");
    assert_eq!(sold.number(), 1);
    assert_eq!(sold.json["ticketId"], "order-1");
    let invoice = &sold.json["invoice"];
    assert_eq!(invoice["customer_id"], json!(stage.customer));
    // 2.50 + 2 × 0.50 (or what the menu says), less 10 %, with 10 % VAT.
    let cents = stage.count("SELECT (grand_total_usd * 100)::bigint FROM invoice").await;
    assert_eq!(invoice["total_cents"], json!(cents));
    assert!(cents > 0);

    for _ in 0..3 {
        assert_eq!(stage.app.sell("order-1", &request).await, sold);
    }
    // Quoted as a structured string, and without the ticket in the body.
    request.as_object_mut().expect("an object").remove("ticketId");
    let bare = stage.app.sell("\"order-1\"", &request).await;
    assert_eq!(bare.json["invoice"], sold.json["invoice"]);
    assert_eq!(bare.json["ticketId"], Value::Null);

    assert_eq!(stage.count("SELECT count(*) FROM sale").await, 1);
    let kept = "SELECT tender_method || ' ' || (cash_session_id IS NULL)::text FROM sale";
    assert_eq!(stage.text(kept).await, "ACCOUNT true");
    let owed = "SELECT (balance_usd * 100)::bigint FROM customer_account";
    assert_eq!(stage.count(owed).await, cents);
    assert_eq!(stage.count("SELECT count(*) FROM account_charge").await, 1);
    for activity in ["pos.sale.created", "pos.sale.synced"] {
        let told = format!("{activity} is audited");
        wait_until(&told, BOUND, async || {
            let all = stage.text("SELECT string_agg(activity, ' ') FROM audit_log").await;
            all.contains(activity).then_some(())
        })
        .await;
    }
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn header_and_body_name_one_ticket_and_one_payload_has_it() {
    let stage = Stage::without_edge().await;
    let mut request = stage.app.on_account(1, stage.customer);
    request["ticketId"] = json!("order-2");
    let mismatch = stage.app.sell("order-3", &request).await;
    assert_eq!(mismatch.refusal(), (422, "ticket_mismatch"));
    assert_eq!(stage.count("SELECT count(*) FROM submission").await, 0);

    let sold = stage.app.sell("order-2", &request).await;
    assert_eq!(sold.status, 200);
    let other = stage.app.on_account(5, stage.customer);
    for _ in 0..2 {
        let refused = stage.app.sell("order-2", &other).await;
        assert_eq!(refused.refusal(), (422, "ticket_conflict"));
    }
    assert_eq!(stage.app.sell("order-2", &request).await, sold, "the first outcome stands");
    assert_eq!(stage.count(REFUSED_FACTS).await, 1, "the same refusal is told once");
    let audited = "SELECT count(*) FROM audit_log WHERE activity = 'pos.sale.refused'";
    assert_eq!(stage.count(audited).await, 1);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn each_refusal_has_its_code_is_told_and_is_final() {
    let stage = Stage::without_edge().await;
    let app = &stage.app;
    let poor = stage.account(Decimal::ONE).await;
    let stranger = schemas::CustomerId::from_uuid(uuid::Uuid::now_v7());
    let cash = |amount: &str| json!({ "method": "CASH", "received": { "amount": amount, "currency": "USD" } });
    let mut closed = app.cart(1, cash("20"));
    closed["cash_session_id"] = json!(uuid::Uuid::now_v7());
    let mut unknown = app.on_account(1, stage.customer);
    unknown["cart"]["lines"][0]["menu_item_id"] = json!(uuid::Uuid::now_v7());
    let mut add_on = app.on_account(1, stage.customer);
    add_on["cart"]["lines"][1]["add_on_ids"] = json!([uuid::Uuid::now_v7()]);
    let mut empty = app.on_account(1, stage.customer);
    empty["cart"]["lines"] = json!([]);
    let khqr = json!({ "method": "KHQR", "md5": "d60f3db96913029a2af979a1662c1e72",
                       "currency": "USD" });
    let cases = [
        ("cash-without-session", app.cart(1, cash("20")), 409, "no_open_session"),
        ("cash-in-no-session", closed, 409, "no_open_session"),
        ("unproven", app.cart(1, khqr), 409, "khqr_unproven"),
        ("unknown-item", unknown, 422, "unknown_item"),
        ("unknown-add-on", add_on, 422, "unknown_item"),
        ("empty", empty, 422, "invalid_cart"),
        ("no-account", app.on_account(1, stranger), 409, "no_account"),
        ("beyond-limit", app.on_account(1, poor), 409, "credit_limit_exceeded"),
    ];
    for (ticket, request, status, code) in &cases {
        let refused = app.sell(ticket, request).await;
        assert_eq!(refused.refusal(), (*status, *code), "{ticket}: {refused:?}");
        assert!(refused.json["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    // Now there is room; the refusal stands all the same.
    let limit = "UPDATE customer_account SET credit_limit_usd = 500";
    testkit::sqlx::query(limit).execute(&stage.world.books.pool).await.expect("a new limit");
    let again = app.sell("beyond-limit", &app.on_account(1, poor)).await;
    assert_eq!(again.refusal(), (409, "credit_limit_exceeded"));
    assert_eq!(app.sell("beyond-limit-2", &app.on_account(1, poor)).await.status, 200);

    let count = i64::try_from(cases.len()).expect("a few");
    assert_eq!(stage.count(REFUSED_FACTS).await, count);
    let audited = "SELECT count(*) FROM audit_log WHERE activity = 'pos.sale.refused'
                   AND meta ? 'ticketId' AND meta ? 'code'";
    assert_eq!(stage.count(audited).await, count);
    assert_eq!(stage.count("SELECT count(*) FROM sale").await, 1);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn what_cannot_be_a_request_is_not_kept() {
    let stage = Stage::without_edge().await;
    let sells = Stage::client(&stage.world, &[Scope::SalesWrite]).await;
    let reads = Stage::client(&stage.world, &[Scope::BooksRead]).await;
    let request = sells.on_account(1, stage.customer);
    assert_eq!(reads.sell("a", &request).await.refusal(), (403, "scope_missing"));
    let mut fact = request.clone();
    fact["offline"] = json!({ "completed_at": "2026-11-20T08:00:00Z" });
    assert_eq!(sells.sell("b", &fact).await.refusal(), (403, "scope_missing"));
    let nobody = sells.cart(1, json!({ "method": "ACCOUNT" }));
    assert_eq!(sells.sell("c", &nobody).await.refusal(), (409, "no_account"));
    let mut odd = request.clone();
    odd["tip"] = json!(1);
    assert_eq!(sells.sell("d", &odd).await.refusal(), (422, "invalid_body"));
    let mut elsewhere = request.clone();
    elsewhere["branch_id"] = json!(uuid::Uuid::now_v7());
    assert_eq!(sells.sell("e", &elsewhere).await.refusal(), (404, "no_such_branch"));
    assert_eq!(sells.sell("x".repeat(129).as_str(), &request).await.status, 400);
    assert_eq!(stage.count("SELECT count(*) FROM submission").await, 0);
    let nothing = sells.get(&format!("/pos/submissions/{}", uuid::Uuid::now_v7())).await;
    assert_eq!(nothing.refusal(), (404, "no_such_submission"));
}

#[tokio::test]
async fn an_account_is_opened_charged_and_limited() {
    let stage = Stage::without_edge().await;
    let app = &stage.app;
    let customer = schemas::CustomerId::from_uuid(uuid::Uuid::now_v7());
    let path = format!("/v1/house-accounts/{customer}");
    assert_eq!(app.get(&path).await.status, 404);
    let account = |limit: &str| json!({ "name": "Chan", "credit_limit_usd": limit });
    assert_eq!(app.put(&path, &account("-1")).await.refusal(), (400, "bad_parameter"));
    assert_eq!(app.put(&path, &account("0")).await.status, 200);
    let refused = app.sell("nothing-yet", &app.on_account(1, customer)).await;
    assert_eq!(refused.refusal(), (409, "credit_limit_exceeded"));
    assert_eq!(app.put(&path, &account("100")).await.status, 200);
    let sold = app.sell("now", &app.on_account(1, customer)).await;
    assert_eq!(sold.status, 200, "{sold:?}");
    let owes = app.get(&path).await;
    assert_eq!(owes.json["balance_usd"], sold.json["invoice"]["grand_total_usd"]);
    assert_eq!(owes.json["credit_limit_usd"], "100.00");
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'HOUSE_ACCOUNT_CHANGED'";
    assert_eq!(stage.count(audited).await, 2);
    stage.world.books_are_right().await;
}
