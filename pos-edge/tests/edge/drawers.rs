//! Drawers: what moves in them, X and Z reports, and their close.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::{
    hands::{Hand, Shift, drawer_in, nobody},
    store::{OPENING, cart},
};

const MINUTE: i64 = 60_000_000;

async fn pay(hand: &Hand, session: &str, key: &str, kind: &str, money: (&str, &str)) -> Value {
    let body = json!({
        "kind": kind, "amount": money.0, "currency": money.1, "reason": " for the till ",
    });
    let path = format!("/v1/cash-sessions/{session}/movements");
    hand.post(&path, key, &body).await.ok(201)
}

/// A shift with a sale in each currency, money paid in and money paid out.
async fn busy() -> Shift {
    let shift = Shift::begin().await;
    let Shift { sokha, session, .. } = &shift;
    shift.sell("t1").await;
    sokha.sell_for_riel("t2", session).await.ok(201);
    let moved = pay(sokha, session, "in", "PAID_IN", ("10.00", "USD")).await;
    assert_eq!((&moved["reason"], &moved["amount"]), (&json!("for the till"), &json!("10.00")));
    pay(sokha, session, "out", "PAID_OUT", ("4000", "KHR")).await;
    shift
}

#[tokio::test]
async fn an_x_report_sums_what_moved_in_the_tenders_currency() {
    let shift = busy().await;
    let path = format!("/v1/cash-sessions/{}/x", shift.session);
    let x = shift.sokha.get(&path).await.ok(200);
    let dollars = json!({
        "currency": "USD", "opening_float": "50", "sales": "5.74", "refunds": "0",
        "paid_in": "10", "paid_out": "0", "expected": "65.74",
    });
    let riel = json!({
        "currency": "KHR", "opening_float": "200000", "sales": "23500", "refunds": "0",
        "paid_in": "0", "paid_out": "4000", "expected": "219500",
    });
    assert_eq!(x["drawers"], json!([dollars, riel]));
    let by_method = json!([
        { "method": "CASH", "currency": "USD", "count": 1, "amount": "5.74" },
        { "method": "CASH", "currency": "KHR", "count": 1, "amount": "23500" },
    ]);
    assert_eq!(x["sales"], by_method);
    assert_eq!((&x["sale_count"], &x["sales_usd"]), (&json!(2), &json!("11.48")));
    assert_eq!((&x["first_ticket"], &x["last_ticket"]), (&json!("t1"), &json!("t2")));
    assert_eq!((&x["void_count"], &x["pending_voids"]), (&json!(0), &json!(0)));
    let shift = shift.restart().await;
    assert_eq!(shift.sokha.get(&path).await.ok(200), x, "also after a restart");
}

#[tokio::test]
async fn a_close_answers_the_z_report_that_stands() {
    let shift = busy().await;
    let Shift { sokha, session, .. } = &shift;
    let close = format!("/v1/cash-sessions/{session}/close");
    let counted = json!({ "counted_usd": "65.50", "counted_khr": "219500" });
    shift.store.clock.set(OPENING.plus_micros(MINUTE));
    let first = sokha.post(&close, "close", &counted).await;
    let z = first.ok(200);
    assert_eq!(
        z["counted"],
        json!({
            "usd": "65.50", "khr": "219500", "difference_usd": "-0.24", "difference_khr": "0",
        })
    );
    assert_eq!(drawer_in(&z["z"], "USD")["expected"], "65.74");
    assert_eq!((&z["z"]["sale_count"], &z["z"]["vat_usd"]), (&json!(2), &json!("1.04")));
    assert_eq!((&z["rejected_voids"], &z["silent_devices"]), (&json!([]), &json!([])));
    assert_eq!(z["closed_by"], json!(sample_id::<Uuid>("Sokha")));

    let again = sokha.post(&close, "close", &counted).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(sokha.close(session, "other").await.problem(409), "session_closed");
    assert_eq!(sokha.close(session, "close").await.problem(422), "idempotency_key_conflict");
    let movement = json!({ "kind": "PAID_IN", "currency": "USD", "amount": "1", "reason": "x" });
    let path = format!("/v1/cash-sessions/{session}/movements");
    let moved = sokha.post(&path, "late", &movement).await;
    assert_eq!(moved.problem(409), "session_closed");
    let x = sokha.get(&format!("/v1/cash-sessions/{session}/x")).await;
    assert_eq!(x.problem(409), "session_closed");
    assert_eq!(sokha.sell("t3", session).await.problem(409), "no_open_session");
    assert_eq!(shift.entries().await["cash.session_closed"], 1);

    let path = format!("/v1/cash-sessions/{session}/z");
    let read = sokha.get(&path).await;
    assert_eq!(read.ok(200), json!({ "report": z, "supplements": [] }));
    let shift = shift.restart().await;
    assert_eq!(shift.sokha.get(&path).await.body, read.body, "also after a restart");
    assert_eq!(shift.sokha.post(&close, "close", &counted).await.body, first.body);
    assert!(shift.store.journal.open_sessions(None).is_empty());
    assert_eq!(shift.sokha.sell("t3", &shift.session).await.problem(409), "no_open_session");
    let next = shift.sokha.open("session-2").await;
    assert_eq!(
        shift.sokha.get(&format!("/v1/cash-sessions/{next}/z")).await.problem(409),
        "session_not_closed"
    );
}

