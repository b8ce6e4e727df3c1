//! Sales that were paid by KHQR, against the centre's own record.

use std::collections::BTreeMap;

use schemas::{Entry, EntryKind, events::SaleFinalizedV1};
use workers::batch::Memory;

use crate::model::{Delivered, MemoryBooks, Snapshot, Step, Store, process};

/// What booking the steps, after an opening, comes to.
async fn booked(steps: &[Step]) -> Snapshot {
    let mut store = Store::new(1);
    let steps: Vec<Step> = [Step::Open].iter().chain(steps).copied().collect();
    let entries = store.write(&steps);
    book(store, &entries).await
}

async fn book(store: Store, entries: &[Entry]) -> Snapshot {
    let stores = [store];
    let mut books = MemoryBooks::enrolling(&stores);
    for intent in &stores[0].intents {
        books.khqr(intent.clone());
    }
    let delivered: Vec<Delivered> = entries.iter().map(|e| Delivered::whole(0, e)).collect();
    process(&mut books, &mut Memory::default(), &stores, &delivered).await.unwrap();
    books.snapshot()
}

fn raised(books: &Snapshot) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for (kind, _) in books.exceptions.values() {
        if kind.starts_with("KHQR") {
            *kinds.entry(kind.as_str()).or_default() += 1;
        }
    }
    kinds
}

#[tokio::test]
async fn a_payment_that_fits_is_claimed_and_puts_nothing_in_the_drawer() {
    let books = booked(&[Step::Khqr, Step::Khqr]).await;
    assert_eq!((books.sales.len(), books.claims.len(), books.proofs.len()), (2, 2, 2));
    assert!(books.cash.is_empty());
    assert_eq!(raised(&books), BTreeMap::new());
    for (sale, (md5, _)) in &books.proofs {
        assert_eq!(books.claims.get(md5), Some(sale));
    }
}

#[tokio::test]
async fn a_sale_without_a_payment_that_fits_is_booked_and_told() {
    for step in [Step::KhqrShort, Step::KhqrUnpaid, Step::KhqrUnknown] {
        let books = booked(&[step]).await;
        assert_eq!((books.sales.len(), books.claims.len(), books.proofs.len()), (1, 0, 1));
        assert_eq!(raised(&books), BTreeMap::from([("KHQR_UNPROVEN", 1)]), "{step:?}");
    }
}

#[tokio::test]
async fn a_payment_is_claimed_once_in_one_batch_too() {
    let books = booked(&[Step::Khqr, Step::KhqrAgain]).await;
    assert_eq!((books.sales.len(), books.claims.len(), books.proofs.len()), (2, 1, 2));
    assert_eq!(raised(&books), BTreeMap::from([("KHQR_ALREADY_CLAIMED", 1)]));
}

#[tokio::test]
async fn every_field_of_the_proof_counts() {
    let changes: [fn(&mut SaleFinalizedV1); 5] = [
        |sale| proof(sale).khqr_hash.push('0'),
        |sale| proof(sale).khqr_to_account_id = "somebody@else".to_owned(),
        |sale| proof(sale).khqr_confirmed_at = proof(sale).khqr_confirmed_at.plus_micros(1),
        |sale| sale.tender.currency = schemas::Currency::Khr,
        |sale| sale.ticket_id = schemas::TicketId::parse("another").unwrap(),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut honest = Store::new(1);
        let written = honest.write(&[Step::Open, Step::Khqr]);
        let mut sale: SaleFinalizedV1 = serde_json::from_slice(&written[1].payload).unwrap();
        change(&mut sale);
        let mut store = Store::new(1);
        let opened = store.write(&[Step::Open]);
        let sold = store.journal.append(EntryKind::SaleFinalized, &sale);
        store.intents = honest.intents;
        let books = book(store, &[opened, vec![sold]].concat()).await;
        assert_eq!((books.sales.len(), books.claims.len()), (1, 0), "change {place}");
        assert_eq!(raised(&books), BTreeMap::from([("KHQR_UNPROVEN", 1)]), "change {place}");
    }
}

fn proof(sale: &mut SaleFinalizedV1) -> &mut schemas::events::KhqrProof {
    sale.tender.khqr.as_mut().unwrap()
}
