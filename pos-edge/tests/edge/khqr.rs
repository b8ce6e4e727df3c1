//! KHQR where the edge is by itself: what it refuses, and what it sells by a
//! confirmation that it holds.

use std::time::{Duration, Instant};

use pos_edge::{
    capture::request_hash,
    journal::{Confirmed, NewCode},
};
use rust_decimal::Decimal;
use schemas::{
    Currency, TicketId, Timestamp, Usd,
    edge_api::{Cart, KhqrChecked, KhqrCode, Quote},
    requests::KhqrOutcome,
};
use serde_json::{Value, json};
use testkit::{SAMPLE_KHQR_ACCOUNT, sample_id};
use uuid::Uuid;

use crate::store::{OPENING, Store, sale_in};

/// A request for a code for the cart of [`sale_in`].
fn asked(ticket: &str, session: &str) -> Value {
    let sale = sale_in(session);
    json!({
        "ticket_id": ticket, "device_id": sale["device_id"], "cash_session_id": session,
        "cart": sale["cart"], "currency": "USD",
    })
}

#[tokio::test]
async fn with_no_line_the_till_is_told_at_once() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let started = Instant::now();
    let refused = store.till.post("/v1/khqr", "code", &asked("pos-1-a", &session)).await;
    assert_eq!(refused.problem(503), "khqr_needs_line");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // The same sale is sold for cash.
    store.till.sell("pos-1-a", &session).await.ok(201);
}

#[tokio::test]
async fn what_cannot_be_a_code_is_refused_by_name() {
    let store = Store::with_menu().await;
    let nobodys = Uuid::now_v7().to_string();
    let refused = store.till.post("/v1/khqr", "a", &asked("pos-1-a", &nobodys)).await;
    assert_eq!(refused.problem(409), "no_open_session");
    let session = store.till.open_session().await;
    let mut empty = asked("pos-1-a", &session);
    empty["cart"]["lines"] = json!([]);
    assert_eq!(store.till.post("/v1/khqr", "b", &empty).await.problem(422), "invalid_cart");
    let mut typed = asked("pos-1-a", &session);
    typed["amount"] = json!("0.01");
    assert_eq!(store.till.post("/v1/khqr", "c", &typed).await.problem(422), "invalid_request");
    let mut elsewhere = asked("pos-1-a", &session);
    elsewhere["device_id"] = json!(sample_id::<Uuid>("Counter 2"));
    assert_eq!(store.till.post("/v1/khqr", "d", &elsewhere).await.problem(403), "not_yours");
    store.till.sell("pos-1-sold", &session).await.ok(201);
    let sold = store.till.post("/v1/khqr", "e", &asked("pos-1-sold", &session)).await;
    assert_eq!(sold.problem(422), "ticket_conflict");
    let unknown = format!("/v1/khqr/{}/check", "0".repeat(32));
    assert_eq!(store.till.post(&unknown, "f", &json!({})).await.problem(404), "khqr_not_found");

    // A store that nobody is paid at says so, line or no line; so does a free cart.
    store.publish(2, |catalogue| catalogue.khqr = None).await;
    let refused = store.till.post("/v1/khqr", "g", &asked("pos-1-a", &session)).await;
    assert_eq!(refused.problem(422), "khqr_unavailable");
    store
        .publish(3, |catalogue| {
            for item in &mut catalogue.items {
                item.price_usd = Usd(Decimal::ZERO);
                for add_on in &mut item.add_ons {
                    add_on.price_usd = Usd(Decimal::ZERO);
                }
            }
        })
        .await;
    let refused = store.till.post("/v1/khqr", "h", &asked("pos-1-a", &session)).await;
    assert_eq!(refused.problem(422), "khqr_refused");
}