#[tokio::test]
async fn a_drawers_movements_are_listed_newest_first() {
    let shift = busy().await;
    let request = shift.sokha.asked_void("t1").await;
    shift.maly.approve(&request, "yes").await.ok(200);
    let path = format!("/v1/cash-sessions/{}/movements", shift.session);
    let page = shift.sokha.get(&format!("{path}?limit=3")).await.ok(200);
    let shown = |page: &Value| -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let rows = page["movements"].as_array().unwrap();
        rows.iter().map(|m| (text(&m["kind"]), text(&m["currency"]), text(&m["amount"]))).collect()
    };
    let row = |kind: &str, currency: &str, amount: &str| {
        (kind.to_owned(), currency.to_owned(), amount.to_owned())
    };
    assert_eq!(
        shown(&page),
        [
            row("REFUND_CASH", "USD", "5.74"),
            row("PAID_OUT", "KHR", "4000"),
            row("PAID_IN", "USD", "10.00"),
        ]
    );
    assert_eq!(page["movements"][0]["ticket_id"], "t1");
    let before = page["next_before"].as_u64().unwrap();
    let rest = shift.sokha.get(&format!("{path}?before={before}")).await.ok(200);
    assert_eq!(shown(&rest), [row("SALE_CASH", "KHR", "23500"), row("SALE_CASH", "USD", "5.74")]);
    assert_eq!(rest["next_before"], Value::Null);
    assert_eq!(shift.sokha.get(&format!("{path}?limit=0")).await.problem(400), "invalid_query");
}

