//! Online orders: handed over by the centre, accepted once, shown on the board and
//! moved in the store.

use schemas::{
    OrderId, Quantity, SaleId, TicketId, Usd,
    events::{OrderAcceptedV1, OrderedLine, SaleType, TenderMethod},
    requests::HandedOrder,
};
use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::{
    hands::{Hand, Shift, nobody},
    store::OPENING,
};

const STATES: [&str; 5] = ["IN_PREP", "READY", "DELIVERED", "VOIDED", "CANCELLED"];

/// The order `o<n>`, sold online for 5.74.
pub fn online(n: u128) -> HandedOrder {
    let line = |name: &str, add_ons: &[&str], quantity: u32| OrderedLine {
        name: name.to_owned(),
        add_ons: add_ons.iter().map(|name| (*name).to_owned()).collect(),
        quantity: Quantity::try_from(quantity).unwrap(),
    };
    HandedOrder {
        order_id: OrderId::from_uuid(Uuid::from_u128(1_000 + n)),
        sale_id: SaleId::from_uuid(Uuid::from_u128(2_000 + n)),
        ticket_id: TicketId::parse(format!("o{n}")).unwrap(),
        sale_type: SaleType::Delivery,
        customer_id: Some(sample_id("Vanna")),
        method: TenderMethod::Account,
        grand_total_usd: Usd("5.74".parse().unwrap()),
        lines: vec![line("Latte", &["Oat milk"], 1), line("Croissant", &[], 2)],
        finalized_at: OPENING,
    }
}

impl Shift {
    /// The centre hands over the order `o<n>`; the order's id.
    async fn handed(&self, n: u128) -> String {
        let order = online(n);
        let accepted = self.store.journal.accept_order(order.clone()).await.unwrap();
        assert!(!accepted.replayed);
        order.order_id.to_string()
    }
}

/// The tickets and origins of a page of orders.
async fn listed(hand: &Hand, query: &str) -> (Vec<String>, Value) {
    let page = hand.get(&format!("/v1/orders{query}")).await.ok(200);
    let orders = page["orders"].as_array().unwrap();
    for row in orders {
        let ticket = row["ticket_id"].as_str().unwrap();
        let origin = if ticket.starts_with('o') { "ONLINE" } else { "TILL" };
        assert_eq!(row["origin"], origin, "{row}");
    }
    let tickets = orders.iter().map(|row| row["ticket_id"].as_str().unwrap().to_owned());
    (tickets.collect(), page["next_before"].clone())
}

