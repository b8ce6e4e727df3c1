//! Whose a cash session is at the direct door: who sells in it, who may close it, and
//! what a sale may not claim of it.

use schemas::{Clock, DeviceId, SystemClock, catalogue::CatalogueV1};
use serde_json::{Value, json};
use testkit::sample_id;

use crate::{
    staffed::{Day, staff},
    stage::Stage,
};

const EXCEPTIONS: &str = "SELECT COALESCE(string_agg(kind, ' ' ORDER BY kind), '') FROM exception
                          WHERE kind <> 'STOCK_NEGATIVE'";

fn completed(mut request: Value, at: schemas::Timestamp) -> Value {
    request["offline"] = json!({ "completed_at": at });
    request
}

#[tokio::test]
async fn only_its_own_person_sells_in_a_session_and_only_on_its_till() {
    let day = Day::begin().await;
    let mut hers = day.cash("20", "USD");
    hers["cashier_id"] = json!(staff("Bopha"));
    assert_eq!(day.stage.app.sell("hers", &hers).await.refusal(), (409, "no_open_session"));
    let mut there = day.cash("20", "USD");
    there["device_id"] = json!(sample_id::<DeviceId>("Counter 2"));
    assert_eq!(day.stage.app.sell("there", &there).await.refusal(), (409, "no_open_session"));
    let mut unknown = day.stage.app.on_account(1, day.stage.customer);
    unknown["cashier_id"] = json!(staff("Nobody"));
    assert_eq!(day.stage.app.sell("unknown", &unknown).await.refusal(), (422, "unknown_staff"));
    let mut nowhere = day.stage.app.on_account(1, day.stage.customer);
    nowhere["device_id"] = json!(sample_id::<DeviceId>("Counter 9"));
    assert_eq!(day.stage.app.sell("nowhere", &nowhere).await.refusal(), (422, "unknown_device"));
    assert_eq!(day.stage.count("SELECT count(*) FROM sale").await, 0);
    assert_eq!(day.stage.count("SELECT count(*) FROM cash_movement").await, 0);

    let mut own = day.cash("20", "USD");
    own["cashier_id"] = json!(staff("Sokha"));
    own["device_id"] = json!(sample_id::<DeviceId>("Counter 1"));
    assert_eq!(day.stage.app.sell("own", &own).await.status, 200);
    let cashier = day.stage.text("SELECT cashier_id::text FROM sale").await;
    assert_eq!(cashier, staff("Sokha").to_string());
    // Each person has one on each till.
    assert_eq!(day.open("second", "Sokha", "Counter 2").await.status, 200);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_cashier_acts_on_what_was_sold_in_their_own_session() {
    let day = Day::begin().await;
    let sale = day.sell("a").await;
    let bopha = json!({ "sale_id": sale, "staff_id": staff("Bopha"), "reason": "cold" });
    let refused = day.post("/pos/voids", "hers", bopha).await;
    assert_eq!(refused.refusal(), (403, "not_permitted"));
    let order = day.stage.text("SELECT order_id::text FROM sale_order").await;
    let ready = |who: &str| json!({ "order_id": order, "staff_id": staff(who), "to": "READY" });
    let refused = day.post("/pos/orders/status", "her-order", ready("Bopha")).await;
    assert_eq!(refused.refusal(), (403, "not_permitted"));
    assert_eq!(day.post("/pos/orders/status", "a-manager", ready("Dara")).await.status, 200);

    // An online order is nobody's own: whoever stands in the kitchen moves it.
    let online = day.stage.app.on_account(1, day.stage.customer);
    assert_eq!(day.stage.app.sell("online", &online).await.status, 200);
    let online = "SELECT order_id::text FROM sale_order JOIN sale USING (sale_id)
                  WHERE ticket_id = 'online'";
    let online = day.stage.text(online).await;
    let moved = json!({ "order_id": online, "staff_id": staff("Bopha"), "to": "READY" });
    assert_eq!(day.post("/pos/orders/status", "online-ready", moved).await.status, 200);
    assert_eq!(day.stage.count("SELECT count(*) FROM void_request").await, 0);
    let ready = "SELECT count(*) FROM sale_order WHERE status = 'READY'";
    assert_eq!(day.stage.count(ready).await, 2);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_manager_closes_what_somebody_left_open() {
    let day = Day::begin().await;
    day.sell("a").await;
    // Sokha works here no more.
    let mut menu: CatalogueV1 =
        serde_json::from_slice(&day.stage.world.company.stores[0].catalogue).expect("a menu");
    menu.staff.retain(|person| person.staff_id != staff("Sokha"));
    let mut conn = day.stage.world.books.pool.acquire().await.expect("the books answer");
    store::catalogues::publish(&mut conn, menu, SystemClock.now()).await.expect("a new menu");
    drop(conn);
    assert_eq!(day.close("gone", "Sokha").await.refusal(), (422, "unknown_staff"));
    assert_eq!(day.close("cashier", "Bopha").await.refusal(), (403, "not_permitted"));
    assert_eq!(day.close("manager", "Dara").await.status, 200);
    let by = "SELECT closed_by::text FROM cash_session WHERE status = 'CLOSED'";
    assert_eq!(day.stage.text(by).await, staff("Dara").to_string());
    assert_eq!(day.stage.count("SELECT sale_count FROM z_report").await, 1);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn what_was_completed_after_the_close_is_no_supplement() {
    let day = Day::begin().await;
    let in_time = SystemClock.now();
    assert_eq!(day.close("close", "Sokha").await.status, 200);
    let after = completed(day.cash("20", "USD"), SystemClock.now());
    assert_eq!(day.stage.app.sell("after", &after).await.status, 200);
    assert_eq!(day.stage.count("SELECT count(*) FROM z_supplement").await, 0);
    assert_eq!(day.stage.text(EXCEPTIONS).await, "SESSION_NOT_OPEN");
    let before = completed(day.cash("20", "USD"), in_time);
    assert_eq!(day.stage.app.sell("before", &before).await.status, 200);
    assert_eq!(day.stage.count("SELECT count(*) FROM z_supplement").await, 1);
    assert_eq!(day.stage.text(EXCEPTIONS).await, "LATE_SALE SESSION_NOT_OPEN");
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn cash_that_was_taken_in_no_session_is_booked_and_told() {
    let day = Day::begin().await;
    let mut request = day.cash("20", "USD");
    request["cash_session_id"] = Value::Null;
    assert_eq!(day.stage.app.sell("asked", &request).await.refusal(), (409, "no_open_session"));
    let fact = completed(request, SystemClock.now());
    assert_eq!(day.stage.app.sell("fact", &fact).await.status, 200);
    assert_eq!(day.stage.text(EXCEPTIONS).await, "SESSION_NOT_OPEN");
    assert_eq!(day.stage.count("SELECT count(*) FROM cash_movement").await, 1);
    assert_eq!(day.close("close", "Sokha").await.status, 200);
    assert_eq!(day.stage.count("SELECT sale_count FROM z_report").await, 0);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_session_of_the_edge_counts_what_its_own_tills_sold() {
    let stage = Stage::beside_an_edge().await;
    let till = &stage.world.shops[0].till;
    till.sell().await;
    till.all_numbered().await;
    let session = stage.text("SELECT cash_session_id::text FROM cash_session").await;
    let mut request = stage.app.on_account(1, stage.customer);
    request["cash_session_id"] = json!(session);
    assert_eq!(stage.app.sell("asked", &request).await.refusal(), (409, "kept_at_edge"));
    let now = SystemClock.now();
    assert_eq!(stage.app.sell("fact", &completed(request, now)).await.status, 200);
    let tender = json!({ "method": "CASH", "received": { "amount": "20", "currency": "USD" } });
    let mut cash = stage.app.cart(1, tender);
    cash["cash_session_id"] = json!(session);
    assert_eq!(stage.app.sell("cash", &completed(cash, now)).await.status, 200);
    let told = "CASH_AT_EDGE SESSION_NOT_OPEN SESSION_NOT_OPEN";
    assert_eq!(stage.text(EXCEPTIONS).await, told);
    let claimed = "SELECT count(*) FROM sale WHERE cash_session_id =
                       (SELECT cash_session_id FROM cash_session)";
    assert_eq!(stage.count(claimed).await, 1, "the till's own");
    stage.world.books_are_right().await;
}
