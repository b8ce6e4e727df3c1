//! The statements of numbering: the queue and the register.
//!
//! Only whoever holds the company's lock ([`crate::series::lock_setting`]) reads
//! and writes any of it.

use rust_decimal::Decimal;
use schemas::{
    BranchId, CustomerId, EdgeId, Khr, SaleId, SeriesId, Sha256Hash, TenantId, TicketId, Usd,
    facts::{FactKind, InvoiceAssignedV1, id_from_invoice},
};
use time::OffsetDateTime;

use crate::{Conn, Error, columns, outbox::RUN_FACTS};

/// How the audit log names the assignment of a number.
pub const AUDIT_ACTION: &str = "INVOICE_ASSIGNED";
/// The key under which the activity feed knows it.
pub const AUDIT_ACTIVITY: &str = "pos.sale.synced";

/// A sale that awaits its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSale {
    /// Its place in the queue.
    pub queue_id: i64,
    /// The store.
    pub branch_id: BranchId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Who bought, if known.
    pub customer_id: Option<CustomerId>,
    /// The journal that holds it.
    pub edge_id: EdgeId,
    /// The entry in it.
    pub entry_seq: u64,
    /// The entry's hash.
    pub entry_hash: Sha256Hash,
    /// What was owed, in dollars.
    pub grand_total_usd: Usd,
    /// The VAT in it.
    pub vat_usd: Usd,
    /// What was owed in riel, before riel rounding.
    pub grand_total_khr: Khr,
}

/// How much waits for numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueState {
    /// Sales in the queue, counted up to a bound.
    pub length: u64,
    /// How long the oldest has waited, in milliseconds.
    pub oldest_ms: u64,
    /// Series that are frozen.
    pub frozen_series: u64,
    /// Recoveries that are needed.
    pub recoveries_needed: u64,
}

/// The companies that have sales in their queue.
///
/// # Errors
/// [`Error::Database`].
pub async fn waiting(conn: &mut Conn) -> Result<Vec<TenantId>, Error> {
    let ids = sqlx::query_scalar!(
        "SELECT tenant_id FROM numbering_head h
         WHERE EXISTS (SELECT FROM numbering_queue q WHERE q.tenant_id = h.tenant_id)
         ORDER BY tenant_id"
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(TenantId::from).collect())
}

/// The sales of a company that await numbers, in the order in which the books
/// took them, at most `limit`; not those of the branches `without`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn pending(
    conn: &mut Conn,
    tenant_id: TenantId,
    without: &[BranchId],
    limit: u32,
) -> Result<Vec<PendingSale>, Error> {
    let without: Vec<_> = without.iter().map(|branch| branch.as_uuid()).collect();
    sqlx::query!(
        "SELECT queue_id, branch_id, sale_id, ticket_id, customer_id, edge_id, entry_seq,
                entry_hash, grand_total_usd, vat_usd, grand_total_khr
         FROM numbering_queue WHERE tenant_id = $1 AND branch_id <> ALL ($3)
         ORDER BY queue_id LIMIT $2",
        tenant_id.as_uuid(),
        i64::from(limit),
        &without,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(PendingSale {
            queue_id: row.queue_id,
            branch_id: row.branch_id.into(),
            sale_id: row.sale_id.into(),
            ticket_id: TicketId::parse(row.ticket_id)
                .map_err(|error| Error::corrupt("numbering_queue.ticket_id", error))?,
            customer_id: row.customer_id.map(CustomerId::from),
            edge_id: row.edge_id.into(),
            entry_seq: columns::unsigned("numbering_queue.entry_seq", row.entry_seq)?,
            entry_hash: columns::digest("numbering_queue.entry_hash", &row.entry_hash)?,
            grand_total_usd: Usd(row.grand_total_usd),
            vat_usd: Usd(row.vat_usd),
            grand_total_khr: Khr(row.grand_total_khr),
        })
    })
    .collect()
}

/// The newest `mapping_seq` of these branches; those without any are left out.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn mapping_heads(
    conn: &mut Conn,
    branches: &[BranchId],
) -> Result<Vec<(BranchId, u64)>, Error> {
    let ids: Vec<_> = branches.iter().map(|branch| branch.as_uuid()).collect();
    sqlx::query!("SELECT branch_id, last_seq FROM mapping_head WHERE branch_id = ANY ($1)", &ids)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(|row| {
            let last_seq = columns::unsigned("mapping_head.last_seq", row.last_seq)?;
            Ok((row.branch_id.into(), last_seq))
        })
        .collect()
}