/// Has the store hold a code of Sokha's for the cart of a sale, as if the centre had
/// written it down.
async fn hold(store: &Store, ticket: &str, session: &str) -> KhqrCode {
    let sale = sale_in(session);
    let quote = store.till.post("/v1/quotes", "quote", &sale["cart"]).await;
    let Quote { catalogue, totals } = serde_json::from_slice(&quote.body).unwrap();
    let cart: Cart = serde_json::from_value(sale["cart"].clone()).unwrap();
    let code = KhqrCode {
        md5: Uuid::now_v7().simple().to_string(),
        payload: "a code".to_owned(),
        ticket_id: TicketId::parse(ticket).unwrap(),
        currency: Currency::Usd,
        amount: totals.grand_total_usd.amount(),
        to_account_id: SAMPLE_KHQR_ACCOUNT.to_owned(),
        created_at: OPENING,
        expires_at: OPENING.plus_micros(1),
        catalogue,
        totals,
    };
    let new = NewCode {
        key: TicketId::parse(format!("code of {ticket}").replace(' ', "-")).unwrap(),
        request_hash: request_hash(&ticket),
        device_id: sample_id("Counter 1"),
        staff_id: sample_id("Sokha"),
        cart_hash: request_hash(&cart),
        code: code.clone(),
        deductions: Vec::new(),
    };
    store.journal.keep_khqr(new).await.unwrap();
    code
}

async fn confirm(store: &Store, code: &KhqrCode, confirmed_at: Timestamp) {
    let paid = Confirmed {
        khqr_hash: "a transaction".to_owned(),
        to_account_id: SAMPLE_KHQR_ACCOUNT.to_owned(),
        confirmed_at,
    };
    let outcome = KhqrOutcome::Paid {
        khqr_hash: paid.khqr_hash.clone(),
        khqr_to_account_id: paid.to_account_id.clone(),
        khqr_confirmed_at: confirmed_at,
    };
    let answer = KhqrChecked {
        md5: code.md5.clone(),
        ticket_id: code.ticket_id.clone(),
        superseded: false,
        checked_at: confirmed_at,
        outcome,
    };
    let tap = TicketId::parse(format!("tap-{}", code.md5)).unwrap();
    store.journal.keep_khqr_answer(tap, answer, Some(paid)).await.unwrap();
}

fn by_khqr(session: &str, code: &KhqrCode) -> Value {
    let mut sale = sale_in(session);
    sale["tender"] = json!({
        "method": "KHQR", "received": { "amount": code.amount.to_string(), "currency": "USD" },
    });
    sale
}

#[tokio::test]
async fn a_paid_cart_is_sold_at_the_figures_of_its_code_whatever_the_menu_says_by_then() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let code = hold(&store, "pos-1-a", &session).await;
    let sale = by_khqr(&session, &code);
    let early = store.till.post("/v1/sales", "pos-1-a", &sale).await;
    assert_eq!(early.problem(409), "khqr_not_confirmed");

    confirm(&store, &code, OPENING.plus_micros(7)).await;
    store
        .publish(2, |catalogue| {
            for item in &mut catalogue.items {
                item.price_usd = Usd(Decimal::from(99));
            }
        })
        .await;
    let store = store.restart().await;
    let mut changed = sale.clone();
    changed["cart"]["sale_type"] = json!("DELIVERY");
    let refused = store.till.post("/v1/sales", "pos-1-a", &changed).await;
    assert_eq!(refused.problem(409), "khqr_cart_changed");
    // Another ticket is not paid by it.
    let other = store.till.post("/v1/sales", "pos-1-b", &sale).await;
    assert_eq!(other.problem(409), "khqr_not_confirmed");

    let sold = store.till.post("/v1/sales", "pos-1-a", &sale).await.ok(201);
    assert_eq!(sold["catalogue"]["version"], 1);
    assert_eq!(sold["grand_total_usd"], json!(code.totals.grand_total_usd));
    let proof = &sold["tender"]["khqr"];
    assert_eq!(proof["khqr_md5"], json!(code.md5));
    assert_eq!(proof["khqr_hash"], "a transaction");
    assert_eq!(proof["khqr_to_account_id"], SAMPLE_KHQR_ACCOUNT);
    assert_eq!(proof["khqr_confirmed_at"], json!(OPENING.plus_micros(7)));
    assert_eq!(proof["khqr_priced_at"], json!(OPENING));
}
