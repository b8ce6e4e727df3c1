//! Replaying the archive: whole books are found whole, whatever happened to them, and
//! of damaged ones exactly the damage.

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use store::replay::{self as beside, Difference, Journal};
use telemetry::CancellationToken;
use testkit::{Books, damage, seed_company, sqlx};
use workers::{
    batch::Memory,
    books::PgBooks,
    replay::{Edge, Range, Recomputed, Repair, recompute},
};

use crate::{
    conformance::make,
    model::{Delivered, Step, Store, process, way::trips},
};

/// How many random trips are replayed.
const TRIPS: usize = 12;

/// Replays every branch; what was found of each.
async fn replay(books: &Books, range: &Range, repair: Repair) -> Recomputed {
    let mut conn = books.pool.acquire().await.unwrap();
    let journals = beside::journals(&mut conn, None).await.unwrap();
    drop(conn);
    let mut tables = beside::open(&books.pool).await.unwrap();
    let mut all = Recomputed::default();
    let stop = CancellationToken::new();
    for of_branch in journals.chunk_by(|a: &Journal, b| a.branch_id == b.branch_id) {
        let mut heard = 0;
        let mut progress = |done, total| {
            assert!(done > heard && done <= total);
            heard = done;
        };
        let found = recompute(&mut tables, of_branch, (range, repair), &stop, &mut progress);
        let found = found.await.unwrap();
        all.compared += found.compared;
        all.set_aside += found.set_aside;
        all.differences.extend(found.differences);
        all.repaired.extend(found.repaired);
    }
    tables.close().await.unwrap();
    all
}

#[tokio::test]
async fn books_that_lived_through_anything_are_found_whole() {
    let books = Books::new().await;
    let settings = store::Settings::at(&books.url);
    let worker = store::connect_as(&settings, store::Role::Worker).await.unwrap();
    let mut runner = TestRunner::deterministic();
    for _ in 0..TRIPS {
        let trip = trips().new_tree(&mut runner).unwrap().current();
        make(&books, &worker, &trip).await;
    }
    let found = replay(&books, &Range::default(), Repair::Yes).await;
    assert_eq!(found.differences, []);
    assert_eq!(found.repaired, []);
    assert!(found.compared > 300, "{found:?}");
    assert!(found.set_aside > 10, "{found:?}");
}

/// A store that sold, with an order that moved, a void, and a close.
async fn a_day() -> (Books, Store) {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let mut store = Store::seeded(&company.stores[0]);
    let steps = [
        Step::Open,
        Step::Sell,
        Step::Ready,
        Step::Sell,
        Step::BadMove,
        Step::RequestVoid,
        Step::ApproveVoid,
        Step::PayIn,
        Step::Garbage,
        Step::Close,
        Step::Sell,
    ];
    let entries = store.write(&steps);
    let delivered: Vec<_> = entries.iter().map(|entry| Delivered::whole(0, entry)).collect();
    let stores = [store];
    let mut tx = books.pool.begin().await.unwrap();
    process(&mut PgBooks::within(&mut tx), &mut Memory::default(), &stores, &delivered)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let [store] = stores;
    (books, store)
}

fn lost(found: &[Difference]) -> Vec<(u64, &str, Vec<&str>)> {
    let mut rows: Vec<_> = found
        .iter()
        .map(|it| (it.entry.1, it.table, it.columns.iter().map(String::as_str).collect()))
        .collect();
    rows.sort();
    rows
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM sale) + (SELECT count(*) FROM sale_line)
    + (SELECT count(*) FROM cash_movement) + (SELECT count(*) FROM sale_order)
    + (SELECT count(*) FROM exception) + (SELECT count(*) FROM z_report)
    + (SELECT count(*) FROM void_request) + (SELECT count(*) FROM cash_session)
    + (SELECT count(*) FROM ticket) + (SELECT count(*) FROM numbering_queue)";

async fn rows(books: &Books) -> i64 {
    sqlx::query_scalar(COUNTS).fetch_one(&books.pool).await.unwrap()
}

