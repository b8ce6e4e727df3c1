//! Online orders of a store with an edge: they go down to its board, are made there,
//! and the books hear of it; whatever is cut, killed or delivered twice in between.

use bus::notices;
use schemas::{
    BranchId, EdgeId, OrderId, StaffId, TenantId,
    edge_api::{LinkState, OrderOrigin, OrderRow},
    events::OrderStatus,
    subjects::wake_edge,
};
use serde_json::{Value, json};
use store::companies;
use testkit::{BOUND, sample_id, sqlx, wait_until};
use tests::{DoorAnswer, Till};
use uuid::Uuid;

use crate::stage::Stage;

impl Stage {
    fn till(&self) -> &Till {
        &self.world.shops[0].till
    }

    /// Sells online on account; the order.
    async fn sell_online(&self, ticket: &str) -> OrderId {
        let sold = self.app.sell_patiently(ticket, &self.app.on_account(2, self.customer)).await;
        assert_eq!(sold.status, 200, "{sold:?}");
        let order: Uuid = sqlx::query_scalar(
            "SELECT order_id FROM sale_order JOIN sale USING (sale_id) WHERE ticket_id = $1",
        )
        .bind(ticket)
        .fetch_one(&self.world.books.pool)
        .await
        .expect("the sale has its order");
        order.into()
    }

    /// Waits until the store's board shows an order in this state.
    async fn on_the_board(&self, order: OrderId, status: OrderStatus) -> OrderRow {
        wait_until(&format!("order {order} is on the board as {status:?}"), BOUND, async || {
            let orders = self.till().orders().await?;
            orders.into_iter().find(|row| (row.order_id, row.status) == (order, status))
        })
        .await
    }

    /// Waits until the books say so of an order.
    async fn in_the_books(&self, order: OrderId, status: OrderStatus) {
        wait_until(&format!("order {order} is {status:?} in the books"), BOUND, async || {
            let found: String =
                sqlx::query_scalar("SELECT status FROM sale_order WHERE order_id = $1")
                    .bind(order.as_uuid())
                    .fetch_one(&self.world.books.pool)
                    .await
                    .ok()?;
            (found == status.as_str()).then_some(())
        })
        .await;
    }

    /// Asks the door to move an order.
    async fn move_at_door(&self, key: &str, order: OrderId) -> DoorAnswer {
        let body = json!({
            "branch_id": self.app.branch, "order_id": order,
            "staff_id": sample_id::<StaffId>("Sokha"), "to": "READY",
        });
        self.app.post("/pos/orders/status", key, &body).await
    }

    async fn acceptances(&self) -> i64 {
        self.count("SELECT count(*) FROM edge_entry WHERE kind = 'order.accepted'").await
    }

    async fn oddities(&self) -> i64 {
        self.count("SELECT count(*) FROM exception WHERE kind LIKE 'ORDER%'").await
    }
}

