//! Online orders: handed over to the store's edge with their sale, accepted by it,
//! and moved by nobody else.

use std::collections::BTreeMap;

use schemas::{Entry, events::OrderStatus};
use workers::batch::Memory;

use crate::model::{Delivered, MemoryBooks, Snapshot, Step, Store, book_online, process};

/// A store whose direct door sold so many orders.
async fn sold(count: usize) -> (Store, MemoryBooks) {
    let mut store = Store::new(1);
    let entries: Vec<Entry> = (0..count).map(|_| store.door.sell()).collect();
    let mut books = MemoryBooks::enrolling(std::slice::from_ref(&store));
    books.open_door(&store);
    book_online(&mut books, &store, &entries).await;
    (store, books)
}

/// What booking the edge's entries comes to.
async fn then(store: Store, books: &mut MemoryBooks, entries: &[Entry]) -> Snapshot {
    let delivered: Vec<Delivered> = entries.iter().map(|e| Delivered::whole(0, e)).collect();
    process(books, &mut Memory::default(), &[store], &delivered).await.unwrap();
    books.snapshot()
}

/// How often each kind of exception about orders was raised.
fn raised(books: &Snapshot) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for (kind, _) in books.exceptions.values().filter(|(kind, _)| kind.starts_with("ORDER")) {
        *kinds.entry(kind.as_str()).or_default() += 1;
    }
    kinds
}

fn statuses(books: &Snapshot) -> Vec<&str> {
    let mut statuses: Vec<_> = books.orders.values().map(|(_, status)| status.as_str()).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn an_order_is_the_edges_from_its_acceptance_on() {
    let (mut store, mut books) = sold(2).await;
    assert_eq!(books.snapshot().handovers.len(), 2);
    let entries = store.write(&[Step::AcceptOnline, Step::ReadyOnline, Step::DeliveredOnline]);
    let edge = store.edge_id.as_uuid();
    let first = store.door.sales[0].order_id.as_uuid();
    let books = then(store, &mut books, &entries).await;
    assert_eq!(raised(&books), BTreeMap::new());
    assert_eq!(statuses(&books), ["DELIVERED", "IN_PREP"]);
    let accepted: Vec<_> = books.handovers.values().filter_map(|(_, by)| *by).collect();
    assert_eq!(accepted, [(edge, 1)]);
    assert_eq!(books.handovers[&first].1, Some((edge, 1)));
    let facts = books.facts.values().next().unwrap();
    let moves = facts.iter().filter(|id| id.ends_with("order.status_changed")).count();
    assert_eq!(moves, 2);
    let audit: Vec<_> = books.audit.values().next().unwrap().iter().map(|row| &*row.0).collect();
    assert_eq!(
        audit,
        [
            "SALE_FINALIZED",
            "SALE_FINALIZED",
            "ORDER_ACCEPTED",
            "ORDER_STATUS_UPDATED",
            "ORDER_STATUS_UPDATED"
        ]
    );
}

#[tokio::test]
async fn nobody_moves_an_order_that_waits_for_the_store() {
    let (mut store, mut books) = sold(1).await;
    let sale = store.door.sales[0].clone();
    let by_door = store.door.journal.move_order(&sale, OrderStatus::InPrep, OrderStatus::Ready);
    book_online(&mut books, &store, &[by_door]).await;
    let by_edge = store.write(&[Step::ReadyOnline]);
    let books = then(store, &mut books, &by_edge).await;
    assert_eq!(raised(&books), BTreeMap::from([("ORDER_MOVE_REFUSED", 2)]));
    assert_eq!(statuses(&books), ["IN_PREP"]);
    assert_eq!(books.handovers.values().next().unwrap().1, None, "it still waits");
}

#[tokio::test]
async fn the_door_does_not_move_an_order_that_was_accepted() {
    let (mut store, mut books) = sold(1).await;
    let sale = store.door.sales[0].clone();
    let entries = store.write(&[Step::AcceptOnline]);
    let by_door = store.door.journal.move_order(&sale, OrderStatus::InPrep, OrderStatus::Ready);
    let rest = store.write(&[Step::ReadyOnline]);
    let delivered: Vec<Delivered> = entries.iter().map(|e| Delivered::whole(0, e)).collect();
    let stores = [store];
    let mut memory = Memory::default();
    process(&mut books, &mut memory, &stores, &delivered).await.unwrap();
    book_online(&mut books, &stores[0], &[by_door]).await;
    let [store] = stores;
    let books = then(store, &mut books, &rest).await;
    assert_eq!(raised(&books), BTreeMap::from([("ORDER_MOVE_REFUSED", 1)]));
    assert_eq!(statuses(&books), ["READY"], "the edge's word holds");
}

#[tokio::test]
async fn what_was_not_handed_over_is_not_accepted() {
    // Twice the same; a till's own; one that nobody sold.
    let (mut store, mut books) = sold(1).await;
    let mut entries = store.write(&[Step::AcceptOnline, Step::AcceptAgain, Step::Open]);
    let (own, sold) = store.journal.sell();
    entries.push(sold);
    entries.push(store.accept(&own));
    let mut unknown = own;
    unknown.order_id = schemas::OrderId::from_uuid(uuid::Uuid::nil());
    entries.push(store.accept(&unknown));
    let books = then(store, &mut books, &entries).await;
    assert_eq!(raised(&books), BTreeMap::from([("ORDER_NOT_HANDED_OVER", 3)]));
    assert_eq!((books.handovers.len(), statuses(&books)), (1, vec!["IN_PREP", "IN_PREP"]));
}

#[tokio::test]
async fn an_order_of_a_store_without_an_edge_stays_with_the_door() {
    let mut store = Store::new(1);
    let sold = store.door.sell();
    let mut books = MemoryBooks::default();
    books.open_door(&store);
    book_online(&mut books, &store, &[sold]).await;
    let sale = store.door.sales[0].clone();
    let moved = store.door.journal.move_order(&sale, OrderStatus::InPrep, OrderStatus::Ready);
    book_online(&mut books, &store, &[moved]).await;
    let books = books.snapshot();
    assert_eq!((raised(&books), statuses(&books)), (BTreeMap::new(), vec!["READY"]));
    assert!(books.handovers.is_empty());
}
