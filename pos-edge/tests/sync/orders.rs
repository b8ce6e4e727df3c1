//! Online orders in heartbeat replies: each is accepted once, and soon.

use std::time::Duration;

use bus::notices;
use schemas::{
    Clock, Entry, EntryKind, OrderId, Quantity, SaleId, SystemClock, TicketId, Usd,
    edge_api::LinkState,
    events::{OrderAcceptedV1, OrderedLine, SaleType, TenderMethod},
    requests::HandedOrder,
    subjects::wake_edge,
};
use testkit::{BOUND, wait_until};
use uuid::Uuid;

use crate::{World, centre::Books, commands::heartbeats, world};

fn order(n: u128) -> HandedOrder {
    let quantity = Quantity::try_from(1).unwrap();
    HandedOrder {
        order_id: OrderId::from_uuid(Uuid::from_u128(n)),
        sale_id: SaleId::from_uuid(Uuid::from_u128(100 + n)),
        ticket_id: TicketId::parse(format!("o{n}")).unwrap(),
        sale_type: SaleType::Takeaway,
        customer_id: None,
        method: TenderMethod::Khqr,
        grand_total_usd: Usd::ZERO,
        lines: vec![OrderedLine { name: "Latte".to_owned(), add_ons: Vec::new(), quantity }],
        finalized_at: SystemClock.now(),
    }
}

fn accepted(entries: &[Entry]) -> Vec<OrderId> {
    let entries = entries.iter().filter(|entry| entry.kind == EntryKind::OrderAccepted.as_str());
    let read = |entry: &Entry| serde_json::from_slice::<OrderAcceptedV1>(&entry.payload).unwrap();
    entries.map(|entry| read(entry).order_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_accepted_once_however_often_heartbeats_bring_them() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let orders: Vec<_> = (1..=20).map(order).collect();
    let ids: Vec<_> = orders.iter().map(|order| order.order_id).collect();
    centre.books().orders = orders;
    let sync = store.sync(&line);
    wait_until("every acceptance is in the books", BOUND, async || {
        (accepted(&centre.books().archive).len() == ids.len()).then_some(())
    })
    .await;
    heartbeats(&centre, 2).await;
    sync.stop().await;
    // Another daemon on the same journal gets them again.
    let head = store.journal.head().borrow().seq;
    let sync = store.sync(&line);
    heartbeats(&centre, 2).await;
    assert_eq!(store.journal.head().borrow().seq, head);
    assert_eq!(accepted(&centre.books().archive), ids, "in the order in which they came");
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_brings_an_order_long_before_the_next_heartbeat() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let sync = store.sync_every(Duration::from_secs(3_600), &line);
    sync.shows("a line that is up", |view| view.state == LinkState::Up).await;
    centre.books().orders = vec![order(1)];
    let subject = wake_edge(store.identity.edge_id);
    // Repeated, because the edge may not be listening yet.
    wait_until("the order is accepted", BOUND, async || {
        notices::notify(&centre.bus, &subject, &()).await.unwrap();
        (accepted(&centre.books().archive) == [order(1).order_id]).then_some(())
    })
    .await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_an_outage_is_accepted_when_the_line_returns() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    heartbeats(&centre, 1).await;
    line.cut();
    sync.shows("a line that is down", |view| view.state == LinkState::Down).await;
    centre.books().orders = vec![order(1)];
    let head = store.journal.head().borrow().seq;
    line.restore();
    wait_until("the order is accepted", BOUND, async || {
        (accepted(&centre.books().archive) == [order(1).order_id]).then_some(())
    })
    .await;
    assert!(store.journal.head().borrow().seq > head);
    sync.stop().await;
}