#[tokio::test]
async fn an_order_is_accepted_once_however_often_it_comes() {
    let shift = Shift::begin().await;
    let order = online(1);
    let journal = &shift.store.journal;
    let (one, other) =
        tokio::join!(journal.accept_order(order.clone()), journal.accept_order(order.clone()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!([one.replayed, other.replayed].iter().filter(|replayed| **replayed).count(), 1);
    assert_eq!(one.payload, other.payload);
    let told: OrderAcceptedV1 = serde_json::from_slice(&one.payload).unwrap();
    assert_eq!((told.order_id, told.edge_id), (order.order_id, shift.store.identity.edge_id));
    assert_eq!((&told.lines, told.method), (&order.lines, TenderMethod::Account));

    let id = order.order_id.to_string();
    shift.sokha.move_order(&id, "READY", "m1").await.ok(200);
    let shift = shift.restart().await;
    let again = shift.store.journal.accept_order(order).await.unwrap();
    assert_eq!((again.payload, again.replayed), (one.payload, true), "after a restart too");
    assert_eq!(shift.entries().await["order.accepted"], 1);
    let row = &shift.maly.get("/v1/orders").await.ok(200)["orders"][0];
    assert_eq!(row["status"], "READY", "it did not begin anew");
}

#[tokio::test]
async fn the_board_shows_online_orders_to_everybody() {
    let shift = Shift::begin().await;
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 2").await;
    shift.sell("t1").await;
    let order = shift.handed(1).await;
    shift.sell("t2").await;
    assert_eq!(listed(&dara, "").await.0, ["o1"], "without a session too");
    let session = dara.open("session-2").await;
    dara.sell("t3", &session).await.ok(201);
    assert_eq!(listed(&dara, "").await.0, ["t3", "o1"]);
    assert_eq!(listed(&shift.sokha, "").await.0, ["t2", "o1", "t1"]);
    let vibol = Hand::at(&shift.store.till, "Vibol", "Counter 1").await;
    for approver in [&shift.maly, &vibol] {
        assert_eq!(listed(approver, "").await.0, ["t3", "t2", "o1", "t1"]);
        // Who asks for a session gets what was sold in it.
        assert_eq!(listed(approver, &format!("?session={session}")).await.0, ["t3"]);
    }
    assert_eq!(listed(&dara, &format!("?session={session}")).await.0, ["t3"]);

    let page = shift.sokha.get("/v1/orders").await.ok(200);
    assert_eq!(
        page["orders"][1],
        json!({
            "order_id": order,
            "sale_id": online(1).sale_id,
            "ticket_id": "o1",
            "origin": "ONLINE",
            "cash_session_id": null,
            "cashier_id": null,
            "cashier_name": null,
            "customer_id": sample_id::<Uuid>("Vanna"),
            "sale_type": "DELIVERY",
            "status": "IN_PREP",
            "sale_status": "FINALIZED",
            "pending_void": null,
            "placed_at": OPENING,
            "changed_at": null,
            "lines": [
                { "name": "Latte", "add_ons": ["Oat milk"], "quantity": 1 },
                { "name": "Croissant", "add_ons": [], "quantity": 2 },
            ],
            "grand_total_usd": "5.74",
        })
    );
    assert_eq!(page["orders"][0]["cashier_name"], "Sokha");
}

#[tokio::test]
async fn the_board_is_listed_by_state_and_page_by_page() {
    let shift = Shift::begin().await;
    let mut orders = Vec::new();
    for n in 0..4 {
        orders.push(shift.sell(&format!("t{n}")).await);
        orders.push(shift.handed(n).await);
    }
    // t0, o0, t1, o1, t2, o2, t3, o3, the newest last.
    for (place, steps) in [(1, 1), (2, 1), (3, 2), (4, 2)] {
        for to in &STATES[1..=steps] {
            shift.maly.move_order(&orders[place], to, &format!("{place}-{to}")).await.ok(200);
        }
    }
    for hand in [&shift.sokha, &shift.maly] {
        assert_eq!(listed(hand, "?status=IN_PREP").await.0, ["o3", "t3", "o2", "t0"]);
        assert_eq!(listed(hand, "?status=READY").await.0, ["t1", "o0"]);
        assert_eq!(listed(hand, "?status=DELIVERED").await.0, ["t2", "o1"]);
        assert_eq!(listed(hand, "?live=true").await.0, ["o3", "t3", "o2", "t1", "o0", "t0"]);
        assert_eq!(listed(hand, "?live=true&status=DELIVERED").await.0, [""; 0]);
        for (query, expected) in [
            ("", vec!["o3", "t3", "o2", "t2", "o1", "t1", "o0", "t0"]),
            ("&live=true", vec!["o3", "t3", "o2", "t1", "o0", "t0"]),
        ] {
            for limit in 1..=4 {
                let (mut seen, mut before) = (Vec::new(), String::new());
                loop {
                    let query = format!("?limit={limit}{query}{before}");
                    let (page, next) = listed(hand, &query).await;
                    assert!(page.len() <= limit && !page.is_empty());
                    seen.extend(page);
                    let Some(next) = next.as_u64() else { break };
                    before = format!("&before={next}");
                }
                assert_eq!(seen, expected, "in pages of {limit}");
            }
        }
    }
}

#[tokio::test]
async fn everybody_moves_an_online_order_by_the_rules_of_every_order() {
    let shift = Shift::begin().await;
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 2").await;
    let vibol = Hand::at(&shift.store.till, "Vibol", "Counter 1").await;
    let order = shift.handed(1).await;
    for (n, to) in [Some("READY"), Some("DELIVERED"), None].into_iter().enumerate() {
        for (k, other) in STATES.iter().enumerate().filter(|(_, other)| to != Some(other)) {
            for hand in [&dara, &shift.maly, &vibol] {
                let refused = hand.move_order(&order, other, &format!("bad-{n}-{k}")).await;
                assert_eq!(refused.problem(409), "illegal_order_move", "{} to {other}", STATES[n]);
            }
        }
        let Some(to) = to else { break };
        let hand = if n == 0 { &dara } else { &vibol };
        let moved = hand.move_order(&order, to, &format!("move-{n}")).await;
        let told = moved.ok(200);
        assert_eq!((&told["from"], &told["to"]), (&json!(STATES[n]), &json!(to)));
        assert_eq!(told["sale_id"], json!(online(1).sale_id));
        let again = hand.move_order(&order, to, &format!("move-{n}")).await;
        assert_eq!(again.body, moved.body, "a retry gets the first answer");
    }
    let shift = shift.restart().await;
    assert_eq!(listed(&shift.sokha, "?status=DELIVERED").await.0, ["o1"]);
    let told = shift.told("order.status_changed").await;
    let steps: Vec<_> = told.iter().map(|told| (&told["from"], &told["to"])).collect();
    assert_eq!(
        steps,
        [(&json!("IN_PREP"), &json!("READY")), (&json!("READY"), &json!("DELIVERED"))]
    );
    let unknown = shift.maly.move_order(&nobody(), "READY", "n").await;
    assert_eq!(unknown.problem(404), "order_not_found");
}

#[tokio::test]
async fn the_sale_of_an_online_order_is_not_voided_in_the_store() {
    let shift = Shift::begin().await;
    shift.handed(1).await;
    for hand in [&shift.sokha, &shift.maly] {
        assert_eq!(hand.ask_void("o1", "v").await.problem(409), "void_online_order");
        assert_eq!(hand.ask_void("o2", "v").await.problem(404), "ticket_not_found");
    }
    assert_eq!(shift.entries().await.get("void.requested"), None);
    let row = &shift.maly.get("/v1/orders").await.ok(200)["orders"][0];
    assert_eq!((&row["sale_status"], &row["status"]), (&json!("FINALIZED"), &json!("IN_PREP")));
    // Nor is it in anybody's drawer.
    let x = shift.sokha.get(&format!("/v1/cash-sessions/{}/x", shift.session)).await.ok(200);
    assert_eq!(x["sale_count"], 0);
    shift.sokha.close(&shift.session, "close").await.ok(200);
}
