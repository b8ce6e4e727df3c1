//! Orders: how they move, and who sees them.

use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::hands::{Hand, Shift, nobody};

const STATES: [&str; 5] = ["IN_PREP", "READY", "DELIVERED", "VOIDED", "CANCELLED"];

#[tokio::test]
async fn an_order_goes_from_in_prep_to_ready_to_delivered() {
    let shift = Shift::begin().await;
    let order = shift.sell("t1").await;
    let receipt = shift.sokha.get("/v1/sales/t1").await.body;
    let first = shift.sokha.move_order(&order, "READY", "m1").await;
    let moved = first.ok(200);
    assert_eq!((&moved["from"], &moved["to"]), (&json!("IN_PREP"), &json!("READY")));
    assert_eq!(moved["changed_by"], json!(sample_id::<Uuid>("Sokha")));
    let again = shift.sokha.move_order(&order, "READY", "m1").await;
    assert_eq!(again.body, first.body, "a retry gets the first answer");
    let other = shift.sokha.move_order(&order, "DELIVERED", "m1").await;
    assert_eq!(other.problem(422), "idempotency_key_conflict");
    shift.maly.move_order(&order, "DELIVERED", "m2").await.ok(200);

    let shift = shift.restart().await;
    assert_eq!(shift.sokha.stands("t1").await, ("FINALIZED".into(), "DELIVERED".into()));
    let told = shift.told("order.status_changed").await;
    assert_eq!(told.len(), 2);
    assert_eq!((&told[1]["from"], &told[1]["to"]), (&json!("READY"), &json!("DELIVERED")));
    assert_eq!(shift.sokha.get("/v1/sales/t1").await.body, receipt, "the sale is untouched");
}

#[tokio::test]
async fn every_other_move_is_refused_and_changes_nothing() {
    let shift = Shift::begin().await;
    let reach: [&[&str]; 3] = [&[], &["READY"], &["READY", "DELIVERED"]];
    for (n, steps) in reach.into_iter().enumerate() {
        let ticket = format!("t{n}");
        let order = shift.sell(&ticket).await;
        for step in steps {
            shift.sokha.move_order(&order, step, &format!("{n}-{step}")).await.ok(200);
        }
        let before = shift.sokha.stands(&ticket).await;
        assert_eq!(before.1, STATES[n]);
        let allowed = STATES[..3].get(n + 1);
        for (k, to) in STATES.iter().enumerate().filter(|(_, to)| allowed != Some(to)) {
            for hand in [&shift.sokha, &shift.maly] {
                let refused = hand.move_order(&order, to, &format!("bad-{n}-{k}")).await;
                assert_eq!(refused.problem(409), "illegal_order_move", "{} to {to}", before.1);
            }
        }
        assert_eq!(shift.sokha.stands(&ticket).await, before);
    }
    // A voided order is where it stays.
    let order = shift.sell("voided").await;
    let request = shift.sokha.asked_void("voided").await;
    shift.maly.approve(&request, "yes").await.ok(200);
    for to in STATES {
        let refused = shift.maly.move_order(&order, to, &format!("void-{to}")).await;
        assert_eq!(refused.problem(409), "illegal_order_move");
    }
    assert_eq!(shift.entries().await["order.status_changed"], 3);
    let unknown = shift.maly.move_order(&nobody(), "READY", "n").await;
    assert_eq!(unknown.problem(404), "order_not_found");
    let refused = shift.maly.move_order(&order, "EATEN", "n").await;
    assert_eq!(refused.problem(422), "invalid_request");
}

#[tokio::test]
async fn an_order_is_not_delivered_while_a_void_is_undecided() {
    let shift = Shift::begin().await;
    let order = shift.sell("t1").await;
    let request = shift.sokha.asked_void("t1").await;
    shift.sokha.move_order(&order, "READY", "m1").await.ok(200);
    let refused = shift.sokha.move_order(&order, "DELIVERED", "m2").await;
    assert_eq!(refused.problem(409), "order_void_pending");
    assert_eq!(shift.sokha.stands("t1").await, ("VOID_PENDING".into(), "READY".into()));
    shift.maly.reject(&request, "no").await.ok(200);
    shift.sokha.move_order(&order, "DELIVERED", "m3").await.ok(200);
}

