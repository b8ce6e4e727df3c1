//! One holder at a time, and nothing booked by one who is it no longer.

use std::{sync::Arc, time::Duration};

use store::lease::{self, Lease};
use testkit::{BOUND, Books, seed_company, sqlx::PgPool, wait_until};
use workers::batch::{self, BatchError, Memory};

use crate::model::{Delivered, Step, Store, received, snapshot_of};

const NAME: &str = "shard:0";
/// Long enough for a test to do something under it.
const LONG: Duration = Duration::from_secs(60);
/// Over at once.
const SHORT: Duration = Duration::from_millis(1);

async fn acquire(pool: &PgPool, holder: &str, ttl: Duration) -> Option<Lease> {
    let mut conn = pool.acquire().await.unwrap();
    lease::acquire(&mut conn, NAME, holder, ttl).await.unwrap()
}

/// Waits for a lease that expires.
async fn inherit(pool: &PgPool, holder: &str, ttl: Duration) -> Lease {
    wait_until("the lease expires", BOUND, async || acquire(pool, holder, ttl).await).await
}

#[tokio::test]
async fn a_lease_has_one_holder_and_a_new_term_for_each() {
    let books = Books::new().await;
    let first = acquire(&books.pool, "a", LONG).await.unwrap();
    assert_eq!(first.term(), 1);
    assert_eq!(acquire(&books.pool, "b", LONG).await, None);
    let mut conn = books.pool.acquire().await.unwrap();
    assert!(lease::renew(&mut conn, &first, SHORT).await.unwrap());
    let second = inherit(&books.pool, "b", LONG).await;
    assert_eq!(second.term(), 2);
    assert!(!lease::renew(&mut conn, &first, LONG).await.unwrap());
    // Whoever lost it cannot give it away.
    lease::resign(&mut conn, &first).await.unwrap();
    assert_eq!(acquire(&books.pool, "c", LONG).await, None);
    lease::resign(&mut conn, &second).await.unwrap();
    assert_eq!(acquire(&books.pool, "c", LONG).await.unwrap().term(), 3);
}

#[tokio::test]
async fn nobody_takes_a_lease_over_while_a_batch_is_under_way() {
    let books = Books::new().await;
    let held = acquire(&books.pool, "a", SHORT).await.unwrap();
    let mut tx = books.pool.begin().await.unwrap();
    assert!(lease::renew(&mut tx, &held, SHORT).await.unwrap());
    // Expired by the clock, but its row is locked: not to be had, nor waited for.
    for _ in 0..20 {
        assert_eq!(acquire(&books.pool, "b", LONG).await, None);
    }
    tx.commit().await.unwrap();
    assert_eq!(inherit(&books.pool, "b", LONG).await.term(), 2);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_books_nothing() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let mut stores = vec![Store::seeded(&company.stores[0])];
    let entries = stores[0].write(&[Step::Open, Step::Sell]);
    let delivered: Vec<Delivered> =
        entries.iter().map(|entry| Delivered::whole(0, entry)).collect();
    let batch = Arc::new(received(&stores, &delivered));

    let asleep = acquire(&books.pool, "a", SHORT).await.unwrap();
    let awake = inherit(&books.pool, "b", LONG).await;
    let before = snapshot_of(&books.pool).await;
    let process = |lease: Lease| {
        let (pool, batch) = (books.pool.clone(), Arc::clone(&batch));
        batch::process(pool, lease, LONG, Arc::default(), Memory::default(), batch)
    };
    assert!(matches!(process(asleep).await, Err(BatchError::LeaseLost)));
    assert_eq!(snapshot_of(&books.pool).await, before);
    let (outcome, _) = process(awake).await.unwrap();
    assert_eq!(outcome.booked.applied, 2);
}
