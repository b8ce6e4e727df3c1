//! Rows in the books as the other services would have written them.

use schemas::Sha256Hash;
use testkit::{Company, Store, sqlx};

/// `count` invoices of a store, numbered and mapped from 1 on.
pub(crate) async fn invoices(books: &sqlx::PgPool, company: &Company, store: &Store, count: i64) {
    sqlx::query(
        "INSERT INTO invoice (series_id, no, printed, invoice_id, tenant_id, branch_id, mapping_seq,
             sale_id, ticket_id, edge_id, entry_seq, entry_hash, grand_total_usd, vat_usd,
             grand_total_khr, issued_at, prev_hash, hash)
         SELECT $1, n, n, gen_random_uuid(), $2, $3, n, gen_random_uuid(), 'pos-' || n, $4, n, $5,
                3.50, 0.32, 14350, now(), $5, $5
         FROM generate_series(1, $6) AS n",
    )
    .bind(company.series_id.as_uuid())
    .bind(store.tenant_id.as_uuid())
    .bind(store.branch_id.as_uuid())
    .bind(store.edge_id.as_uuid())
    .bind(hash().as_bytes().as_slice())
    .bind(count)
    .execute(books)
    .await
    .unwrap();
    sqlx::query("UPDATE mapping_head SET last_seq = $2 WHERE branch_id = $1")
        .bind(store.branch_id.as_uuid())
        .bind(count)
        .execute(books)
        .await
        .unwrap();
}

/// Facts of a store with these bodies, in their places from `first` on.
pub(crate) async fn facts(books: &sqlx::PgPool, store: &Store, first: i64, bodies: &[String]) {
    let ids: Vec<_> = (first..).zip(bodies).map(|(place, _)| fact_id(store, place)).collect();
    let bodies: Vec<_> = bodies.iter().map(String::as_bytes).collect();
    sqlx::query(
        "INSERT INTO outbox (branch_id, first_seq, placed_at, tenant_id, facts, fact_ids, bodies,
             kinds, schema_versions, edge_ids, entry_seqs, series_ids, invoice_nos, occurred_ats)
         SELECT $1, $2, now(), $3, size[1], $4, $5, array_fill('exception.raised'::text, size),
             array_fill(1::smallint, size), array_fill(NULL::uuid, size),
             array_fill(NULL::bigint, size), array_fill(NULL::uuid, size),
             array_fill(NULL::bigint, size), array_fill('2026-01-01Z'::timestamptz, size)
         FROM (SELECT ARRAY[cardinality($4)] AS size) AS run",
    )
    .bind(store.branch_id.as_uuid())
    .bind(first)
    .bind(store.tenant_id.as_uuid())
    .bind(ids)
    .bind(&bodies)
    .execute(books)
    .await
    .unwrap();
    let last = first + i64::try_from(bodies.len()).unwrap() - 1;
    sqlx::query("UPDATE fact_head SET last_seq = $2 WHERE branch_id = $1")
        .bind(store.branch_id.as_uuid())
        .bind(last)
        .execute(books)
        .await
        .unwrap();
}

pub(crate) fn fact_id(store: &Store, place: i64) -> String {
    format!("{}:{place}:exception.raised", store.edge_id)
}

/// How far the books are with an edge's journal.
pub(crate) async fn cursor(books: &sqlx::PgPool, store: &Store, seq: i64, held: Option<&str>) {
    sqlx::query(
        "UPDATE edge_cursor SET last_seq = $2, head_hash = $3, held_reason = $4 WHERE edge_id = $1",
    )
    .bind(store.edge_id.as_uuid())
    .bind(seq)
    .bind(hash().as_bytes().as_slice())
    .bind(held)
    .execute(books)
    .await
    .unwrap();
}

pub(crate) fn hash() -> Sha256Hash {
    Sha256Hash::from_bytes([9; 32])
}