/// Registers a batch of a locked company, tells of it in the outbox and in the
/// audit log, moves its series and the branches' mapping heads, and takes the
/// sales, `sales[i]` for `rows[i]`, out of the queue. `rows` continue their
/// series, in order.
///
/// # Errors
/// [`Error::Database`]; [`Error::Corrupt`] if the batch does not fit what is
/// stored: roll back.
pub async fn record_batch(
    conn: &mut Conn,
    tenant_id: TenantId,
    sales: &[&PendingSale],
    rows: &[InvoiceAssignedV1],
) -> Result<(), Error> {
    let Some(newest) = rows.last() else { return Ok(()) };
    let column = Columns::of(rows);
    let queue_ids: Vec<i64> = columns::column(sales, |sale| sale.queue_id);
    let counts = sqlx::query_file!(
        "src/sql/record_invoices.sql",
        &column.series_ids,
        tenant_id.as_uuid(),
        &queue_ids,
        &column.nos,
        &column.invoice_ids,
        &column.branch_ids,
        &column.mapping_seqs,
        &column.sale_ids,
        &column.ticket_ids as _,
        &column.edge_ids,
        &column.entry_seqs,
        &column.entry_hashes as _,
        &column.grand_totals_usd,
        &column.vats_usd,
        &column.grand_totals_khr,
        &column.prev_hashes as _,
        &column.hashes as _,
        &column.fact_ids,
        OffsetDateTime::from(newest.issued_at),
        FactKind::InvoiceAssigned.as_str(),
        &columns::column(sales, |sale| sale.customer_id.map(uuid::Uuid::from)) as _,
        AUDIT_ACTION,
        AUDIT_ACTIVITY,
        i64::try_from(RUN_FACTS).unwrap_or(i64::MAX),
        &column.printed as _,
    )
    .fetch_one(conn)
    .await?;
    let expected = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let stored = [counts.registered, counts.told, counts.logged, counts.taken, counts.moved];
    if stored != [expected; 5] {
        let why = format!(
            "a batch of {expected} registered {}, told {}, logged {}, took {} and moved series by {}",
            counts.registered, counts.told, counts.logged, counts.taken, counts.moved
        );
        return Err(Error::corrupt("invoice_series", why));
    }
    Ok(())
}

/// A batch, column by column, as `unnest` takes it.
#[derive(Default)]
struct Columns<'a> {
    series_ids: Vec<uuid::Uuid>,
    printed: Vec<&'a str>,
    nos: Vec<i64>,
    invoice_ids: Vec<uuid::Uuid>,
    branch_ids: Vec<uuid::Uuid>,
    mapping_seqs: Vec<i64>,
    sale_ids: Vec<uuid::Uuid>,
    ticket_ids: Vec<&'a str>,
    edge_ids: Vec<uuid::Uuid>,
    entry_seqs: Vec<i64>,
    entry_hashes: Vec<&'a [u8]>,
    grand_totals_usd: Vec<Decimal>,
    vats_usd: Vec<Decimal>,
    grand_totals_khr: Vec<Decimal>,
    prev_hashes: Vec<&'a [u8]>,
    hashes: Vec<&'a [u8]>,
    fact_ids: Vec<String>,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [InvoiceAssignedV1]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.series_ids.push(row.series_id.as_uuid());
            columns.printed.push(&row.printed);
            columns.nos.push(columns::int8(row.no));
            columns.invoice_ids.push(row.invoice_id.as_uuid());
            columns.branch_ids.push(row.branch_id.as_uuid());
            columns.mapping_seqs.push(columns::int8(row.mapping_seq));
            columns.sale_ids.push(row.sale_id.as_uuid());
            columns.ticket_ids.push(row.ticket_id.as_str());
            columns.edge_ids.push(row.edge_id.as_uuid());
            columns.entry_seqs.push(columns::int8(row.entry_seq));
            columns.entry_hashes.push(row.entry_hash.as_bytes());
            columns.grand_totals_usd.push(row.grand_total_usd.amount());
            columns.vats_usd.push(row.vat_usd.amount());
            columns.grand_totals_khr.push(row.grand_total_khr.amount());
            columns.prev_hashes.push(row.prev_hash.as_bytes());
            columns.hashes.push(row.hash.as_bytes());
            columns.fact_ids.push(id_from_invoice(row.series_id, row.no));
        }
        columns
    }
}

/// Freezes a series for `reason`; one that is frozen already keeps its reason.
///
/// # Errors
/// [`Error::Database`].
pub async fn freeze(conn: &mut Conn, series_id: SeriesId, reason: &str) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE invoice_series SET state = 'FROZEN', frozen_reason = $2
         WHERE series_id = $1 AND state = 'OPEN'",
        series_id.as_uuid(),
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How much waits, counting no more than `most` sales.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn queue_state(conn: &mut Conn, most: u32) -> Result<QueueState, Error> {
    let row = sqlx::query!(
        r#"SELECT
             (SELECT count(*) FROM (SELECT FROM numbering_queue LIMIT $1) AS bounded) AS "length!",
             (SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - first.queued_at) * 1000), 0)
              FROM numbering_head h
              CROSS JOIN LATERAL (
                  SELECT queued_at FROM numbering_queue q WHERE q.tenant_id = h.tenant_id
                  ORDER BY queue_id LIMIT 1) AS first)::bigint AS "oldest_ms!",
             (SELECT count(*) FROM invoice_series WHERE state = 'FROZEN') AS "frozen!",
             (SELECT count(*) FROM recovery WHERE recovered_at IS NULL) AS "needed!""#,
        i64::from(most),
    )
    .fetch_one(conn)
    .await?;
    Ok(QueueState {
        length: columns::unsigned("count", row.length)?,
        oldest_ms: columns::unsigned("age", row.oldest_ms.max(0))?,
        frozen_series: columns::unsigned("count", row.frozen)?,
        recoveries_needed: columns::unsigned("count", row.needed)?,
    })
}
