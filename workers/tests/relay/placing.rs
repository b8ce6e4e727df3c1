//! Facts get their place by being there, whatever their ids, once.

use std::collections::HashSet;

use rust_decimal::Decimal;
use schemas::{
    Clock, EdgeId, Sha256Hash, SystemClock, Timestamp,
    facts::{FactKind, InvoiceAssignedV1, id_from_entry, id_from_invoice},
};
use store::{Pool, facts::PlacedFact, outbox::NewFact, relay::Placed};
use testkit::{Books, Store, seed_company, sqlx};

use crate::stage::{enqueue, fact};

const ALL: u64 = 1 << 30;

async fn place(pool: &Pool, limit: u32) -> Placed {
    let mut tx = pool.begin().await.unwrap();
    let placed = store::relay::place_facts(&mut tx, limit, SystemClock.now()).await.unwrap();
    tx.commit().await.unwrap();
    placed
}

async fn placed(pool: &Pool, store: &Store) -> Vec<PlacedFact> {
    let mut conn = pool.acquire().await.unwrap();
    store::facts::after(&mut conn, store.branch_id, 0, u32::MAX, ALL).await.unwrap()
}

/// Each store's facts have the places 1, 2, 3, … and are `count` different ones.
async fn verify(pool: &Pool, store: &Store, count: usize) {
    let facts = placed(pool, store).await;
    let places: Vec<_> = facts.iter().map(|fact| fact.fact_seq).collect();
    assert_eq!(places, (1..=count as u64).collect::<Vec<_>>());
    let ids: HashSet<_> = facts.into_iter().map(|fact| fact.fact_id).collect();
    assert_eq!(ids.len(), count);
}

#[tokio::test]
async fn a_lower_id_that_commits_later_still_gets_its_place() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = &company.stores[0];
    let mut slow = books.pool.begin().await.unwrap();
    store::outbox::enqueue(&mut slow, &[fact(store, "slow")]).await.unwrap();
    enqueue(&books.pool, store, "quick", 3).await;
    assert_eq!(place(&books.pool, 100).await, Placed { taken: 3, placed: 3 });
    slow.commit().await.unwrap();
    assert_eq!(place(&books.pool, 100).await, Placed { taken: 1, placed: 1 });
    assert_eq!(place(&books.pool, 100).await, Placed::default());
    let facts = placed(&books.pool, store).await;
    assert!(facts[3].fact_id.ends_with("slow"), "{:?}", facts[3]);
    verify(&books.pool, store, 4).await;
}

#[tokio::test]
async fn enqueuers_and_relays_in_any_number_leave_no_gap() {
    const ENQUEUERS: usize = 5;
    const ROUNDS: usize = 30;
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    let enqueuers: Vec<_> = (0..ENQUEUERS)
        .map(|number| {
            let (pool, stores) = (books.pool.clone(), company.stores.clone());
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    // Ids are taken at the start, the commit comes some time
                    // later, or not at all.
                    let mut tx = pool.begin().await.unwrap();
                    for store in &stores {
                        let fact = fact(store, &format!("{number}-{round}"));
                        store::outbox::enqueue(&mut tx, &[fact]).await.unwrap();
                        for _ in 0..(number * 7 + round) % 4 {
                            tokio::task::yield_now().await;
                        }
                    }
                    if (number + round) % 10 == 0 {
                        tx.rollback().await.unwrap();
                    } else {
                        tx.commit().await.unwrap();
                    }
                }
            })
        })
        .collect();
    let relays: Vec<_> = [3, 1_000]
        .into_iter()
        .map(|limit| {
            let pool = books.pool.clone();
            tokio::spawn(async move {
                let mut empty = 0;
                while empty < 20 {
                    let placed = place(&pool, limit).await;
                    empty = if placed.taken == 0 { empty + 1 } else { 0 };
                }
            })
        })
        .collect();
    for task in enqueuers.into_iter().chain(relays) {
        task.await.unwrap();
    }
    while place(&books.pool, 1_000).await.taken > 0 {}
    let rolled_back = (0..ENQUEUERS)
        .flat_map(|number| (0..ROUNDS).map(move |round| number + round))
        .filter(|sum| sum % 10 == 0)
        .count();
    for store in &company.stores {
        verify(&books.pool, store, ENQUEUERS * ROUNDS - rolled_back).await;
    }
}

