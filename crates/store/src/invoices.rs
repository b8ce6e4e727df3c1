//! The register: invoices as they were assigned, never changed.

use rust_decimal::Decimal;
use schemas::{BranchId, Khr, SeriesId, TenantId, TicketId, Usd, facts::InvoiceAssignedV1};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Conn, Error, columns};

/// Cents: the decimals that dollars are kept with.
const USD_SCALE: u32 = 2;

/// One row of `invoice`.
struct Row {
    series_id: Uuid,
    no: i64,
    invoice_id: Uuid,
    tenant_id: Uuid,
    branch_id: Uuid,
    mapping_seq: i64,
    sale_id: Uuid,
    ticket_id: String,
    edge_id: Uuid,
    entry_seq: i64,
    entry_hash: Vec<u8>,
    grand_total_usd: Decimal,
    vat_usd: Decimal,
    grand_total_khr: Decimal,
    issued_at: OffsetDateTime,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl TryFrom<Row> for InvoiceAssignedV1 {
    type Error = Error;

    /// Always the same value for the same row, so that its JSON is always the
    /// same bytes.
    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            series_id: row.series_id.into(),
            no: columns::unsigned("invoice.no", row.no)?,
            invoice_id: row.invoice_id.into(),
            tenant_id: row.tenant_id.into(),
            branch_id: row.branch_id.into(),
            mapping_seq: columns::unsigned("invoice.mapping_seq", row.mapping_seq)?,
            sale_id: row.sale_id.into(),
            ticket_id: TicketId::parse(row.ticket_id)
                .map_err(|error| Error::corrupt("invoice.ticket_id", error))?,
            edge_id: row.edge_id.into(),
            entry_seq: columns::unsigned("invoice.entry_seq", row.entry_seq)?,
            entry_hash: columns::digest("invoice.entry_hash", &row.entry_hash)?,
            grand_total_usd: Usd(scaled(row.grand_total_usd, USD_SCALE)),
            vat_usd: Usd(scaled(row.vat_usd, USD_SCALE)),
            grand_total_khr: Khr(scaled(row.grand_total_khr, 0)),
            issued_at: row.issued_at.into(),
            prev_hash: columns::digest("invoice.prev_hash", &row.prev_hash)?,
            hash: columns::digest("invoice.hash", &row.hash)?,
        })
    }
}

/// The same amount with exactly `scale` decimals.
fn scaled(mut amount: Decimal, scale: u32) -> Decimal {
    amount.rescale(scale);
    amount
}

fn all(rows: Vec<Row>) -> Result<Vec<InvoiceAssignedV1>, Error> {
    rows.into_iter().map(InvoiceAssignedV1::try_from).collect()
}

/// A branch's invoices after `mapping_seq`, in its order, at most `limit`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn after_mapping_seq(
    conn: &mut Conn,
    branch_id: BranchId,
    mapping_seq: u64,
    limit: u32,
) -> Result<Vec<InvoiceAssignedV1>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT * FROM invoice WHERE branch_id = $1 AND mapping_seq > $2
         ORDER BY mapping_seq LIMIT $3",
        branch_id.as_uuid(),
        columns::int8(mapping_seq),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    all(rows)
}

/// A branch's invoices before `mapping_seq`, the newest first, at most `limit`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn before_mapping_seq(
    conn: &mut Conn,
    branch_id: BranchId,
    mapping_seq: u64,
    limit: u32,
) -> Result<Vec<InvoiceAssignedV1>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT * FROM invoice WHERE branch_id = $1 AND mapping_seq < $2
         ORDER BY mapping_seq DESC LIMIT $3",
        branch_id.as_uuid(),
        columns::int8(mapping_seq),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    all(rows)
}

/// The newest `mapping_seq` of a branch; 0 before the first invoice.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn mapping_head(conn: &mut Conn, branch_id: BranchId) -> Result<u64, Error> {
    let head = sqlx::query_scalar!(
        "SELECT last_seq FROM mapping_head WHERE branch_id = $1",
        branch_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    columns::unsigned("mapping_head.last_seq", head.unwrap_or(0))
}

/// A series' invoices after number `no`, in order, at most `limit`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn after_no(
    conn: &mut Conn,
    series_id: SeriesId,
    no: u64,
    limit: u32,
) -> Result<Vec<InvoiceAssignedV1>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT * FROM invoice WHERE series_id = $1 AND no > $2 ORDER BY no LIMIT $3",
        series_id.as_uuid(),
        columns::int8(no),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    all(rows)
}

/// The invoice of a ticket, once it has one.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn by_ticket(
    conn: &mut Conn,
    tenant_id: TenantId,
    ticket_id: &TicketId,
) -> Result<Option<InvoiceAssignedV1>, Error> {
    sqlx::query_as!(
        Row,
        "SELECT i.* FROM ticket t JOIN invoice i USING (sale_id)
         WHERE t.tenant_id = $1 AND t.ticket_id = $2",
        tenant_id.as_uuid(),
        ticket_id.as_str(),
    )
    .fetch_optional(conn)
    .await?
    .map(InvoiceAssignedV1::try_from)
    .transpose()
}

/// The invoices with these places, `series_ids[i]` and `nos[i]` for each, in no
/// order. Places that the register does not have are left out.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn at(
    conn: &mut Conn,
    series_ids: &[Uuid],
    nos: &[i64],
) -> Result<Vec<InvoiceAssignedV1>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT i.* FROM unnest($1::uuid[], $2::bigint[]) AS wanted (series_id, no)
         JOIN invoice i USING (series_id, no)",
        series_ids,
        nos,
    )
    .fetch_all(conn)
    .await?;
    all(rows)
}
