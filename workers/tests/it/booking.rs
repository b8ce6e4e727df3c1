//! Poison in a batch: found, set aside, and in nobody's way.

use workers::{
    batch::Memory,
    booking::{BookingError, MAX_REFUSED_IN_A_ROW},
};

use crate::model::{Delivered, MemoryBooks, Step, Store, process};

fn delivered(store: &mut Store, steps: &[Step]) -> Vec<Delivered> {
    store.write(steps).iter().map(|entry| Delivered::whole(0, entry)).collect()
}

#[tokio::test]
async fn poison_is_set_aside_alone_with_its_followers() {
    let mut stores = vec![Store::new(0)];
    let mut books = MemoryBooks::enrolling(&stores);
    let mut steps = vec![Step::Open];
    steps.extend([Step::Sell; 40]);
    steps.extend([Step::Poison, Step::Ready]);
    steps.extend([Step::Sell; 40]);
    let batch = delivered(&mut stores[0], &steps);
    let outcome = process(&mut books, &mut Memory::default(), &stores, &batch).await.unwrap();
    assert_eq!(outcome.booked.applied, 81);
    let reasons: Vec<_> =
        outcome.booked.set_aside.iter().map(|((_, seq), it)| (*seq, it.reason.as_str())).collect();
    assert_eq!(reasons, [(42, "DATA_ERROR"), (43, "BEHIND")]);
    assert_eq!(books.head(stores[0].edge_id).seq, 83);
}

#[tokio::test]
async fn many_refused_in_a_row_stop_the_shard_and_book_nothing() {
    let most = usize::try_from(MAX_REFUSED_IN_A_ROW).unwrap();
    let mut stores = vec![Store::new(0)];
    let mut books = MemoryBooks::enrolling(&stores);
    let mut memory = Memory::default();
    let first = delivered(&mut stores[0], &vec![Step::Garbage; most]);
    process(&mut books, &mut memory, &stores, &first).await.unwrap();
    // Over batches: one more is too many, unless something was applied between.
    let mut mended = (books.clone(), memory.clone(), Store::new(0));
    mended.2.write(&vec![Step::Garbage; most]);
    let more = delivered(&mut stores[0], &[Step::Garbage]);
    let error = process(&mut books, &mut memory, &stores, &more).await.unwrap_err();
    assert!(matches!(error, BookingError::TooManyRefused { .. }), "{error}");

    let (mut books, mut memory, store) = mended;
    let mut stores = vec![store];
    let good = delivered(&mut stores[0], &[Step::Open, Step::Garbage]);
    process(&mut books, &mut memory, &stores, &good).await.unwrap();
    assert_eq!(books.head(stores[0].edge_id).seq, u64::from(MAX_REFUSED_IN_A_ROW) + 2);
}

#[tokio::test]
async fn entries_of_a_later_version_wait_and_stop_nobody() {
    let mut stores = vec![Store::new(0)];
    let mut books = MemoryBooks::enrolling(&stores);
    let mut steps = vec![Step::Future; 2 * usize::try_from(MAX_REFUSED_IN_A_ROW).unwrap()];
    steps.extend([Step::Ready, Step::Open, Step::Sell]);
    let batch = delivered(&mut stores[0], &steps);
    let outcome = process(&mut books, &mut Memory::default(), &stores, &batch).await.unwrap();
    assert_eq!(outcome.booked.applied, 2);
    let last = outcome.booked.set_aside.last().unwrap();
    assert_eq!(last.1.reason.as_str(), "BEHIND");
}