#[tokio::test]
async fn an_online_order_is_made_in_the_store() {
    use OrderStatus::{Delivered, InPrep, Ready};
    let stage = Stage::beside_an_edge().await;
    let own = stage.till().sell().await;
    let edge = stage.world.shops[0].store.edge_id;
    let bus = stage.world.bus().await;
    let mut wakes = notices::subscribe(&bus, &wake_edge(edge)).await.expect("a subscription");

    let order = stage.sell_online("online-1").await;
    let woken = tokio::time::timeout(BOUND, wakes.next()).await;
    assert!(woken.expect("the edge is woken").is_some());
    let row = stage.on_the_board(order, InPrep).await;
    assert_eq!((row.origin, row.ticket_id.as_str()), (OrderOrigin::Online, "online-1"));
    assert_eq!((row.customer_id, row.cash_session_id), (Some(stage.customer), None));
    let made: Vec<_> =
        row.lines.iter().map(|line| (line.name.as_str(), line.quantity.get())).collect();
    assert_eq!(made, [("Latte", 1), ("Water", 2)]);
    let board = stage.till().orders().await.expect("the edge lists orders");
    assert_eq!(board.len(), 2, "beside the till's own: {board:?}");
    assert_eq!((board[1].order_id, board[1].origin), (own.order_id, OrderOrigin::Till));

    for (key, to) in [("ready", Ready), ("delivered", Delivered)] {
        let moved = stage.till().move_order(order, key, to).await;
        assert_eq!(moved.status, 200, "{moved:?}");
        assert_eq!(stage.till().move_order(order, key, to).await, moved, "a retry");
        stage.in_the_books(order, to).await;
    }
    let illegal = stage.till().move_order(order, "back", Ready).await;
    assert_eq!(illegal.json::<Value>()["code"], "illegal_order_move");
    let void = stage.till().try_void(&row.ticket_id).await;
    assert_eq!(
        (void.status.as_u16(), &void.json::<Value>()["code"]),
        (409, &json!("void_online_order"))
    );

    let told = "SELECT count(*) FROM outbox, unnest(kinds) AS kind
                WHERE kind = 'order.status_changed'";
    assert_eq!(stage.count(told).await, 2);
    assert_eq!((stage.acceptances().await, stage.oddities().await), (1, 0));
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn the_door_does_not_move_what_it_handed_over() {
    let mut stage = Stage::beside_an_edge().await;
    stage.world.shops[0].line.cut();
    let order = stage.sell_online("online-1").await;
    assert_eq!(stage.move_at_door("waiting", order).await.refusal(), (409, "kept_at_edge"));
    stage.world.shops[0].line.restore();
    stage.on_the_board(order, OrderStatus::InPrep).await;
    let accepted = "SELECT count(*) FROM order_handover WHERE state = 'ACCEPTED'";
    wait_until("the acceptance is in the books", BOUND, async || {
        (stage.count(accepted).await == 1).then_some(())
    })
    .await;
    assert_eq!(stage.move_at_door("accepted", order).await.refusal(), (409, "kept_at_edge"));
    // What a till of the store sold is not the door's either.
    let own = stage.till().sell().await;
    stage.till().all_numbered().await;
    assert_eq!(stage.move_at_door("own", own.order_id).await.refusal(), (409, "kept_at_edge"));
    // With the edge gone for good the order stays with it.
    stage.world.shops[0].edge.kill();
    assert_eq!(stage.move_at_door("gone", order).await.refusal(), (409, "kept_at_edge"));
    stage.in_the_books(order, OrderStatus::InPrep).await;
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn orders_of_an_outage_are_on_the_board_when_the_line_returns() {
    use OrderStatus::{Delivered, InPrep, Ready};
    let stage = Stage::beside_an_edge().await;
    let before = stage.sell_online("before").await;
    stage.on_the_board(before, InPrep).await;
    stage.world.shops[0].line.cut();
    wait_until("the edge notices", BOUND, async || {
        (stage.till().sync().await?.link == LinkState::Down).then_some(())
    })
    .await;
    let mut orders = Vec::new();
    for n in 1..=3 {
        orders.push(stage.sell_online(&format!("meanwhile-{n}")).await);
    }
    // The one that was accepted is made without a line; of the others nobody knows yet.
    assert_eq!(stage.till().move_order(before, "r", Ready).await.status, 200);
    assert_eq!(stage.till().move_order(before, "d", Delivered).await.status, 200);
    let board = stage.till().orders().await.expect("the edge lists orders");
    assert_eq!(board.iter().map(|row| row.order_id).collect::<Vec<_>>(), [before]);
    let unknown = stage.till().move_order(orders[0], "early", Ready).await;
    assert_eq!(unknown.json::<Value>()["code"], "order_not_found");

    stage.world.shops[0].line.restore();
    for order in &orders {
        stage.on_the_board(*order, InPrep).await;
    }
    let board = stage.till().orders().await.expect("the edge lists orders");
    let shown: Vec<_> = board.iter().map(|row| row.order_id).collect();
    assert_eq!(shown, [orders[2], orders[1], orders[0], before], "newest first");
    stage.in_the_books(before, Delivered).await;
    assert_eq!(stage.till().move_order(orders[1], "late", Ready).await.status, 200);
    stage.in_the_books(orders[1], Ready).await;
    assert_eq!((stage.acceptances().await, stage.oddities().await), (4, 0));
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn an_edge_that_dies_as_it_accepts_accepts_once() {
    let mut stage = Stage::beside_an_edge().await;
    let shop = &mut stage.world.shops[0];
    let plan = shop.plan().failpoint("edge.after_fsync=return");
    shop.restart(plan).await;
    let order = stage.sell_online("online-1").await;
    let shop = &mut stage.world.shops[0];
    shop.edge.ended(BOUND).await;
    let plan = shop.plan();
    shop.restart(plan).await;
    stage.on_the_board(order, OrderStatus::InPrep).await;
    assert_eq!(stage.till().move_order(order, "r", OrderStatus::Ready).await.status, 200);
    stage.in_the_books(order, OrderStatus::Ready).await;
    assert_eq!((stage.acceptances().await, stage.oddities().await), (1, 0));
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn an_order_that_is_delivered_again_and_again_is_accepted_once() {
    let mut stage = Stage::beside_an_edge().await;
    stage.world.shops[0].line.cut();
    let order = stage.sell_online("online-1").await;
    // Nobody books the acceptance, so every heartbeat brings the order again.
    stage.world.centre.workers.kill();
    stage.world.shops[0].line.restore();
    stage.on_the_board(order, OrderStatus::InPrep).await;
    assert_eq!(stage.till().move_order(order, "r", OrderStatus::Ready).await.status, 200);
    let heard = "SELECT (extract(epoch FROM received_at) * 1000)::bigint FROM edge_heartbeat";
    for _ in 0..2 {
        let last = stage.count(heard).await;
        wait_until("another heartbeat is answered", BOUND, async || {
            (stage.count(heard).await > last).then_some(())
        })
        .await;
    }
    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    stage.in_the_books(order, OrderStatus::Ready).await;
    let board = stage.till().orders().await.expect("the edge lists orders");
    assert_eq!((board.len(), board[0].status), (1, OrderStatus::Ready), "{board:?}");
    assert_eq!((stage.acceptances().await, stage.oddities().await), (1, 0));
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn orders_from_before_the_store_had_an_edge_stay_with_the_door() {
    let stage = Stage::without_edge().await;
    let (first, second) = (stage.sell_online("one").await, stage.sell_online("two").await);
    assert_eq!(stage.move_at_door("move-1", first).await.status, 200);
    enrol(&stage).await;
    let third = stage.sell_online("three").await;
    assert_eq!(stage.move_at_door("move-2", second).await.status, 200);
    assert_eq!(stage.move_at_door("move-3", third).await.refusal(), (409, "kept_at_edge"));
    let handed = "SELECT order_id::text FROM order_handover";
    assert_eq!(stage.text(handed).await, third.to_string());
    assert_eq!(stage.count("SELECT count(*) FROM order_handover").await, 1);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn verify_sees_orders_that_are_not_where_they_should_be() {
    let stage = Stage::beside_an_edge().await;
    let order = stage.sell_online("one").await;
    stage.on_the_board(order, OrderStatus::InPrep).await;
    assert_eq!(stage.till().move_order(order, "r", OrderStatus::Ready).await.status, 200);
    stage.in_the_books(order, OrderStatus::Ready).await;
    stage.world.books_are_right().await;
    let damages = [
        "DELETE FROM order_handover",
        "UPDATE order_handover SET state = 'WAITING', accepted_at = NULL, edge_id = NULL,
             entry_seq = NULL",
        "UPDATE order_handover SET entry_seq = 99",
        "UPDATE order_handover SET sale_entry_seq = 99",
        "UPDATE order_handover SET branch_id = gen_random_uuid()",
        "UPDATE sale_order SET status = 'DELIVERED'",
        "UPDATE sale_order SET status = 'IN_PREP'",
    ];
    let pool = &stage.world.books.pool;
    for damage in damages {
        let copies = "CREATE TABLE kept_h AS TABLE order_handover;
                      CREATE TABLE kept_o AS TABLE sale_order";
        testkit::damage(pool, copies).await;
        testkit::damage(pool, damage).await;
        let failed = stage.world.failed_checks().await;
        assert!(failed.iter().any(|check| check.name == "door"), "{damage}: {failed:?}");
        let restored = "DELETE FROM order_handover; DELETE FROM sale_order;
             INSERT INTO order_handover SELECT * FROM kept_h;
             INSERT INTO sale_order SELECT * FROM kept_o;
             DROP TABLE kept_h, kept_o";
        testkit::damage(pool, restored).await;
    }
    stage.world.books_are_right().await;
}

/// Enrols an edge for the store.
async fn enrol(stage: &Stage) {
    let store = &stage.world.company.stores[0];
    let (tenant, branch): (TenantId, BranchId) = (store.tenant_id, store.branch_id);
    let edge = EdgeId::from_uuid(Uuid::now_v7());
    let mut tx = stage.world.books.pool.begin().await.expect("the books answer");
    companies::enrol_edge(&mut tx, tenant, branch, edge).await.expect("an edge can be enrolled");
    tx.commit().await.expect("the books answer");
}
