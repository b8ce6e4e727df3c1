//! Facts get their place by being there, whatever their ids, once.

use std::collections::HashSet;

use rust_decimal::Decimal;
use schemas::{
    Clock, EdgeId, Sha256Hash, SystemClock, Timestamp,
    facts::{FactKind, InvoiceAssignedV1, id_from_entry, id_from_invoice},
};
use store::{
    Pool,
    facts::PlacedFact,
    outbox::{NewFact, RUN_FACTS},
    relay::{Done, Most},
};
use testkit::{Books, Store, seed_company, sqlx};

use crate::stage::{enqueue, fact};

const ALL: u64 = 1 << 30;
const PLENTY: Most = Most { runs: 100, facts: 100_000 };

async fn place(pool: &Pool, most: Most) -> Done {
    let mut tx = pool.begin().await.unwrap();
    let placed = store::relay::place_facts(&mut tx, most, &[], SystemClock.now()).await.unwrap();
    tx.commit().await.unwrap();
    placed
}

async fn placed(pool: &Pool, store: &Store) -> Vec<PlacedFact> {
    let mut conn = pool.acquire().await.unwrap();
    store::facts::after(&mut conn, store.branch_id, 0, u32::MAX, ALL).await.unwrap()
}

/// A store's facts have the places 1, 2, 3, … and are `count` different ones.
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
    assert_eq!(place(&books.pool, PLENTY).await, Done { runs: 1, facts: 3 });
    slow.commit().await.unwrap();
    assert_eq!(place(&books.pool, PLENTY).await, Done { runs: 1, facts: 1 });
    assert_eq!(place(&books.pool, PLENTY).await, Done::default());
    let facts = placed(&books.pool, store).await;
    assert!(facts[3].fact_id.ends_with("slow"), "{:?}", facts[3]);
    verify(&books.pool, store, 4).await;
}

#[tokio::test]
async fn enqueuers_and_relays_in_any_number_leave_no_gap() {
    const ENQUEUERS: usize = 5;
    const ROUNDS: usize = 30;
    const FACTS: usize = 3;
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
                        let facts: Vec<_> = (0..FACTS)
                            .map(|place| fact(store, &format!("{number}-{round}-{place}")))
                            .collect();
                        store::outbox::enqueue(&mut tx, &facts).await.unwrap();
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
    let relays: Vec<_> = [Most { runs: 3, facts: 4 }, PLENTY]
        .into_iter()
        .map(|most| {
            let pool = books.pool.clone();
            tokio::spawn(async move {
                let mut empty = 0;
                while empty < 20 {
                    let placed = place(&pool, most).await;
                    empty = if placed.runs == 0 { empty + 1 } else { 0 };
                }
            })
        })
        .collect();
    for task in enqueuers.into_iter().chain(relays) {
        task.await.unwrap();
    }
    while place(&books.pool, PLENTY).await.runs > 0 {}
    let rolled_back = (0..ENQUEUERS)
        .flat_map(|number| (0..ROUNDS).map(move |round| number + round))
        .filter(|sum| sum % 10 == 0)
        .count();
    for store in &company.stores {
        verify(&books.pool, store, FACTS * (ENQUEUERS * ROUNDS - rolled_back)).await;
    }
}

#[tokio::test]
async fn a_transaction_tells_of_each_store_in_order_in_runs_of_bounded_length() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    let [store, other] = &company.stores[..] else { panic!("two stores") };
    let count = 2 * RUN_FACTS + 1;
    let facts: Vec<_> = (0..count)
        .flat_map(|place| {
            let name = place.to_string();
            let of_other = (place % 4 == 0).then(|| fact(other, &name));
            [fact(store, &name)].into_iter().chain(of_other)
        })
        .collect();
    let mut conn = books.pool.acquire().await.unwrap();
    store::outbox::enqueue(&mut conn, &facts).await.unwrap();
    let runs: Vec<i32> = sqlx::query_scalar("SELECT facts FROM outbox ORDER BY outbox_id")
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    let of_other = count.div_ceil(4);
    let expected = [RUN_FACTS, of_other, RUN_FACTS, 1].map(|facts| i32::try_from(facts).unwrap());
    assert_eq!(runs, expected);
    assert_eq!(store::relay::waiting(&mut conn, 2).await.unwrap(), (RUN_FACTS + of_other) as u64);
    // Whole runs, until there are enough facts or runs.
    let few = Most { runs: 100, facts: u32::try_from(RUN_FACTS).unwrap() + 1 };
    let facts = (RUN_FACTS + of_other) as u64;
    assert_eq!(place(&books.pool, few).await, Done { runs: 2, facts });
    let one = Most { runs: 1, ..few };
    assert_eq!(place(&books.pool, one).await, Done { runs: 1, facts: RUN_FACTS as u64 });
    assert_eq!(place(&books.pool, one).await, Done { runs: 1, facts: 1 });
    assert_eq!(place(&books.pool, one).await, Done::default());
    for (store, count, step) in [(store, count, 1), (other, of_other, 4)] {
        verify(&books.pool, store, count).await;
        for (place, fact) in placed(&books.pool, store).await.iter().enumerate() {
            let name = format!("{}:{}", store.branch_id, place * step);
            assert_eq!((&fact.fact_id, fact.branch_id), (&name, store.branch_id));
        }
    }
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
        printed: "INV-000001".to_owned(),
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
    place(&books.pool, PLENTY).await;
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
        "INSERT INTO invoice VALUES ($1, 1, 'INV-000001', $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12,
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
    // Three runs: what is wanted begins and ends within them, or between.
    for (name, count) in [("a", 4), ("b", 1), ("c", 4)] {
        enqueue(&books.pool, store, name, count).await;
    }
    place(&books.pool, PLENTY).await;
    let mut conn = books.pool.acquire().await.unwrap();
    let each = placed(&books.pool, store).await[0].body.as_ref().unwrap().len() as u64;
    let everything =
        (0..=9).flat_map(|after| (1..=10).map(move |limit| (after, limit, ALL, limit)));
    let bounded = [
        (2, 100, each * 3, 3),
        (2, 100, each * 3 + 1, 4),
        (2, 100, 1, 1),
        (0, u32::MAX, each * 9, 9),
    ];
    for (after, limit, bytes, count) in everything.chain(bounded) {
        let facts =
            store::facts::after(&mut conn, store.branch_id, after, limit, bytes).await.unwrap();
        let places: Vec<_> = facts.iter().map(|fact| fact.fact_seq).collect();
        let expected: Vec<_> = (after + 1..=9).take(usize::try_from(count).unwrap()).collect();
        assert_eq!(places, expected, "after {after}, at most {limit}");
    }
}

