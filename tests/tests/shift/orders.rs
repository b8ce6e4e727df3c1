//! Orders that move on in a store, as the books have them.

use reqwest::StatusCode;
use schemas::{
    OrderId,
    back_office::Scope,
    events::OrderStatus::{self, Cancelled, Delivered, InPrep, Ready, Voided},
    requests::FactsReplyV1,
};
use serde_json::{Value, json};
use tests::{Till, World};

/// Every sale and line as it was written, with the figures.
const SALES: &str = "SELECT to_jsonb(s) AS sale, to_jsonb(l) AS line
    FROM sale s JOIN sale_line l USING (sale_id) ORDER BY s.entry_seq, l.line_no";
const ORDERS: &str = "SELECT o.status FROM sale_order o JOIN sale s USING (sale_id)
    ORDER BY s.entry_seq";

async fn illegal(till: &Till, order: OrderId, to: OrderStatus) {
    let refused = till.move_order(order, &format!("no-{order}-{to:?}"), to).await;
    assert_eq!(refused.refusal(), (409, "illegal_order_move".to_owned()), "to {to:?}");
}

/// What the facts of the first store tell of orders: from, to, who.
async fn told(world: &World) -> Vec<Value> {
    let client = world.client(0, &[Scope::BooksRead]).await;
    let answer = client.get(&format!("/v1/branches/{}/facts", client.branch)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let reply: FactsReplyV1 = serde_json::from_value(answer.json).expect("facts");
    let of_orders = reply.facts.iter().filter(|fact| fact.kind == "order.status_changed");
    let body = |fact: &schemas::requests::FactV1| {
        let body: Value = serde_json::from_str(fact.body.get()).expect("a body is JSON");
        json!([body["order_id"], body["from"], body["to"], body["changed_by"]])
    };
    of_orders.map(body).collect()
}

#[tokio::test]
async fn an_order_goes_its_way_in_the_books_and_never_touches_its_sale() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let (sokha, dara) = (&shop.till, shop.second_till("Counter 2", "Dara").await);
    let sale = sokha.sell().await;
    let order = sale.order_id;
    sokha.all_numbered().await;
    let written = world.rows(SALES).await;
    assert_eq!(world.rows(ORDERS).await, [json!({ "status": "IN_PREP" })]);
    for to in [InPrep, Delivered, Voided, Cancelled] {
        illegal(sokha, order, to).await;
    }
    let ready = sokha.move_order(order, "ready", Ready).await;
    assert_eq!(sokha.move_order(order, "ready", Ready).await.ok(), ready.ok(), "a replay");
    sokha.booked().await;
    assert_eq!(world.rows(ORDERS).await, [json!({ "status": "READY" })]);

    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    for to in [InPrep, Ready, Voided, Cancelled] {
        illegal(sokha, order, to).await;
    }
    dara.move_order(order, "delivered", Delivered).await.ok();
    for to in [InPrep, Ready, Delivered, Voided, Cancelled] {
        illegal(&dara, order, to).await;
    }
    assert_eq!(world.rows(ORDERS).await, [json!({ "status": "READY" })], "the line is cut");
    shop.line.restore();
    sokha.booked().await;
    assert_eq!(world.rows(ORDERS).await, [json!({ "status": "DELIVERED" })]);
    assert_eq!(world.rows(SALES).await, written, "the sale is as it was");
    let moves = "SELECT count(*) FROM edge_entry WHERE kind = 'order.status_changed'";
    assert_eq!(world.count(moves).await, 2, "what was refused is in no journal");
    world.books_are_right().await;
    let (sokha, dara) = (sokha.staff_id(), dara.staff_id());
    let expected =
        [json!([order, "IN_PREP", "READY", sokha]), json!([order, "READY", "DELIVERED", dara])];
    assert_eq!(told(&world).await, expected);
    let refused = world.shops[0].till.try_void(&sale.ticket_id).await;
    assert_eq!(refused.refusal(), (409, "void_order_delivered".to_owned()));
}

#[tokio::test]
async fn an_order_waits_for_the_void_of_its_sale_and_ends_with_it() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let (sokha, dara) = (&shop.till, shop.second_till("Counter 2", "Dara").await);
    let (undone, kept) = (sokha.sell().await, sokha.sell().await);
    let mut requests = Vec::new();
    for sale in [&undone, &kept] {
        requests.push(sokha.void(&sale.ticket_id).await);
        let key = format!("ready-{}", sale.order_id);
        sokha.move_order(sale.order_id, &key, Ready).await.ok();
        let waits = sokha.move_order(sale.order_id, "waits", Delivered).await;
        assert_eq!(waits.refusal(), (409, "order_void_pending".to_owned()));
    }
    sokha.booked().await;
    let pending = "SELECT count(*) FROM sale s JOIN sale_order o USING (sale_id)
        WHERE s.status = 'VOID_PENDING' AND o.status = 'READY'";
    assert_eq!(world.count(pending).await, 2);
    dara.approve(requests[0], "yes").await.ok();
    dara.reject(requests[1], "no").await.ok();
    for to in [InPrep, Ready, Delivered, Voided, Cancelled] {
        illegal(sokha, undone.order_id, to).await;
    }
    dara.move_order(kept.order_id, "delivered", Delivered).await.ok();
    sokha.booked().await;
    let ends = [json!({ "status": "VOIDED" }), json!({ "status": "DELIVERED" })];
    assert_eq!(world.rows(ORDERS).await, ends);
    assert_eq!(world.count("SELECT count(*) FROM exception WHERE kind LIKE 'ORDER%'").await, 0);
    world.books_are_right().await;
}