#[tokio::test]
async fn a_fact_that_has_its_place_is_not_told_twice() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = &company.stores[0];
    enqueue(&books.pool, store, "a", 2).await;
    place(&books.pool, 100).await;
    // A replay enqueues both again, one of them twice over, and a new one.
    enqueue(&books.pool, store, "a", 2).await;
    enqueue(&books.pool, store, "a", 3).await;
    assert_eq!(place(&books.pool, 100).await, Placed { taken: 5, placed: 1 });
    verify(&books.pool, store, 3).await;
}

#[tokio::test]
async fn a_fact_without_a_body_repeats_its_entry_or_its_invoice() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = &company.stores[0];
    let mut journal = store.journal();
    journal.open_session();
    let (sale, entry) = journal.sell();
    sqlx::query("INSERT INTO edge_entry VALUES ($1, $2, $3, 1, now(), $4, $5, $6)")
        .bind(store.edge_id.as_uuid())
        .bind(i64::try_from(entry.seq).unwrap())
        .bind(&entry.kind)
        .bind(&entry.prev_hash.as_bytes()[..])
        .bind(&entry.hash.as_bytes()[..])
        .bind(&entry.payload)
        .execute(&books.pool)
        .await
        .unwrap();
    let invoice = InvoiceAssignedV1 {
        series_id: company.series_id,
        no: 1,
        invoice_id: domain::invoice_chain::invoice_id(company.series_id, 1),
        tenant_id: company.tenant_id,
        branch_id: store.branch_id,
        mapping_seq: 1,
        sale_id: sale.sale_id,
        ticket_id: sale.ticket_id.clone(),
        edge_id: store.edge_id,
        entry_seq: entry.seq,
        entry_hash: entry.hash,
        grand_total_usd: sale.grand_total_usd,
        vat_usd: sale.vat.amount_usd,
        grand_total_khr: sale.grand_total_khr,
        issued_at: Timestamp::from_unix_micros(1_767_600_000_123_456),
        prev_hash: Sha256Hash::ZERO,
        hash: Sha256Hash::ZERO,
    };
    register(&books.pool, &invoice).await;
    let told = |kind, fact_id, entry, invoice| NewFact {
        kind,
        fact_id,
        entry,
        invoice,
        body: None,
        ..fact(store, "")
    };
    let from: (EdgeId, u64) = (store.edge_id, entry.seq);
    let id = id_from_entry(from.0, from.1, FactKind::SaleFinalized);
    let number = (company.series_id, 1);
    let facts = [
        told(FactKind::SaleFinalized, id, Some(from), None),
        told(FactKind::InvoiceAssigned, id_from_invoice(number.0, 1), None, Some(number)),
    ];
    let mut conn = books.pool.acquire().await.unwrap();
    store::outbox::enqueue(&mut conn, &facts).await.unwrap();
    drop(conn);
    place(&books.pool, 100).await;
    let placed = placed(&books.pool, store).await;
    assert_eq!(placed[0].body.as_deref(), Some(entry.payload.as_slice()));
    assert_eq!(placed[0].edge_id, Some(store.edge_id));
    let body = placed[1].body.clone().unwrap();
    assert_eq!(body, store::facts::invoice_body(&invoice).unwrap());
    let read: InvoiceAssignedV1 = serde_json::from_slice(&body).unwrap();
    assert_eq!(read, invoice);
    let reply = placed[1].clone().into_reply().unwrap();
    assert_eq!(reply.body.get().as_bytes(), body);
}