/// Five runs of two facts of one store, with their places; the first three and
/// the last got them in January, the fourth in March.
async fn five_runs(pool: &Pool, store: &Store) {
    for name in ["a", "b", "c", "d", "e"] {
        enqueue(pool, store, name, 2).await;
    }
    place(pool, PLENTY).await;
    sqlx::query(
        "UPDATE outbox SET placed_at = CASE WHEN first_seq = 7 THEN '2026-03-01Z'::timestamptz
                                       ELSE '2026-01-01Z' END",
    )
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn pruning_takes_whole_runs_that_are_old_and_published_but_the_newest() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = &company.stores[0];
    let branch = store.branch_id;
    five_runs(&books.pool, store).await;
    let mut conn = books.pool.acquire().await.unwrap();
    let before = Timestamp::parse("2026-02-01T00:00:00Z").unwrap();
    let one = Done { runs: 1, facts: 2 };
    // The third run is published in part.
    store::relay::note_published(&mut conn, &[(branch, 5)]).await.unwrap();
    for expected in [one, one, Done::default()] {
        let gone = store::relay::prune(&mut conn, branch, before, 1).await.unwrap();
        assert_eq!(gone, expected);
    }
    // All are published: the third goes, the fourth is young and protects the fifth.
    store::relay::note_published(&mut conn, &[(branch, 10)]).await.unwrap();
    for expected in [one, Done::default()] {
        let gone = store::relay::prune(&mut conn, branch, before, 4).await.unwrap();
        assert_eq!(gone, expected);
    }
    let left = placed(&books.pool, store).await;
    assert_eq!(left.iter().map(|fact| fact.fact_seq).collect::<Vec<_>>(), [7, 8, 9, 10]);
    // Much later the newest run alone stays, and whoever asks for more gets it.
    let later = Timestamp::parse("2026-09-01T00:00:00Z").unwrap();
    for expected in [one, Done::default()] {
        let gone = store::relay::prune(&mut conn, branch, later, 4).await.unwrap();
        assert_eq!(gone, expected);
    }
    let first = store::facts::after(&mut conn, branch, 0, 1, ALL).await.unwrap();
    assert_eq!(first.iter().map(|fact| fact.fact_seq).collect::<Vec<_>>(), [9]);
    // A note never moves back.
    store::relay::note_published(&mut conn, &[(branch, 3)]).await.unwrap();
    let heads = store::relay::heads(&mut conn, true).await.unwrap();
    assert!(heads.is_empty(), "{heads:?}");
}

#[tokio::test]
async fn the_books_know_which_fact_has_a_place_and_what_is_old() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    let [store, other] = &company.stores[..] else { panic!("two stores") };
    let branch = store.branch_id;
    five_runs(&books.pool, store).await;
    let mut conn = books.pool.acquire().await.unwrap();
    for (place, name) in [(1, "a-0"), (4, "b-1"), (10, "e-1")] {
        let asked = [(branch, place), (other.branch_id, place)];
        let ids = store::relay::fact_ids(&mut conn, &asked).await.unwrap();
        assert_eq!(ids, [(branch, format!("{branch}:{name}"))]);
    }
    let beyond = [(branch, 0), (branch, 11)];
    assert_eq!(store::relay::fact_ids(&mut conn, &beyond).await.unwrap(), []);
    for (after, before, newest) in [
        (0, "2025-12-01T00:00:00Z", 0),
        (3, "2025-12-01T00:00:00Z", 3),
        (0, "2026-02-01T00:00:00Z", 10),
        (10, "2026-02-01T00:00:00Z", 10),
        (12, "2026-02-01T00:00:00Z", 12),
    ] {
        let before = Timestamp::parse(before).unwrap();
        let found = store::relay::newest_placed_before(&mut conn, branch, after, before).await;
        assert_eq!(found.unwrap(), newest, "after {after}");
    }
    // The newest run is young now: what is before it is old, up to the fourth.
    let young = "UPDATE outbox SET placed_at = '2026-03-01Z' WHERE first_seq >= 7";
    sqlx::query(young).execute(&mut *conn).await.unwrap();
    let before = Timestamp::parse("2026-02-01T00:00:00Z").unwrap();
    for (after, newest) in [(0, 6), (5, 6), (6, 6), (8, 8)] {
        let found = store::relay::newest_placed_before(&mut conn, branch, after, before).await;
        assert_eq!(found.unwrap(), newest, "after {after}");
    }
}
