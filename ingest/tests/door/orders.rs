//! Online orders reach the store with the answer to its heartbeat.

use schemas::{
    CustomerId, Entry, EntryKind,
    events::{SaleFinalizedV1, TenderMethod},
    requests::{HandedOrder, HeartbeatReplyV1},
    subjects::CentralRequest,
};
use store::{
    doors::door_edge,
    entries,
    handovers::{self, Acceptance, Handover},
};
use testkit::{JournalWriter, Store, sample_id, sqlx::PgConnection};

use crate::{
    requests::heartbeat,
    setup::{Door, NOW},
};

/// A sale of a store's direct door, as whoever books it writes it down.
async fn hand_over(books: &mut PgConnection, store: &Store, sale: &SaleFinalizedV1, entry: &Entry) {
    entries::insert(books, &[entry]).await.unwrap();
    let handover = Handover {
        order_id: sale.order_id,
        tenant_id: store.tenant_id,
        branch_id: store.branch_id,
        sale_id: sale.sale_id,
        entry: (entry.edge_id, entry.seq),
        at: entry.recorded_at,
    };
    handovers::insert(books, &[handover]).await.unwrap();
}

fn journal(store: &Store) -> JournalWriter {
    JournalWriter::new(door_edge(store.branch_id), &store.catalogue)
}

async fn waiting(door: &Door, store: usize) -> Vec<HandedOrder> {
    let subject = door.subject(store, CentralRequest::Heartbeat);
    let reply: HeartbeatReplyV1 = door.ask(subject, &heartbeat(door)).await.unwrap();
    reply.orders
}

#[tokio::test]
async fn orders_come_with_every_heartbeats_answer_until_their_acceptance_is_in_the_books() {
    let door = Door::open(2).await;
    let store = door.store(0).clone();
    let mut journal = journal(&store);
    let mut books = door.books.pool.acquire().await.unwrap();
    let mut expected = Vec::new();
    for _ in 0..2 {
        let mut sale = journal.next_sale();
        sale.customer_id = Some(sample_id::<CustomerId>("Vanna"));
        let entry = journal.append(EntryKind::SaleFinalized, &sale);
        hand_over(&mut books, &store, &sale, &entry).await;
        expected.push(sale);
    }
    for _ in 0..2 {
        let orders = waiting(&door, 0).await;
        assert_eq!(orders.len(), 2);
        for (order, sale) in orders.iter().zip(&expected) {
            assert_eq!((order.order_id, order.sale_id), (sale.order_id, sale.sale_id));
            assert_eq!((&order.ticket_id, order.sale_type), (&sale.ticket_id, sale.sale_type));
            assert_eq!((order.customer_id, order.method), (sale.customer_id, TenderMethod::Cash));
            assert_eq!(order.grand_total_usd, sale.grand_total_usd);
            assert_eq!(order.finalized_at, sale.finalized_at);
            let lines: Vec<_> = order
                .lines
                .iter()
                .map(|l| (&*l.name, l.add_ons.join(" "), l.quantity.get()))
                .collect();
            assert_eq!(
                lines,
                [("Latte", "Oat milk".to_owned(), 1), ("Water", String::new(), 1)],
                "the oldest first"
            );
        }
    }
    assert_eq!(waiting(&door, 1).await, [], "they are another store's");

    let accepted =
        Acceptance { order_id: expected[0].order_id, entry: (store.edge_id, 9), at: NOW };
    assert_eq!(handovers::accept(&mut books, &[accepted]).await.unwrap(), 1);
    assert_eq!(handovers::accept(&mut books, &[accepted]).await.unwrap(), 0, "once");
    let left: Vec<_> = waiting(&door, 0).await.iter().map(|order| order.order_id).collect();
    assert_eq!(left, [expected[1].order_id]);
}

#[tokio::test]
async fn an_answer_holds_the_oldest_orders_that_fit_it() {
    let door = Door::open(1).await;
    let store = door.store(0).clone();
    let mut journal = journal(&store);
    let mut books = door.books.pool.acquire().await.unwrap();
    let mut orders = Vec::new();
    // The first is from a newer build; the others weigh 100 KB each.
    for n in 0..6 {
        let mut sale = journal.next_sale();
        sale.lines[0].name = "x".repeat(100_000);
        let payload = serde_json::to_vec(&sale).unwrap();
        let version = if n == 0 { 2 } else { 1 };
        let kind = EntryKind::SaleFinalized;
        let entry = journal.append_bytes(kind, version, payload);
        hand_over(&mut books, &store, &sale, &entry).await;
        orders.push(sale.order_id);
    }
    let ids = |waiting: Vec<HandedOrder>| -> Vec<_> {
        waiting.iter().map(|order| order.order_id).collect()
    };
    let first = ids(waiting(&door, 0).await);
    assert!(!first.is_empty() && first.len() < 5, "{first:?}");
    assert_eq!(first, orders[1..=first.len()]);
    for order_id in first.clone() {
        let accepted = Acceptance { order_id, entry: (store.edge_id, 9), at: NOW };
        handovers::accept(&mut books, &[accepted]).await.unwrap();
    }
    let rest = ids(waiting(&door, 0).await);
    assert_eq!(rest, orders[1 + first.len()..]);
}