#[tokio::test]
async fn what_cannot_be_moved_or_counted_is_refused() {
    let shift = Shift::begin().await;
    let base = format!("/v1/cash-sessions/{}", shift.session);
    let good = json!({ "kind": "PAID_IN", "currency": "USD", "amount": "1.00", "reason": "coins" });
    for (field, value, code) in [
        ("amount", json!("0"), "invalid_amount"),
        ("amount", json!("-1"), "invalid_amount"),
        ("amount", json!("0.001"), "invalid_amount"),
        ("amount", json!("1000000001"), "invalid_amount"),
        ("amount", json!("some"), "invalid_request"),
        ("kind", json!("REFUND_CASH"), "invalid_request"),
        ("reason", json!("  "), "invalid_text"),
        ("reason", json!("x".repeat(501)), "invalid_text"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = shift.sokha.post(&format!("{base}/movements"), "k", &body).await;
        assert_eq!(refused.problem(422), code, "{body}");
    }
    let riel = json!({ "kind": "PAID_OUT", "currency": "KHR", "amount": "0.5", "reason": "x" });
    let refused = shift.sokha.post(&format!("{base}/movements"), "k", &riel).await;
    assert_eq!(refused.problem(422), "invalid_amount");
    for counted in [
        json!({ "counted_usd": "-1", "counted_khr": "0" }),
        json!({ "counted_usd": "0", "counted_khr": "0.5" }),
    ] {
        let refused = shift.sokha.post(&format!("{base}/close"), "c", &counted).await;
        assert_eq!(refused.problem(422), "invalid_amount");
    }
    let entries = shift.entries().await;
    assert!(!entries.contains_key("cash.moved") && !entries.contains_key("cash.session_closed"));
    // Two movements under one key are one.
    let first = shift.sokha.post(&format!("{base}/movements"), "k", &good).await;
    let again = shift.sokha.post(&format!("{base}/movements"), "k", &good).await;
    assert_eq!((first.ok(201), &first.body), (again.ok(201), &again.body));
    assert_eq!(shift.drawer("USD").await["paid_in"], "1");
}

#[tokio::test]
async fn a_drawer_is_its_owners_and_the_managers() {
    let shift = Shift::begin().await;
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 1").await;
    let base = format!("/v1/cash-sessions/{}", shift.session);
    let movement = json!({ "kind": "PAID_IN", "currency": "USD", "amount": "1", "reason": "x" });
    for path in ["x", "z", "movements"] {
        assert_eq!(dara.get(&format!("{base}/{path}")).await.problem(403), "not_yours");
        let nowhere = format!("/v1/cash-sessions/{}/{path}", nobody());
        assert_eq!(dara.get(&nowhere).await.problem(404), "session_not_found");
    }
    let moved = dara.post(&format!("{base}/movements"), "d1", &movement).await;
    assert_eq!(moved.problem(403), "not_yours");
    assert_eq!(dara.close(&shift.session, "d2").await.problem(403), "not_yours");
    assert_eq!(dara.close(&nobody(), "d3").await.problem(404), "session_not_found");
    // A sale in somebody else's session is no sale either.
    assert_eq!(dara.sell("t1", &shift.session).await.problem(409), "no_open_session");
    shift.maly.post(&format!("{base}/movements"), "m1", &movement).await.ok(201);
    shift.maly.get(&format!("{base}/x")).await.ok(200);
    let z = shift.maly.close(&shift.session, "m2").await.ok(200);
    assert_eq!(z["closed_by"], json!(sample_id::<Uuid>("Maly")));
    assert_eq!(z["z"]["opened_by"], json!(sample_id::<Uuid>("Sokha")));
}

#[tokio::test]
async fn a_close_names_the_tills_that_were_not_heard_from() {
    let shift = Shift::begin().await;
    shift.maly.get("/v1/orders").await.ok(200);
    shift.store.clock.set(OPENING.plus_micros(10 * MINUTE));
    let path = format!("/v1/cash-sessions/{}/x", shift.session);
    let silent = json!([sample_id::<Uuid>("Counter 2")]);
    assert_eq!(shift.sokha.get(&path).await.ok(200)["silent_devices"], silent);
    let z = shift.sokha.close(&shift.session, "close").await.ok(200);
    assert_eq!(z["silent_devices"], silent);
}

#[tokio::test]
async fn a_drawer_with_an_active_draft_is_not_closed() {
    let shift = Shift::begin().await;
    let draft = Uuid::from_u128(5);
    let body = json!({
        "draft_id": draft, "cash_session_id": shift.session, "revision": 1, "cart": cart(),
    });
    let put = shift.sokha.request(Method::PUT, "/v1/draft").json(&body);
    shift.sokha.send(put).await.ok(200);
    for closing in [&shift.sokha, &shift.maly] {
        let refused = closing.close(&shift.session, "close").await;
        assert_eq!(refused.problem(409), "draft_active");
        assert!(refused.json()["detail"].as_str().unwrap().contains(&draft.to_string()));
    }
    assert_eq!(shift.store.journal.open_sessions(None).len(), 1, "it is still open");
    let discard = shift.sokha.request(Method::DELETE, &format!("/v1/draft?draft={draft}"));
    assert_eq!(shift.sokha.send(discard).await.status, 204);
    shift.sokha.close(&shift.session, "close").await.ok(200);
}
