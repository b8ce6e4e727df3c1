//! Sales that a paired client completed while it had no line: they happened, so they
//! are booked, with an exception where a request would have been refused.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::stage::Stage;

fn completed(mut request: Value, charged: Value) -> Value {
    request["offline"] = json!({ "completed_at": "2026-11-20T08:00:00Z", "charged": charged });
    request
}

#[tokio::test]
async fn a_fact_is_booked_whatever_would_have_refused_it() {
    let stage = Stage::without_edge().await;
    let app = &stage.app;
    let poor = stage.account(Decimal::ONE).await;
    let stranger = schemas::CustomerId::from_uuid(uuid::Uuid::now_v7());
    let cash = json!({ "method": "CASH", "received": { "amount": "20", "currency": "USD" } });
    let mut nowhere = app.cart(1, cash.clone());
    nowhere["cash_session_id"] = json!(uuid::Uuid::now_v7());
    let mut short = nowhere.clone();
    short["tender"]["received"]["amount"] = json!("0.05");
    let mut unknown = app.on_account(1, stage.customer);
    let tea = json!(uuid::Uuid::now_v7());
    unknown["cart"]["lines"][0]["menu_item_id"] = tea.clone();
    let charged = json!([{ "menu_item_id": tea, "name": "Iced tea", "price_usd": "1.75" }]);
    let khqr = app.cart(
        1,
        json!({
            "method": "KHQR", "md5": "d60f3db96913029a2af979a1662c1e72", "currency": "KHR",
            "proof": {
                "khqr_md5": "d60f3db96913029a2af979a1662c1e72",
                "khqr_hash": "8465d722d7d5065f2886f0a474a4d34dc6a7855355b611836f7b6111228893e9",
                "khqr_to_account_id": "shop@bank",
                "khqr_confirmed_at": "2026-11-20T07:59:58Z",
            },
        }),
    );
    let cases = [
        ("in-no-session", completed(nowhere, json!([])), "SESSION_NOT_OPEN"),
        ("too-little", completed(short, json!([])), "PRICE_MISMATCH"),
        ("not-on-the-menu", completed(unknown, charged), "PRICE_MISMATCH"),
        ("unproven", completed(khqr, json!([])), "KHQR_UNPROVEN"),
        ("beyond-limit", completed(app.on_account(1, poor), json!([])), "CREDIT_LIMIT_EXCEEDED"),
        ("no-account", completed(app.on_account(1, stranger), json!([])), "CREDIT_LIMIT_EXCEEDED"),
    ];
    for (ticket, request, _) in &cases {
        let booked = app.sell(ticket, request).await;
        assert_eq!(booked.status, 200, "{ticket}: {booked:?}");
        assert_eq!(app.sell(ticket, request).await, booked, "{ticket} again");
    }
    let mut conn = stage.world.books.pool.acquire().await.expect("the books answer");
    for (ticket, _, kind) in &cases {
        let raised: i64 = testkit::sqlx::query_scalar(
            "SELECT count(*) FROM exception WHERE ticket_id = $1 AND kind = $2",
        )
        .bind(ticket)
        .bind(kind)
        .fetch_one(&mut *conn)
        .await
        .expect("exceptions can be counted");
        assert_eq!(raised, 1, "{ticket}: {kind}");
    }
    let line = "SELECT name || ' ' || base_amount_usd FROM sale_line WHERE name LIKE 'Iced%'";
    assert_eq!(stage.text(line).await, "Iced tea 1.75");
    let at = "SELECT DISTINCT (finalized_at AT TIME ZONE 'UTC')::text FROM sale";
    assert_eq!(stage.text(at).await, "2026-11-20 08:00:00");
    assert_eq!(stage.count("SELECT count(*) FROM submission WHERE offline_completed").await, 6);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn what_the_client_charged_stands() {
    let stage = Stage::without_edge().await;
    let latte = testkit::sample_id::<schemas::MenuItemId>("latte");
    let charged = json!([{ "menu_item_id": latte, "name": "Latte, large", "price_usd": "9.99" }]);
    let fact = completed(stage.app.on_account(1, stage.customer), charged);
    let booked = stage.app.sell("dear", &fact).await;
    assert_eq!(booked.status, 200, "{booked:?}");
    let line = "SELECT name || ' ' || base_amount_usd FROM sale_line WHERE line_no = 1";
    assert_eq!(stage.text(line).await, "Latte, large 9.99");
    let told = "SELECT count(*) FROM exception WHERE kind = 'PRICE_MISMATCH'";
    assert_eq!(stage.count(told).await, 1);
    stage.world.books_are_right().await;
}
