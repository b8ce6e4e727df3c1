//! A sale's number: the counter's row, the register's row, the audit log's.

use domain::invoice_chain::{invoice_hash, invoice_id};
use schemas::{SeriesId, Sha256Hash, Timestamp, facts::InvoiceAssignedV1};
use time::OffsetDateTime;
use uuid::Uuid;

use super::ClassicalSale;
use crate::{
    Conn, Error,
    columns::{digest, int8},
    numbering::{AUDIT_ACTION, AUDIT_ACTIVITY},
};

pub(super) async fn assign_number(
    conn: &mut Conn,
    series_id: SeriesId,
    booked: &ClassicalSale,
    now: Timestamp,
) -> Result<u64, Error> {
    let sale = &booked.sale;
    let mapping_seq = sqlx::query_scalar!(
        "UPDATE mapping_head SET last_seq = last_seq + 1 WHERE branch_id = $1 RETURNING last_seq",
        sale.branch_id.as_uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let counter = sqlx::query!(
        "SELECT last_no, head_hash FROM invoice_series WHERE series_id = $1 FOR UPDATE",
        series_id.as_uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let no = counter.last_no.unsigned_abs() + 1;
    let mut invoice = InvoiceAssignedV1 {
        series_id,
        no,
        printed: no.to_string(),
        invoice_id: invoice_id(series_id, no),
        tenant_id: sale.tenant_id,
        branch_id: sale.branch_id,
        mapping_seq: mapping_seq.unsigned_abs(),
        sale_id: sale.sale_id,
        ticket_id: sale.ticket_id.clone(),
        edge_id: sale.edge_id,
        entry_seq: booked.entry.seq,
        entry_hash: booked.entry.hash,
        grand_total_usd: sale.grand_total_usd,
        vat_usd: sale.vat.amount_usd,
        grand_total_khr: sale.grand_total_khr,
        issued_at: now,
        prev_hash: digest("invoice_series.head_hash", &counter.head_hash)?,
        hash: Sha256Hash::ZERO,
    };
    invoice.hash = invoice_hash(&invoice);
    insert_invoice(conn, &invoice).await?;
    log_number(conn, booked, &invoice).await?;
    sqlx::query!(
        "UPDATE invoice_series SET last_no = $2, head_hash = $3 WHERE series_id = $1",
        series_id.as_uuid(),
        int8(no),
        invoice.hash.as_bytes(),
    )
    .execute(&mut *conn)
    .await?;
    Ok(no)
}

async fn insert_invoice(conn: &mut Conn, row: &InvoiceAssignedV1) -> Result<(), Error> {
    sqlx::query_file!(
        "src/sql/classical_invoice.sql",
        row.series_id.as_uuid(),
        int8(row.no),
        &row.printed,
        row.invoice_id.as_uuid(),
        row.tenant_id.as_uuid(),
        row.branch_id.as_uuid(),
        int8(row.mapping_seq),
        row.sale_id.as_uuid(),
        row.ticket_id.as_str(),
        row.edge_id.as_uuid(),
        int8(row.entry_seq),
        row.entry_hash.as_bytes(),
        row.grand_total_usd.amount(),
        row.vat_usd.amount(),
        row.grand_total_khr.amount(),
        OffsetDateTime::from(row.issued_at),
        row.prev_hash.as_bytes(),
        row.hash.as_bytes(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn log_number(
    conn: &mut Conn,
    booked: &ClassicalSale,
    row: &InvoiceAssignedV1,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO audit_log (tenant_id, branch_id, action, activity, subject_id, target_id,
             edge_id, entry_seq, occurred_at, meta)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
             jsonb_build_object('ticketId', $10::text, 'invoiceNo', $11::bigint,
                                'totalCents', ($12::numeric * 100)::bigint))",
        row.tenant_id.as_uuid(),
        row.branch_id.as_uuid(),
        AUDIT_ACTION,
        AUDIT_ACTIVITY,
        booked.sale.customer_id.map(Uuid::from),
        row.invoice_id.as_uuid(),
        row.edge_id.as_uuid(),
        int8(row.entry_seq),
        OffsetDateTime::from(row.issued_at),
        row.ticket_id.as_str(),
        int8(row.no),
        row.grand_total_usd.amount(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
