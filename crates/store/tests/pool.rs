//! Every connection asks the server to end what takes too long.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use store::{Failure, Settings, classify, connect, lease};
use testkit::{Books, sqlx};

#[tokio::test]
async fn the_server_ends_what_takes_too_long() {
    let books = Books::new().await;
    let pool = connect(&Settings::at(&books.url)).await.unwrap();
    for (name, wanted) in [
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "5s"),
    ] {
        let found: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(found, wanted, "{name}");
    }
}

#[tokio::test]
async fn a_transaction_that_stands_still_loses_its_locks_and_may_be_tried_again() {
    let books = Books::new().await;
    let pool = connect(&Settings::at(&books.url)).await.unwrap();
    let ttl = std::time::Duration::from_millis(1);
    let mut conn = books.pool.acquire().await.unwrap();
    let held = lease::acquire(&mut conn, "shard:0", "asleep", ttl).await.unwrap().unwrap();
    let mut tx = pool.begin().await.unwrap();
    // Not for five seconds: the test need not be as patient as a worker.
    sqlx::query("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        .execute(&mut *tx)
        .await
        .unwrap();
    assert!(lease::renew(&mut tx, &held, ttl).await.unwrap());
    let taken = testkit::wait_until("the lease is free", testkit::BOUND, async || {
        let mut conn = books.pool.acquire().await.unwrap();
        lease::acquire(&mut conn, "shard:0", "awake", ttl).await.unwrap()
    })
    .await;
    assert_eq!(taken.term(), 2);
    let error = tx.commit().await.unwrap_err();
    assert_eq!(classify(&error.into()), Failure::Retry);
}

#[tokio::test]
async fn no_books_is_told_at_once() {
    let port = testkit::free_port().unwrap();
    let error = connect(&Settings::at(format!("postgres://postgres@127.0.0.1:{port}/none"))).await;
    let error = error.unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("refused"), "{why}");
    assert_eq!(classify(&error), Failure::Retry);
}
