//! Sales that a till priced by itself, with what it showed the customer.

use reqwest::Method;
use schemas::{MenuItemId, Usd};
use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::{
    hands::{Hand, Shift, drawer_in, hire, nobody},
    store::{OPENING, Reply, Till, cart},
};

pub const MINUTE: i64 = 60_000_000;

pub fn at(minutes: i64) -> String {
    OPENING.plus_micros(minutes * MINUTE).to_string()
}

/// A sale of Sokha's at Counter 1 with the figures that the edge tells of its cart now,
/// as shown at that minute.
pub async fn shown_sale(hand: &Hand, session: &str, minute: i64) -> Value {
    let mut totals = hand.post("/v1/quotes", "quote", &cart()).await.ok(200);
    let catalogue = totals.as_object_mut().unwrap().remove("catalogue").unwrap();
    let mut sale = hand.sale(session);
    sale["shown"] = json!({ "catalogue": catalogue, "totals": totals, "at": at(minute) });
    sale
}

/// Brings a sale that the till completed by itself.
pub async fn bring(till: &Till, ticket: &str, sale: &Value) -> Reply {
    let request = till
        .request(Method::POST, "/v1/sales")
        .header("Idempotency-Key", ticket)
        .header("Completed-Offline-At", sale["shown"]["at"].as_str().unwrap())
        .json(sale);
    till.send(request).await
}

/// Puts a menu with other prices into use.
async fn dearer(shift: &Shift) {
    let croissant: MenuItemId = sample_id("croissant");
    let staff = shift.store.journal.catalogue().borrow().clone().unwrap();
    let staff = staff.index.document().staff.clone();
    let raise = |menu: &mut schemas::catalogue::CatalogueV1| {
        let item = menu.items.iter_mut().find(|item| item.menu_item_id == croissant).unwrap();
        item.price_usd = Usd("9.00".parse().unwrap());
        menu.staff = staff;
    };
    shift.store.publish(2, raise).await;
}

#[tokio::test]
async fn a_sale_is_refused_online_if_the_customer_was_told_other_figures() {
    let shift = Shift::begin().await;
    let sale = shown_sale(&shift.sokha, &shift.session, 0).await;
    let sold = shift.sokha.post("/v1/sales", "t1", &sale).await.ok(201);
    assert_eq!(sold["grand_total_usd"], "5.74");
    dearer(&shift).await;
    let refused = shift.sokha.post("/v1/sales", "t2", &sale).await;
    assert_eq!(refused.problem(409), "figures_changed");
    assert!(refused.json()["detail"].as_str().unwrap().contains("5.74"), "{:?}", refused.json());
    let again = shift.sokha.post("/v1/sales", "t1", &sale).await;
    assert_eq!(again.ok(201), sold, "what was sold is sold");
    assert_eq!(shift.entries().await["sale.finalized"], 1, "nothing was kept");
    let sale = shown_sale(&shift.sokha, &shift.session, 0).await;
    let sold = shift.sokha.post("/v1/sales", "t2", &sale).await.ok(201);
    assert_eq!(sold["grand_total_usd"], sale["shown"]["totals"]["grand_total_usd"]);
}

#[tokio::test]
async fn the_figures_of_a_fact_stand_with_the_catalogue_they_are_of() {
    let shift = Shift::begin().await;
    let sale = shown_sale(&shift.sokha, &shift.session, 5).await;
    let online = shift.sokha.post("/v1/sales", "t1", &sale).await.ok(201);
    shift.store.clock.set(OPENING.plus_micros(30 * MINUTE));
    dearer(&shift).await;
    let first = bring(&shift.sokha.till, "t2", &sale).await;
    let sold = first.ok(201);
    assert_eq!(sold["catalogue"], sale["shown"]["catalogue"]);
    assert_eq!((&sold["grand_total_usd"], &sold["finalized_at"]), (&json!("5.74"), &json!(at(5))));
    assert_eq!(sold["tender"]["change"], "14.26");
    let again = bring(&shift.sokha.till, "t2", &sale).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    // How it is brought is no part of what is asked.
    assert_eq!(shift.sokha.post("/v1/sales", "t2", &sale).await.body, first.body);
    assert_eq!(bring(&shift.sokha.till, "t1", &sale).await.ok(201), online);
    let mut other = sale.clone();
    other["tender"]["received"]["amount"] = json!("50.00");
    let refused = bring(&shift.sokha.till, "t2", &other).await;
    assert_eq!(refused.problem(422), "ticket_conflict");

    let told = shift.told("sale.finalized").await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["catalogue"]["version"], 1);
    assert_eq!(told[1]["deductions"], told[0]["deductions"], "by the catalogue it names");
    let drawer = shift.drawer("USD").await;
    assert_eq!(drawer["expected"], "61.48", "{drawer}");
    let shift = shift.restart().await;
    assert_eq!(bring(&shift.sokha.till, "t2", &sale).await.body, first.body);
}