async fn listed(hand: &Hand, query: &str) -> (Vec<String>, Value) {
    let page = hand.get(&format!("/v1/orders{query}")).await.ok(200);
    let orders = page["orders"].as_array().unwrap();
    let tickets = orders.iter().map(|row| row["ticket_id"].as_str().unwrap().to_owned()).collect();
    (tickets, page["next_before"].clone())
}

#[tokio::test]
async fn cashiers_see_their_own_sessions_orders_and_managers_the_branchs() {
    let shift = Shift::begin().await;
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 2").await;
    assert_eq!(listed(&dara, "").await.0, [""; 0], "nothing without a session");
    let session = dara.open("session-2").await;
    let order = shift.sell("s1").await;
    dara.sell("d1", &session).await.ok(201);
    shift.sell("s2").await;
    assert_eq!(listed(&shift.sokha, "").await.0, ["s2", "s1"]);
    assert_eq!(listed(&dara, "").await.0, ["d1"]);
    let vibol = Hand::at(&shift.store.till, "Vibol", "Counter 1").await;
    for approver in [&shift.maly, &vibol] {
        assert_eq!(listed(approver, "").await.0, ["s2", "d1", "s1"]);
        assert_eq!(listed(approver, &format!("?session={session}")).await.0, ["d1"]);
    }
    let others = dara.get(&format!("/v1/orders?session={}", shift.session)).await;
    assert_eq!(others.problem(403), "not_yours");
    let nowhere = dara.get(&format!("/v1/orders?session={}", nobody())).await;
    assert_eq!(nowhere.problem(404), "session_not_found");
    // Nor do they move them.
    assert_eq!(dara.move_order(&order, "READY", "m").await.problem(403), "not_yours");
    let row = &shift.sokha.get("/v1/orders").await.ok(200)["orders"][1];
    assert_eq!(row["order_id"], json!(order));
    assert_eq!((&row["status"], &row["sale_status"]), (&json!("IN_PREP"), &json!("FINALIZED")));
    assert_eq!((&row["cashier_name"], &row["sale_type"]), (&json!("Sokha"), &json!("TAKEAWAY")));
    assert_eq!(
        row["lines"],
        json!([
            { "name": "Latte", "add_ons": ["Oat milk"], "quantity": 1 },
            { "name": "Croissant", "add_ons": [], "quantity": 2 },
        ])
    );
}

#[tokio::test]
async fn orders_are_listed_by_state_and_page_by_page() {
    let shift = Shift::begin().await;
    let mut orders = Vec::new();
    for n in 0..5 {
        orders.push(shift.sell(&format!("t{n}")).await);
    }
    shift.sokha.move_order(&orders[1], "READY", "m1").await.ok(200);
    shift.sokha.move_order(&orders[3], "READY", "m3").await.ok(200);
    shift.sokha.move_order(&orders[3], "DELIVERED", "m3d").await.ok(200);
    let request = shift.sokha.asked_void("t4").await;
    for hand in [&shift.sokha, &shift.maly] {
        assert_eq!(listed(hand, "?status=IN_PREP").await.0, ["t4", "t2", "t0"]);
        assert_eq!(listed(hand, "?status=READY").await.0, ["t1"]);
        assert_eq!(listed(hand, "?status=DELIVERED").await.0, ["t3"]);
        assert_eq!(listed(hand, "?live=true").await.0, ["t4", "t2", "t1", "t0"]);
        let (page, next) = listed(hand, "?limit=2").await;
        assert_eq!(page, ["t4", "t3"]);
        let (page, next) = listed(hand, &format!("?limit=2&before={next}")).await;
        assert_eq!(page, ["t2", "t1"]);
        let (page, next) = listed(hand, &format!("?limit=2&before={next}")).await;
        assert_eq!((page, next), (vec!["t0".to_owned()], Value::Null));
        for query in ["?limit=0", "?limit=201", "?status=EATEN", "?colour=red"] {
            let refused = hand.get(&format!("/v1/orders{query}")).await;
            assert_eq!(refused.problem(400), "invalid_query", "{query}");
        }
    }
    let top = &shift.maly.get("/v1/orders?limit=1").await.ok(200)["orders"][0];
    assert_eq!(
        (&top["sale_status"], &top["pending_void"]),
        (&json!("VOID_PENDING"), &json!(request))
    );
    shift.maly.approve(&request, "yes").await.ok(200);
    assert_eq!(listed(&shift.maly, "?status=VOIDED").await.0, ["t4"]);
}
