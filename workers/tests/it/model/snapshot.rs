//! The books in Postgres, as what can be compared with those in memory.

use testkit::sqlx::{self, PgPool, Row, postgres::PgRow};
use uuid::Uuid;
use workers::memory::Snapshot;

/// Reads the books in Postgres. Ledgers that are empty do not count.
pub async fn snapshot_of(pool: &PgPool) -> Snapshot {
    let mut books = Snapshot::default();
    for row in rows(pool, "SELECT edge_id, last_seq, head_hash, held_reason FROM edge_cursor").await
    {
        let held: Option<String> = row.get(3);
        books.cursors.insert(row.get(0), (row.get(1), row.get(2), held.is_some()));
    }
    for row in rows(pool, "SELECT edge_id, seq, hash FROM edge_entry").await {
        books.entries.insert((row.get(0), row.get(1)), row.get(2));
    }
    for row in rows(pool, "SELECT ticket_id, sale_id, edge_id, entry_seq FROM ticket").await {
        books.tickets.insert(row.get(0), (row.get(1), row.get(2), row.get(3)));
    }
    let sales = "SELECT s.sale_id, ticket_id, entry_seq, grand_total_usd, status FROM sale s
                     WHERE EXISTS (SELECT FROM sale_line l WHERE l.sale_id = s.sale_id)";
    for row in rows(pool, sales).await {
        books.sales.insert(row.get(0), (row.get(1), row.get(2), row.get(3), row.get(4)));
    }
    for row in rows(pool, "SELECT order_id, sale_id, status FROM sale_order").await {
        books.orders.insert(row.get(0), (row.get(1), row.get(2)));
    }
    let handovers = "SELECT order_id, sale_id, edge_id, entry_seq FROM order_handover";
    for row in rows(pool, handovers).await {
        let by: Option<Uuid> = row.get(2);
        books.handovers.insert(row.get(0), (row.get(1), by.map(|edge| (edge, row.get(3)))));
    }
    for row in rows(pool, "SELECT cash_session_id, status FROM cash_session").await {
        books.sessions.insert(row.get(0), row.get(1));
    }
    for row in rows(pool, "SELECT cash_session_id, entry_seq, body FROM z_report").await {
        books.reports.insert(row.get(0), (row.get(1), row.get(2)));
    }
    let supplements = "SELECT sale_id, cash_session_id, supplement_no FROM z_supplement";
    for row in rows(pool, supplements).await {
        books.supplements.insert(row.get(0), (row.get(1), row.get(2)));
    }
    for row in rows(pool, "SELECT void_request_id, sale_id, status FROM void_request").await {
        books.requests.insert(row.get(0), (row.get(1), row.get(2)));
    }
    let movements = "SELECT movement_id, cash_session_id, amount, kind FROM cash_movement";
    for row in rows(pool, movements).await {
        books.cash.insert(row.get(0), (row.get(1), row.get(2), row.get(3)));
    }
    let ledger = "SELECT branch_id, stock_item_id, stock_no, delta, level_after, entry_seq
                      FROM stock_journal";
    for row in rows(pool, ledger).await {
        let key = (row.get(0), row.get(1), row.get(2));
        books.ledger.insert(key, (row.get(3), row.get(4), row.get(5)));
    }
    let levels = "SELECT branch_id, stock_item_id, level, last_no FROM stock_level
                      WHERE last_no > 0";
    for row in rows(pool, levels).await {
        books.levels.insert((row.get(0), row.get(1)), (row.get(2), row.get(3)));
    }
    for row in rows(pool, "SELECT exception_id, kind, entry_seq FROM exception").await {
        books.exceptions.insert(row.get(0), (row.get(1), row.get(2)));
    }
    for row in rows(pool, "SELECT sale_id, khqr_md5, khqr_hash FROM sale_khqr").await {
        books.proofs.insert(row.get(0), (row.get(1), row.get(2)));
    }
    let claims = "SELECT md5, sale_id FROM khqr_intent WHERE state = 'CLAIMED'";
    for row in rows(pool, claims).await {
        books.claims.insert(row.get(0), row.get(1));
    }
    let quarantine = "SELECT edge_id, seq, reason, about, state = 'WAITING' FROM quarantine";
    for row in rows(pool, quarantine).await {
        let kept = (row.get(2), row.get(3), row.get(4));
        books.quarantine.insert((row.get(0), row.get(1)), kept);
    }
    let facts = "SELECT branch_id, fact_id
                     FROM outbox, unnest(fact_ids) WITH ORDINALITY AS f (fact_id, place)
                     ORDER BY outbox_id, place";
    for row in rows(pool, facts).await {
        books.facts.entry(row.get(0)).or_default().push(row.get(1));
    }
    for row in rows(pool, "SELECT branch_id, sale_id FROM numbering_queue ORDER BY queue_id").await
    {
        books.queue.entry(row.get(0)).or_default().push(row.get(1));
    }
    let audit = "SELECT branch_id, action, COALESCE(activity, ''), entry_seq FROM audit_log
                     ORDER BY audit_id";
    for row in rows(pool, audit).await {
        let done = (row.get(1), row.get(2), row.get(3));
        books.audit.entry(row.get(0)).or_default().push(done);
    }
    books
}

async fn rows(pool: &PgPool, query: &'static str) -> Vec<PgRow> {
    sqlx::query(query).fetch_all(pool).await.unwrap()
}