#[tokio::test]
async fn no_rule_keeps_a_fact_out() {
    let shift = Shift::begin().await;
    let usual = shown_sale(&shift.sokha, &shift.session, 5).await;
    let till = shift.sokha.till.without_token().paired("Counter 1").await;

    let mut short = usual.clone();
    short["tender"]["received"]["amount"] = json!("5.00");
    let sold = bring(&till, "short", &short).await.ok(201);
    assert_eq!(
        (&sold["tender"]["received"], &sold["tender"]["change"]),
        (&json!("5.00"), &json!("0"))
    );

    let mut unknown = usual.clone();
    unknown["cart"]["lines"][1]["menu_item_id"] = json!(nobody());
    unknown["shown"]["totals"]["lines"][1]["menu_item_id"] = json!(nobody());
    unknown["shown"]["catalogue"] = json!({ "version": 77, "content_hash": "ab".repeat(32) });
    let sold = bring(&till, "unknown", &unknown).await.ok(201);
    assert_eq!(sold["catalogue"]["version"], 77);

    // Whoever is there by now: it is the drawer's owner who sold.
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 1").await;
    bring(&dara.till, "daras", &usual).await.ok(201);
    // A draft that is over, or another's, is no reason.
    let mut drafted = usual.clone();
    drafted["draft_id"] = json!(nobody());
    bring(&till, "drafted", &drafted).await.ok(201);
    // A clock that is wrong does not move it out of its session.
    for (ticket, minute, finalized) in [("early", -90, 0), ("late", 600, 0)] {
        let sale = shown_sale(&shift.sokha, &shift.session, minute).await;
        assert_eq!(bring(&till, ticket, &sale).await.ok(201)["finalized_at"], at(finalized));
    }
    shift.store.clock.set(OPENING.plus_micros(60 * MINUTE));
    let z = shift.sokha.close(&shift.session, "close").await.ok(200);
    shift.store.clock.set(OPENING.plus_micros(90 * MINUTE));
    bring(&till, "after-z", &usual).await.ok(201);
    let mut later = usual.clone();
    later["shown"]["at"] = json!(at(80));
    assert_eq!(bring(&till, "later", &later).await.ok(201)["finalized_at"], at(60));

    let told = shift.told("sale.finalized").await;
    assert_eq!(told.len(), 8);
    let sokha: Uuid = sample_id("Sokha");
    assert!(told.iter().all(|sale| sale["cashier_id"] == json!(sokha)));
    let late: Vec<_> = told.iter().map(|sale| &sale["late"]["supplement_no"]).collect();
    assert_eq!(late[5..], [&Value::Null, &json!(1), &json!(2)]);
    let unknown = told.iter().find(|sale| sale["ticket_id"] == "unknown").unwrap();
    assert!(!unknown["deductions"].as_array().unwrap().is_empty(), "of what is known");
    let kept = drawer_in(&z["z"], "USD");
    assert_eq!(kept["expected"], "83.7", "50 and 5.00 and five of 5.74: {kept}");
}

#[tokio::test]
async fn a_fact_that_contradicts_itself_is_none() {
    let shift = Shift::begin().await;
    let usual = shown_sale(&shift.sokha, &shift.session, 0).await;
    let change = |path: &str, value: Value| {
        let mut sale = usual.clone();
        *sale.pointer_mut(path).unwrap() = value;
        sale
    };
    for (sale, code) in [
        (change("/cart/lines/1/quantity", json!(3)), "invalid_cart"),
        (change("/cart/lines/0/add_on_ids", json!([])), "invalid_cart"),
        (change("/cart/lines", json!([])), "invalid_cart"),
        (change("/shown/totals/lines/0/line_no", json!(2)), "invalid_cart"),
        (change("/shown/totals/grand_total_usd", json!("5.745")), "invalid_cart"),
        (change("/shown/totals/grand_total_usd", json!("5.00")), "invalid_cart"),
        (change("/shown/totals/subtotal_usd", json!("5.00")), "invalid_cart"),
        (change("/shown/totals/lines/0/discount_usd", json!("0.01")), "invalid_cart"),
        (change("/shown/totals/payable_khr", json!("1")), "invalid_cart"),
        (change("/shown/totals/payable_khr", json!("-1")), "invalid_cart"),
        (change("/shown/catalogue/version", json!(u64::MAX)), "invalid_cart"),
        (change("/tender/received/amount", json!("-1")), "invalid_tender"),
        (change("/shown/at", json!("yesterday")), "invalid_completed_at"),
        (change("/shown", json!({ "at": at(0) })), "invalid_request"),
    ] {
        let refused = bring(&shift.sokha.till, "t1", &sale).await;
        assert_eq!(refused.problem(422), code, "{sale}");
    }
    assert!(!shift.entries().await.contains_key("sale.finalized"));
    bring(&shift.sokha.till, "t1", &usual).await.ok(201);
}

#[tokio::test]
async fn a_fact_ends_its_draft() {
    let shift = Shift::begin().await;
    let draft = json!({
        "draft_id": nobody(), "cash_session_id": shift.session, "revision": 1, "cart": cart(),
    });
    let put = shift.sokha.till.put("/v1/draft", &draft).await;
    assert_eq!(put.status, 200, "{}", String::from_utf8_lossy(&put.body));
    let mut sale = shown_sale(&shift.sokha, &shift.session, 0).await;
    sale["draft_id"] = json!(nobody());
    bring(&shift.sokha.till, "t1", &sale).await.ok(201);
    let gone = shift.sokha.get("/v1/draft").await;
    assert_eq!(gone.problem(404), "draft_not_found");
    shift.sokha.close(&shift.session, "close").await.ok(200);
}

#[tokio::test]
async fn the_newest_catalogues_are_kept_for_facts() {
    let shift = Shift::begin().await;
    let old = shown_sale(&shift.sokha, &shift.session, 0).await;
    for version in 2..20 {
        hire(&shift.store, version).await;
    }
    let recent = shown_sale(&shift.sokha, &shift.session, 0).await;
    hire(&shift.store, 20).await;
    let used = |sale: &Value| serde_json::from_value(sale["shown"]["catalogue"].clone()).unwrap();
    assert!(shift.store.journal.former_catalogue(used(&old)).await.unwrap().is_none());
    let former = shift.store.journal.former_catalogue(used(&recent)).await.unwrap().unwrap();
    assert_eq!(former.reference, used(&recent));
    bring(&shift.sokha.till, "t1", &old).await.ok(201);
}
