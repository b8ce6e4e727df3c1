//! Sales that a till completed before the close of its session, and that came
//! after it.

use serde_json::{Value, json};

use crate::{
    hands::{Hand, Shift, nobody},
    store::OPENING,
};

const MINUTE: i64 = 60_000_000;

fn at(minutes: i64) -> String {
    OPENING.plus_micros(minutes * MINUTE).to_string()
}

/// A session from minute 0 to minute 60 with one sale; it is minute 90.
async fn closed() -> Shift {
    let shift = Shift::begin().await;
    shift.sell("t1").await;
    shift.store.clock.set(OPENING.plus_micros(60 * MINUTE));
    shift.sokha.close(&shift.session, "close").await.ok(200);
    shift.store.clock.set(OPENING.plus_micros(90 * MINUTE));
    shift
}

async fn z(shift: &Shift) -> Value {
    shift.sokha.get(&format!("/v1/cash-sessions/{}/z", shift.session)).await.ok(200)
}

#[tokio::test]
async fn a_late_sale_is_a_numbered_supplement_and_the_z_report_stands() {
    let shift = closed().await;
    let before = z(&shift).await;
    let first = shift.sokha.sell_late("late-1", &shift.session, &at(30)).await;
    assert_eq!(first.ok(201)["finalized_at"], at(30));
    shift.sokha.sell_late("late-2", &shift.session, &at(60)).await.ok(201);
    let again = shift.sokha.sell_late("late-1", &shift.session, &at(30)).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    // How it is delivered is no part of what is asked.
    assert_eq!(shift.sokha.sell("late-1", &shift.session).await.body, first.body);

    let after = z(&shift).await;
    assert_eq!(after["report"], before["report"], "the Z report stands");
    let supplements = after["supplements"].as_array().unwrap();
    let shown: Vec<_> =
        supplements.iter().map(|s| (&s["supplement_no"], &s["ticket_id"])).collect();
    assert_eq!(shown, [(&json!(1), &json!("late-1")), (&json!(2), &json!("late-2"))]);
    assert_eq!(supplements[0]["received_at"], at(90));
    assert_eq!(
        (&supplements[0]["amount"], &supplements[0]["method"]),
        (&json!("5.74"), &json!("CASH"))
    );

    let shift = shift.restart().await;
    shift.sokha.sell_late("late-3", &shift.session, &at(59)).await.ok(201);
    let told = shift.told("sale.finalized").await;
    let late: Vec<_> = told.iter().map(|sale| &sale["late"]["supplement_no"]).collect();
    assert_eq!(late, [&Value::Null, &json!(1), &json!(2), &json!(3)]);
    assert_eq!(shift.sokha.get("/v1/sync").await.ok(200)["captured"], 4);
    assert_eq!(shift.sokha.ticket("late-3").await["status"], "pending");
}

#[tokio::test]
async fn a_late_sale_must_have_been_completed_while_its_session_was_open() {
    let shift = closed().await;
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 1").await;
    let elsewhere = Hand::at(&shift.store.till, "Sokha", "Counter 2").await;
    let Shift { sokha, session, .. } = &shift;
    let refusals = [
        sokha.sell("late", session).await,
        sokha.sell_late("late", session, &at(61)).await,
        sokha.sell_late("late", session, &at(-1)).await,
        sokha.sell_late("late", &nobody(), &at(30)).await,
        dara.sell_late("late", session, &at(30)).await,
        elsewhere.sell_late("late", session, &at(30)).await,
    ];
    for refused in refusals {
        assert_eq!(refused.problem(409), "no_open_session");
    }
    let refused = sokha.sell_late("late", session, "yesterday").await;
    assert_eq!(refused.problem(422), "invalid_completed_at");
    assert_eq!(z(&shift).await["supplements"], json!([]));
    assert_eq!(shift.entries().await["sale.finalized"], 1);
}

#[tokio::test]
async fn a_late_delivery_into_an_open_session_is_a_sale_like_any_other() {
    let shift = Shift::begin().await;
    shift.store.clock.set(OPENING.plus_micros(60 * MINUTE));
    let sold = shift.sokha.sell_late("t1", &shift.session, &at(30)).await;
    assert_eq!(sold.ok(201)["finalized_at"], at(30));
    // A till's clock that is wrong does not move a sale out of its session.
    let sold = shift.sokha.sell_late("t2", &shift.session, &at(61)).await;
    assert_eq!(sold.ok(201)["finalized_at"], at(60));
    let sold = shift.sokha.sell_late("t3", &shift.session, &at(-1)).await;
    assert_eq!(sold.ok(201)["finalized_at"], at(0));
    for sale in shift.told("sale.finalized").await {
        assert_eq!(sale["late"], Value::Null);
    }
    let closed = shift.sokha.close(&shift.session, "close").await.ok(200);
    assert_eq!(closed["z"]["sale_count"], 3);
}

#[tokio::test]
async fn a_late_sale_takes_from_stock_and_can_no_longer_be_voided() {
    let shift = closed().await;
    shift.sokha.sell_late("late-1", &shift.session, &at(30)).await.ok(201);
    let stock = shift.sokha.get("/v1/stock").await.ok(200);
    let beans =
        stock["items"].as_array().unwrap().iter().find(|item| item["name"] == "beans").unwrap();
    assert_eq!(beans["level"], "-36");
    let refused = shift.sokha.ask_void("late-1", "v").await;
    assert_eq!(refused.problem(409), "void_session_closed");
    let orders = shift.maly.get("/v1/orders?live=true").await.ok(200);
    assert_eq!(orders["orders"][0]["ticket_id"], "late-1", "the kitchen still makes it");
}