/// Writes a row of the register as it is.
async fn register(pool: &Pool, row: &InvoiceAssignedV1) {
    let mut row = row.clone();
    // More zeros than the column keeps change nothing.
    row.grand_total_usd.0.rescale(4);
    row.vat_usd.0 += Decimal::new(0, 6);
    sqlx::query(
        "INSERT INTO invoice VALUES ($1, 1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12,
                                     '2026-01-05T08:00:00.123456Z', $13, $13)",
    )
    .bind(row.series_id.as_uuid())
    .bind(row.invoice_id.as_uuid())
    .bind(row.tenant_id.as_uuid())
    .bind(row.branch_id.as_uuid())
    .bind(row.sale_id.as_uuid())
    .bind(row.ticket_id.as_str())
    .bind(row.edge_id.as_uuid())
    .bind(i64::try_from(row.entry_seq).unwrap())
    .bind(&row.entry_hash.as_bytes()[..])
    .bind(row.grand_total_usd.amount())
    .bind(row.vat_usd.amount())
    .bind(row.grand_total_khr.amount())
    .bind(&row.hash.as_bytes()[..])
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn facts_are_bounded_in_number_and_in_bytes_but_one_always_comes() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = &company.stores[0];
    enqueue(&books.pool, store, "fact", 9).await;
    place(&books.pool, 100).await;
    let mut conn = books.pool.acquire().await.unwrap();
    let each = placed(&books.pool, store).await[0].body.as_ref().unwrap().len() as u64;
    for (after, limit, bytes, first, count) in [
        (0, 4, ALL, 1, 4),
        (4, 100, ALL, 5, 5),
        (2, 100, each * 3, 3, 3),
        (2, 100, each * 3 + 1, 3, 4),
        (2, 100, 1, 3, 1),
        (9, 100, ALL, 10, 0),
    ] {
        let facts =
            store::facts::after(&mut conn, store.branch_id, after, limit, bytes).await.unwrap();
        let places: Vec<_> = facts.iter().map(|fact| fact.fact_seq).collect();
        assert_eq!(places, (first..first + count).collect::<Vec<_>>(), "after {after}");
    }
}

#[tokio::test]
async fn pruning_takes_only_what_is_old_and_published() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = &company.stores[0];
    let branch = store.branch_id;
    enqueue(&books.pool, store, "fact", 10).await;
    place(&books.pool, 100).await;
    // Facts 1 to 7 and 9 are old; 1 to 6 are published.
    sqlx::query(
        "UPDATE fact SET placed_at = CASE WHEN fact_seq <= 7 OR fact_seq = 9
                                     THEN '2026-01-01Z'::timestamptz ELSE '2026-03-01Z' END",
    )
    .execute(&books.pool)
    .await
    .unwrap();
    let mut conn = books.pool.acquire().await.unwrap();
    store::relay::note_published(&mut conn, &[(branch, 6)]).await.unwrap();
    let before = Timestamp::parse("2026-02-01T00:00:00Z").unwrap();
    for expected in [4, 2, 0] {
        let gone = store::relay::prune(&mut conn, branch, before, 4).await.unwrap();
        assert_eq!(gone, expected);
    }
    // All published: 7 goes, 8 is young and protects 9.
    store::relay::note_published(&mut conn, &[(branch, 10)]).await.unwrap();
    for expected in [1, 0] {
        let gone = store::relay::prune(&mut conn, branch, before, 4).await.unwrap();
        assert_eq!(gone, expected);
    }
    let left: Vec<_> = placed(&books.pool, store).await.iter().map(|fact| fact.fact_seq).collect();
    assert_eq!(left, [8, 9, 10]);
    // A note never moves back.
    store::relay::note_published(&mut conn, &[(branch, 3)]).await.unwrap();
    let heads = store::relay::heads(&mut conn, true).await.unwrap();
    assert!(heads.is_empty(), "{heads:?}");
}