#[tokio::test]
async fn exactly_what_was_lost_is_told_and_written_anew_once() {
    let (books, _store) = a_day().await;
    let whole = replay(&books, &Range::default(), Repair::No).await;
    assert_eq!((whole.differences, whole.compared, whole.set_aside), (vec![], 11, 1));
    let before = rows(&books).await;
    let sale = |seq: u64| format!("(SELECT sale_id FROM sale WHERE entry_seq = {seq})");
    for sql in [
        format!("DELETE FROM sale_line WHERE line_no = 1 AND sale_id = {}", sale(2)),
        format!("DELETE FROM cash_movement WHERE kind = 'SALE_CASH' AND sale_id = {}", sale(4)),
        "DELETE FROM exception WHERE kind = 'ORDER_MOVE_REFUSED'".to_owned(),
        "DELETE FROM z_report".to_owned(),
        format!("DELETE FROM numbering_queue WHERE sale_id = {}", sale(2)),
        "DELETE FROM ticket WHERE entry_seq = 4".to_owned(),
        format!("DELETE FROM sale_order WHERE sale_id = {}", sale(2)),
        "DELETE FROM sale WHERE entry_seq = 2".to_owned(),
        "DELETE FROM cash_movement WHERE kind = 'PAID_IN'".to_owned(),
    ] {
        damage(&books.pool, Box::leak(sql.into_boxed_str())).await;
    }
    let expected = vec![
        (2, "numbering_queue", vec![]),
        (2, "sale", vec![]),
        (2, "sale_line", vec![]),
        (2, "sale_order", vec![]),
        (4, "cash_movement", vec![]),
        (4, "ticket", vec![]),
        (5, "exception", vec![]),
        (8, "cash_movement", vec![]),
        (10, "z_report", vec![]),
    ];
    let found = replay(&books, &Range::default(), Repair::No).await;
    assert_eq!(lost(&found.differences), expected);
    assert!(rows(&books).await < before, "only told");
    // Of a part, only what is in it.
    let part = Range { from: Some(Edge::Place(3)), to: Some(Edge::Place(5)), kinds: vec![] };
    let found = replay(&books, &part, Repair::No).await;
    assert_eq!(lost(&found.differences), expected[4..7]);
    assert_eq!(found.compared, 3);
    let kinds = vec!["cash.moved".to_owned()];
    let found = replay(&books, &Range { kinds, ..Range::default() }, Repair::No).await;
    assert_eq!(lost(&found.differences), expected[7..8]);

    let found = replay(&books, &Range::default(), Repair::Yes).await;
    assert_eq!(found.repaired.iter().map(|table| table.rows).sum::<u64>(), 9);
    assert_eq!(rows(&books).await, before);
    let found = replay(&books, &Range::default(), Repair::Yes).await;
    assert_eq!((found.differences, found.repaired), (vec![], vec![]));
    let checks = store::verify::books(&books.pool).await.unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_told_and_left_to_a_person() {
    let (books, _store) = a_day().await;
    for sql in [
        "UPDATE sale SET grand_total_usd = 1 WHERE entry_seq = 2",
        "UPDATE sale_order SET status = 'IN_PREP' WHERE status = 'READY'",
        "DELETE FROM stock_journal WHERE entry_seq = 4 AND stock_item_id =
            (SELECT min(stock_item_id::text)::uuid FROM stock_journal WHERE entry_seq = 4)",
        "DELETE FROM audit_log WHERE entry_seq = 8",
        "UPDATE outbox SET fact_ids[1] = 'another'",
    ] {
        damage(&books.pool, sql).await;
    }
    let expected = vec![
        (1, "outbox", vec![]),
        (2, "sale", vec!["grand_total_usd"]),
        (3, "sale_order", vec!["status"]),
        (4, "stock_journal", vec![]),
        (8, "audit_log", vec![]),
    ];
    let found = replay(&books, &Range::default(), Repair::Yes).await;
    assert_eq!(lost(&found.differences), expected);
    assert_eq!(found.repaired, [], "nothing of it can be written anew");
    // Nor can the archive.
    damage(&books.pool, "UPDATE edge_entry SET payload = payload || ' '::bytea WHERE seq = 8")
        .await;
    damage(&books.pool, "DELETE FROM edge_entry WHERE seq = 11").await;
    let range = Range { from: Some(Edge::Place(8)), ..Range::default() };
    let found = replay(&books, &range, Repair::No).await;
    let archive: Vec<_> = found.differences.iter().filter(|it| it.table == "edge_entry").collect();
    assert_eq!(archive.len(), 2, "{archive:?}");
}
