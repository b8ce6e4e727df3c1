//! The books in memory and the books in Postgres do the same.

use std::collections::HashSet;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use testkit::{Books, seed_company, sqlx::PgPool};
use workers::{
    batch::{Memory, Outcome},
    books::PgBooks,
};

use crate::model::{
    Delivered, MemoryBooks, Snapshot, Store, process,
    way::{Trip, batch, trips},
};

/// How many random trips are made.
const TRIPS: usize = 20;

#[tokio::test]
async fn postgres_and_the_model_agree_on_every_outcome() {
    let books = Books::new().await;
    // With no more rights than the worker's.
    let settings = store::Settings::at(&books.url);
    let worker = store::connect_as(&settings, store::Role::Worker).await.unwrap();
    let mut runner = TestRunner::deterministic();
    let mut model_of_all = Vec::new();
    for _ in 0..TRIPS {
        let trip = trips().new_tree(&mut runner).unwrap().current();
        model_of_all.push(make(&books, &worker, &trip).await);
    }
    let snapshot = Snapshot::of(&books.pool).await;
    for model in model_of_all {
        assert_contains(&snapshot, &model);
    }
}

/// Makes a trip on both, comparing after each batch.
async fn make(books: &Books, worker: &PgPool, trip: &Trip) -> Snapshot {
    let company = seed_company(&books.pool, 2).await;
    let mut stores: Vec<Store> = company.stores.iter().map(Store::seeded).collect();
    let journals: Vec<_> =
        stores.iter_mut().zip(&trip.steps).map(|(store, steps)| store.write(steps)).collect();
    let mut model = MemoryBooks::enrolling(&stores);
    let (mut of_model, mut of_postgres) = (Memory::default(), Memory::default());
    let mut damaged = HashSet::new();
    let everything = |at: usize| journals[at].iter().map(move |e| Delivered::whole(at, e));
    for hops in &trip.batches {
        let heads: Vec<u64> = stores.iter().map(|store| model.head(store.edge_id).seq).collect();
        let delivered = batch(hops, &journals, &heads, &mut damaged);
        let expected = process(&mut model, &mut of_model, &stores, &delivered).await.unwrap();
        let found = on_postgres(worker, &mut of_postgres, &stores, &delivered).await;
        assert_eq!(told(found), told(expected));
    }
    // The whole stream from the start, twice: the second time changes nothing.
    for _ in 0..2 {
        let whole: Vec<Delivered> = (0..2).flat_map(everything).collect();
        for delivered in whole.chunks(trip.batch) {
            let expected = process(&mut model, &mut of_model, &stores, delivered).await.unwrap();
            let found = on_postgres(worker, &mut of_postgres, &stores, delivered).await;
            assert_eq!(told(found), told(expected));
        }
    }
    model.snapshot()
}

async fn on_postgres(
    worker: &PgPool,
    memory: &mut Memory,
    stores: &[Store],
    delivered: &[Delivered],
) -> Outcome {
    let mut tx = worker.begin().await.unwrap();
    let outcome = process(&mut PgBooks::within(&mut tx), memory, stores, delivered).await.unwrap();
    tx.commit().await.unwrap();
    outcome
}

/// The outcome without the database's own words.
fn told(mut outcome: Outcome) -> Outcome {
    for (_, aside) in &mut outcome.booked.set_aside {
        aside.detail.clear();
    }
    outcome
}

/// Other companies are in the same Postgres.
fn assert_contains(found: &Snapshot, model: &Snapshot) {
    macro_rules! same {
        ($($table:ident),+) => {$(
            for (key, row) in &model.$table {
                assert_eq!(found.$table.get(key), Some(row), "{} {key:?}", stringify!($table));
            }
        )+};
    }
    same!(cursors, entries, tickets, sales, orders, cash, ledger, levels);
    same!(exceptions, quarantine, facts, queue, audit);
    same!(sessions, reports, supplements, requests);
}
