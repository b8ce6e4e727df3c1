//! The books in memory and the books in Postgres do the same.

use std::collections::HashSet;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use schemas::{DeviceId, Entry, Sha256Hash, StaffId, Timestamp, requests::KhqrIntentV1};
use store::{
    doors,
    khqr::{self, Intent, NewIntent, Recorded},
};
use testkit::{Books, seed_company, sqlx::PgPool};
use uuid::Uuid;
use workers::{
    batch::{Memory, Outcome},
    books::PgBooks,
};

use crate::model::{
    Delivered, MemoryBooks, Snapshot, Store, book_online, process, snapshot_of,
    way::{Trip, batch, trips},
};

/// How many random trips are made.
const TRIPS: usize = 20;
/// How many orders each store's direct door sells first.
const SOLD_ONLINE: usize = 3;

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
    let snapshot = snapshot_of(&books.pool).await;
    for model in model_of_all {
        assert_contains(&snapshot, &model);
    }
}

/// Makes a trip on both, comparing after each batch.
pub(crate) async fn make(books: &Books, worker: &PgPool, trip: &Trip) -> Snapshot {
    let company = seed_company(&books.pool, 2).await;
    let mut stores: Vec<Store> = company.stores.iter().map(Store::seeded).collect();
    let online: Vec<Vec<Entry>> = stores
        .iter_mut()
        .map(|store| (0..SOLD_ONLINE).map(|_| store.door.sell()).collect())
        .collect();
    let journals: Vec<_> =
        stores.iter_mut().zip(&trip.steps).map(|(store, steps)| store.write(steps)).collect();
    let mut model = MemoryBooks::enrolling(&stores);
    for intent in stores.iter().flat_map(|store| &store.intents) {
        insert(&books.pool, intent).await;
        model.khqr(intent.clone());
    }
    for (store, entries) in stores.iter().zip(&online) {
        sell_online(books, worker, &mut model, store, entries).await;
    }
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

/// Books what the direct door of a store sold, on both.
async fn sell_online(
    books: &Books,
    worker: &PgPool,
    model: &mut MemoryBooks,
    store: &Store,
    entries: &[Entry],
) {
    let mut conn = books.pool.acquire().await.unwrap();
    doors::ensure(&mut conn, store.tenant_id, store.branch_id).await.unwrap();
    model.open_door(store);
    let expected = book_online(model, store, entries).await;
    let mut tx = worker.begin().await.unwrap();
    let found = book_online(&mut PgBooks::within(&mut tx), store, entries).await;
    tx.commit().await.unwrap();
    assert_eq!(found, expected);
}

/// Writes a KHQR code with its payment, as `ingest` would.
async fn insert(books: &PgPool, intent: &Intent) {
    let mut conn = books.acquire().await.unwrap();
    let asked = KhqrIntentV1 {
        md5: intent.md5.clone(),
        payload: "a code".to_owned(),
        ticket_id: intent.ticket_id.clone(),
        cash_session_id: None,
        device_id: DeviceId::from_uuid(Uuid::nil()),
        staff_id: StaffId::from_uuid(Uuid::nil()),
        currency: intent.currency,
        amount: intent.amount,
        to_account_id: intent.to_account_id.clone(),
        cart_hash: Sha256Hash::ZERO,
        created_at: Timestamp::from_unix_micros(1),
        expires_at: Timestamp::from_unix_micros(2),
    };
    let Intent { tenant_id, branch_id, edge_id, .. } = *intent;
    let (intent_asked, recorded_at) = (&asked, asked.expires_at);
    let new = NewIntent {
        tenant_id,
        branch_id,
        edge_id,
        intent: intent_asked,
        locked: None,
        recorded_at,
    };
    assert!(khqr::insert(&mut conn, &new).await.unwrap());
    if let Some(payment) = &intent.payment {
        let recorded = khqr::record_payment(&mut conn, &intent.md5, payment).await.unwrap();
        assert_eq!(recorded, Recorded::Now);
    }
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
    same!(sessions, reports, supplements, requests, proofs, claims, handovers);
}
