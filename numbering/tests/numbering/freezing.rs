//! A series freezes when anyone has seen a higher number than the books have.

use bus::facts::{self, FactMessage};
use numbering::Batch;
use schemas::{
    SystemClock, Timestamp,
    catalogue::CatalogueRef,
    facts::{FactKind, id_from_invoice},
    requests::{HeartbeatV1, HighestNumber, JournalHead, OutageReport, StorageReport},
    subjects,
};
use testkit::{BOUND, seed_company, sqlx, wait_until};

use crate::stage::{Stage, enqueue, numbered, register, verify, waiting};

async fn frozen_reason(stage: &Stage) -> Option<String> {
    sqlx::query_scalar("SELECT frozen_reason FROM invoice_series WHERE series_id = $1")
        .bind(stage.company.series_id.as_uuid())
        .fetch_one(&stage.books.pool)
        .await
        .unwrap()
}

/// Two numbers are assigned; then somebody has seen a higher one.
async fn freezes(stage: &Stage, witness: &str) {
    let pool = &stage.books.pool;
    let other = seed_company(pool, 1).await;
    enqueue(pool, &stage.company, 5).await;
    enqueue(pool, &other, 5).await;
    let (shutdown, running) = stage.run().await;
    let reason =
        wait_until("the series is frozen", BOUND, || async { frozen_reason(stage).await }).await;
    assert!(reason.contains("end at number 2") && reason.contains(witness), "{reason}");
    assert!(reason.contains("number 57"), "{reason}");
    // The other company goes on, this one's sales stay where they are.
    numbered(pool, other.series_id, 5).await;
    verify(pool, &other, 5).await;
    assert_eq!(register(pool, stage.company.series_id).await.len(), 2);
    assert_eq!(waiting(pool, &stage.company).await, 5);
    shutdown.cancel();
    running.await.unwrap().unwrap();
    // And whoever asks for a batch without looking gets none.
    let batch =
        numbering::allocate_batch(pool, stage.company.tenant_id, 10, &SystemClock, &|_| true);
    assert_eq!(batch.await.unwrap(), Batch { frozen: true, ..Batch::default() });
}

async fn with_two_numbers() -> Stage {
    let stage = Stage::new().await;
    enqueue(&stage.books.pool, &stage.company, 2).await;
    let (pool, tenant) = (&stage.books.pool, stage.company.tenant_id);
    numbering::allocate_batch(pool, tenant, 2, &SystemClock, &|_| true).await.unwrap();
    stage
}

#[tokio::test]
async fn by_the_mark_on_the_broker() {
    let stage = with_two_numbers().await;
    bus::register::raise(&stage.bus, stage.company.series_id, 57).await.unwrap();
    freezes(&stage, "the register mark on the broker").await;
}

#[tokio::test]
async fn by_the_newest_assignment_in_the_stream() {
    let stage = with_two_numbers().await;
    let mut row = register(&stage.books.pool, stage.company.series_id).await.remove(0);
    row.no = 57;
    let store = &stage.company.stores[1];
    let fact = FactMessage {
        subject: subjects::fact(store.tenant_id, store.branch_id, FactKind::InvoiceAssigned),
        branch_id: store.branch_id,
        fact_seq: 90,
        fact_id: id_from_invoice(row.series_id, row.no),
        kind: FactKind::InvoiceAssigned.as_str().to_owned(),
        schema_version: 1,
        occurred_at: row.issued_at,
        body: store::facts::invoice_body(&row).unwrap().into(),
    };
    facts::publish(&stage.bus, &fact).await.unwrap().wait().await.unwrap();
    freezes(&stage, "the stream of facts").await;
}

#[tokio::test]
async fn by_what_an_edge_holds() {
    let stage = with_two_numbers().await;
    let edge = stage.company.stores[0].edge_id;
    let heartbeat = HeartbeatV1 {
        sent_at: Timestamp::from_unix_micros(0),
        journal_head: JournalHead::EMPTY,
        confirmed_seq: 0,
        oldest_unconfirmed_at: None,
        devices: Vec::new(),
        mapping_seq: 30,
        highest_numbers: vec![HighestNumber { series_id: stage.company.series_id, no: 57 }],
        storage: StorageReport::default(),
        catalogue: None::<CatalogueRef>,
        software_version: "test".to_owned(),
        clock_ahead_us: None,
        outages: OutageReport::default(),
    };
    let mut conn = stage.books.pool.acquire().await.unwrap();
    let at = Timestamp::from_unix_micros(0);
    store::heartbeats::record(&mut conn, edge, &heartbeat, at).await.unwrap();
    drop(conn);
    freezes(&stage, &format!("the edge {edge}")).await;
}

#[tokio::test]
async fn what_everyone_has_seen_freezes_nothing() {
    let stage = with_two_numbers().await;
    bus::register::raise(&stage.bus, stage.company.series_id, 2).await.unwrap();
    enqueue(&stage.books.pool, &stage.company, 8).await;
    let (shutdown, running) = stage.run().await;
    numbered(&stage.books.pool, stage.company.series_id, 10).await;
    verify(&stage.books.pool, &stage.company, 10).await;
    // What was committed becomes known outside of Postgres.
    wait_until("the mark is raised", BOUND, || async {
        let mark = bus::register::read(&stage.bus, stage.company.series_id).await.unwrap();
        (mark == Some(10)).then_some(())
    })
    .await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
}
