//! Register rows that go back as they were, in the transaction that holds
//! [`super::refill::lock`]: it commits all of them with their places, or none.

use schemas::{
    TenantId,
    facts::{FactKind, InvoiceAssignedV1, id_from_invoice},
};
use time::OffsetDateTime;

use crate::{
    Conn, Error,
    columns::{column, int8},
    numbering::{AUDIT_ACTION, AUDIT_ACTIVITY},
    outbox::{self, NewFact},
};

/// Writes register rows as they were, with what is told of them and logged; takes
/// their sales out of the queue; notes those whose sales are not in the books.
/// `rows` follow the series' heads, which are moved, and so are the mapping heads.
///
/// # Errors
/// [`Error::Database`]: roll back.
pub async fn put_back(
    conn: &mut Conn,
    tenant_id: TenantId,
    recovery_id: i64,
    rows: &[InvoiceAssignedV1],
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    insert(conn, rows).await?;
    sqlx::query!(
        "DELETE FROM numbering_queue WHERE tenant_id = $1 AND sale_id = ANY ($2)",
        tenant_id.as_uuid(),
        &column(rows, |row| row.sale_id.as_uuid()),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO numbered_ahead (sale_id, tenant_id, ticket_id, series_id, no, edge_id,
             entry_seq, recovery_id)
         SELECT i.sale_id, i.tenant_id, i.ticket_id, i.series_id, i.no, i.edge_id, i.entry_seq, $2
         FROM unnest($1::uuid[]) AS told (sale_id) JOIN invoice i USING (sale_id)
         WHERE NOT EXISTS (SELECT FROM sale s WHERE s.sale_id = i.sale_id)
           AND i.edge_id <> '00000000-0000-0000-0000-000000000000'",
        &column(rows, |row| row.sale_id.as_uuid()),
        recovery_id,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE invoice_series s SET last_no = head.no, head_hash = head.hash
         FROM (SELECT DISTINCT ON (series_id) series_id, no, hash
               FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS row (series_id, no, hash)
               ORDER BY series_id, no DESC) AS head
         WHERE s.series_id = head.series_id AND s.last_no < head.no",
        &column(rows, |row| row.series_id.as_uuid()),
        &column(rows, |row| int8(row.no)),
        &column(rows, |row| &row.hash.as_bytes()[..]) as &[&[u8]],
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO mapping_head (branch_id, last_seq)
         SELECT branch_id, max(mapping_seq)
         FROM unnest($1::uuid[], $2::bigint[]) AS row (branch_id, mapping_seq)
         GROUP BY branch_id ORDER BY branch_id
         ON CONFLICT (branch_id) DO UPDATE
         SET last_seq = GREATEST(mapping_head.last_seq, EXCLUDED.last_seq)",
        &column(rows, |row| row.branch_id.as_uuid()),
        &column(rows, |row| int8(row.mapping_seq)),
    )
    .execute(&mut *conn)
    .await?;
    tell(conn, rows).await
}

async fn insert(conn: &mut Conn, rows: &[InvoiceAssignedV1]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO invoice (series_id, no, printed, invoice_id, tenant_id, branch_id,
             mapping_seq, sale_id, ticket_id, edge_id, entry_seq, entry_hash, grand_total_usd,
             vat_usd, grand_total_khr, issued_at, prev_hash, hash)
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::uuid[],
             $6::uuid[], $7::bigint[], $8::uuid[], $9::text[], $10::uuid[], $11::bigint[],
             $12::bytea[], $13::numeric[], $14::numeric[], $15::numeric[], $16::timestamptz[],
             $17::bytea[], $18::bytea[])",
        &column(rows, |row| row.series_id.as_uuid()),
        &column(rows, |row| int8(row.no)),
        &column(rows, |row| row.printed.as_str()) as &[&str],
        &column(rows, |row| row.invoice_id.as_uuid()),
        &column(rows, |row| row.tenant_id.as_uuid()),
        &column(rows, |row| row.branch_id.as_uuid()),
        &column(rows, |row| int8(row.mapping_seq)),
        &column(rows, |row| row.sale_id.as_uuid()),
        &column(rows, |row| row.ticket_id.as_str()) as &[&str],
        &column(rows, |row| row.edge_id.as_uuid()),
        &column(rows, |row| int8(row.entry_seq)),
        &column(rows, |row| &row.entry_hash.as_bytes()[..]) as &[&[u8]],
        &column(rows, |row| row.grand_total_usd.amount()),
        &column(rows, |row| row.vat_usd.amount()),
        &column(rows, |row| row.grand_total_khr.amount()),
        &column(rows, |row| OffsetDateTime::from(row.issued_at)),
        &column(rows, |row| &row.prev_hash.as_bytes()[..]) as &[&[u8]],
        &column(rows, |row| &row.hash.as_bytes()[..]) as &[&[u8]],
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO audit_log (tenant_id, branch_id, action, activity, subject_id, target_id,
             edge_id, entry_seq, occurred_at, meta)
         SELECT i.tenant_id, i.branch_id, $2, $3, s.customer_id, i.invoice_id, i.edge_id,
             i.entry_seq, i.issued_at,
             jsonb_build_object('ticketId', i.ticket_id, 'invoiceNo', i.no,
                                'totalCents', (i.grand_total_usd * 100)::bigint)
         FROM unnest($1::uuid[]) WITH ORDINALITY AS told (invoice_id, place)
         JOIN invoice i USING (invoice_id) LEFT JOIN sale s ON s.sale_id = i.sale_id
         ORDER BY told.place",
        &column(rows, |row| row.invoice_id.as_uuid()),
        AUDIT_ACTION,
        AUDIT_ACTIVITY,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn tell(conn: &mut Conn, rows: &[InvoiceAssignedV1]) -> Result<(), Error> {
    let mut by_mapping: Vec<_> = rows.iter().collect();
    by_mapping.sort_by_key(|row| (row.branch_id, row.mapping_seq));
    let facts: Vec<_> = by_mapping
        .into_iter()
        .map(|row| NewFact {
            tenant_id: row.tenant_id,
            branch_id: row.branch_id,
            fact_id: id_from_invoice(row.series_id, row.no),
            kind: FactKind::InvoiceAssigned,
            schema_version: 1,
            entry: None,
            invoice: Some((row.series_id, row.no)),
            body: None,
            occurred_at: row.issued_at,
        })
        .collect();
    outbox::enqueue(conn, &facts).await
}
