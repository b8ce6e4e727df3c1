//! The ground that other tests stand on holds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::journal_chain;
use schemas::{EdgeId, requests::JournalHead};
use testkit::{Books, JournalWriter, Nats, seed_company, sqlx};

async fn count(books: &Books, table: &str) -> i64 {
    let statement = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&books.pool).await.unwrap()
}

#[tokio::test]
async fn books_are_migrated_and_ones_own() {
    let (mut one, two) = tokio::join!(Books::new(), Books::new());
    let company = seed_company(&one.pool, 3).await;
    assert_eq!(company.stores.len(), 3);
    assert_eq!(count(&one, "edge_cursor").await, 3);
    assert_eq!(count(&two, "tenant").await, 0);
    one.restart().await;
    assert_eq!(count(&one, "catalogue_version").await, 3);
}

#[tokio::test]
async fn a_broker_has_streams_and_loses_them_when_wiped() {
    let mut nats = Nats::new().await;
    let streams = nats.jetstream().await;
    streams.create_stream("KEPT").await.unwrap();
    nats.restart().await;
    assert!(nats.jetstream().await.get_stream("KEPT").await.is_ok());
    nats.wipe().await;
    assert!(nats.jetstream().await.get_stream("KEPT").await.is_err());
}

#[test]
fn what_the_writer_writes_is_a_chain() {
    let store = uuid::Uuid::from_u128(7);
    let document = testkit::sample_catalogue(store.into(), store.into(), 1);
    let catalogue = serde_json::to_vec(&document).unwrap();
    let mut journal = JournalWriter::new(EdgeId::from_uuid(store), &catalogue);
    let mut entries = vec![journal.open_session()];
    entries.extend(journal.sell_many(3));
    let mut head = JournalHead::EMPTY;
    for entry in &entries {
        journal_chain::verify_hash(entry).unwrap();
        assert!(journal_chain::follows(entry, head));
        head = journal_chain::head_of(entry);
    }
    assert_eq!(head, journal.head());
    let sale: schemas::events::SaleFinalizedV1 =
        serde_json::from_slice(&entries[1].payload).unwrap();
    // (2.50 + 0.50) + 1.00 = 4.00, less 10 %, with 10 % VAT.
    assert_eq!(sale.grand_total_usd.to_string(), "3.96");
    assert_eq!(sale.deductions.len(), 4);
}
