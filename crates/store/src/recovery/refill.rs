//! What `tillstream recover` writes, in one transaction that holds [`lock`].

use schemas::{
    BranchId, EdgeId, SeriesId, Sha256Hash, TenantId, Timestamp, facts::InvoiceAssignedV1,
};
use time::OffsetDateTime;

use crate::{
    Conn, Error,
    columns::{column, digest, int8, narrow, unsigned},
    series,
};

/// A series as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSeries {
    /// Which.
    pub series_id: SeriesId,
    /// The setting it was opened under.
    pub revision: u32,
    /// Its branch, if each has its own.
    pub branch_id: Option<BranchId>,
    /// Its year, if it restarts.
    pub year: Option<u16>,
    /// Its newest number.
    pub last_no: u64,
    /// That row's hash.
    pub head_hash: Sha256Hash,
}

/// What the books hold of a sale that a register row names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedSale {
    /// The sale.
    pub sale_id: schemas::SaleId,
    /// Its entry.
    pub entry: (EdgeId, u64),
    /// That entry's hash.
    pub entry_hash: Sha256Hash,
    /// Its number, if it has one already.
    pub no: Option<u64>,
}

/// A recovery reads and writes much, and thinks in between: no statement of the rest of
/// this transaction, and no pause in it, is ended for being long.
///
/// # Errors
/// [`Error::Database`].
pub async fn unhurried(conn: &mut Conn) -> Result<(), Error> {
    crate::pool::limit_statements(conn, 0).await?;
    sqlx::query_scalar!("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Locks all that numbers and entries of these companies are written under: nothing
/// is booked and no number is given until the transaction ends.
///
/// # Errors
/// [`Error::Database`].
pub async fn lock(conn: &mut Conn, tenants: &[TenantId]) -> Result<(), Error> {
    // Cursors first, in the order of ids, as who books entries does.
    sqlx::query!(
        "SELECT c.edge_id FROM edge_cursor c JOIN edge e USING (edge_id)
         WHERE e.tenant_id = ANY ($1) ORDER BY c.edge_id FOR NO KEY UPDATE OF c",
        &column(tenants, |tenant| tenant.as_uuid()),
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut tenants = tenants.to_vec();
    tenants.sort();
    for tenant in tenants {
        series::lock(conn, tenant).await?;
    }
    Ok(())
}

/// The series of a company, by id.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn series_of(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<KnownSeries>, Error> {
    sqlx::query!(
        "SELECT series_id, revision, branch_id, year, last_no, head_hash FROM invoice_series
         WHERE tenant_id = $1 ORDER BY series_id",
        tenant_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(KnownSeries {
            series_id: row.series_id.into(),
            revision: narrow("invoice_series.revision", i64::from(row.revision))?,
            branch_id: row.branch_id.map(BranchId::from),
            year: row
                .year
                .map(|year| narrow("invoice_series.year", i64::from(year)))
                .transpose()?,
            last_no: unsigned("invoice_series.last_no", row.last_no)?,
            head_hash: digest("invoice_series.head_hash", &row.head_hash)?,
        })
    })
    .collect()
}

/// Opens a series that the books lost.
///
/// # Errors
/// [`Error::Database`].
pub async fn reopen(
    conn: &mut Conn,
    tenant_id: TenantId,
    series: &KnownSeries,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO invoice_series (series_id, tenant_id, revision, branch_id, year)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        series.series_id.as_uuid(),
        tenant_id.as_uuid(),
        i32::try_from(series.revision).unwrap_or(i32::MAX),
        series.branch_id.map(|id| id.as_uuid()),
        series.year.map(|year| i16::try_from(year).unwrap_or(i16::MAX)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the books hold of the sales that these rows name; those that they do not hold
/// are left out.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn sales_of(
    conn: &mut Conn,
    rows: &[InvoiceAssignedV1],
) -> Result<Vec<BookedSale>, Error> {
    sqlx::query!(
        r#"SELECT s.sale_id, s.edge_id, s.entry_seq, e.hash, i.no AS "no?"
           FROM sale s JOIN edge_entry e ON e.edge_id = s.edge_id AND e.seq = s.entry_seq
           LEFT JOIN invoice i ON i.sale_id = s.sale_id
           WHERE s.sale_id = ANY ($1)"#,
        &column(rows, |row| row.sale_id.as_uuid()),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(BookedSale {
            sale_id: row.sale_id.into(),
            entry: (row.edge_id.into(), unsigned("sale.entry_seq", row.entry_seq)?),
            entry_hash: digest("edge_entry.hash", &row.hash)?,
            no: row.no.map(|no| unsigned("invoice.no", no)).transpose()?,
        })
    })
    .collect()
}

/// Passes over the places that a branch's facts had before the books were restored:
/// nothing gets a place up to `up_to` from now on.
///
/// # Errors
/// [`Error::Database`].
pub async fn skip_places(
    conn: &mut Conn,
    (tenant_id, branch_id): (TenantId, BranchId),
    recovery_id: i64,
    up_to: u64,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO fact_head (branch_id, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        branch_id.as_uuid(),
        tenant_id.as_uuid(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "WITH head AS MATERIALIZED (
             SELECT last_seq FROM fact_head WHERE branch_id = $1 AND last_seq < $2 FOR UPDATE
         ), skipped AS (
             INSERT INTO fact_gap (branch_id, first_seq, last_seq, recovery_id)
             SELECT $1, last_seq + 1, $2, $3 FROM head
         )
         UPDATE fact_head SET last_seq = $2, published_seq = $2
         WHERE branch_id = $1 AND EXISTS (SELECT FROM head)",
        branch_id.as_uuid(),
        int8(up_to),
        recovery_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Opens a company's series for numbers again.
///
/// # Errors
/// [`Error::Database`].
pub async fn unfreeze(conn: &mut Conn, tenant_id: TenantId) -> Result<u64, Error> {
    let opened = sqlx::query!(
        "UPDATE invoice_series SET state = 'OPEN', frozen_reason = NULL
         WHERE tenant_id = $1 AND state = 'FROZEN'",
        tenant_id.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(opened.rows_affected())
}

/// Closes what was needed, settles the books where they are now, and logs it for
/// each company.
///
/// # Errors
/// [`Error::Database`].
pub async fn close(
    conn: &mut Conn,
    recovery_ids: &[i64],
    by: &str,
    report: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE recovery SET recovered_at = $4, recovered_by = $2, report = $3
         WHERE recovery_id = ANY ($1) AND recovered_at IS NULL",
        recovery_ids,
        by,
        report,
        OffsetDateTime::from(now),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO books_home (system_identifier, database_oid, timeline)
         SELECT s.system_identifier, d.oid::bigint, c.timeline_id
         FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d
         WHERE d.datname = current_database()
         ON CONFLICT (only_one) DO UPDATE SET system_identifier = EXCLUDED.system_identifier,
             database_oid = EXCLUDED.database_oid, timeline = EXCLUDED.timeline,
             settled_at = clock_timestamp()",
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Logs, in each branch of a company, that somebody recovered its books.
///
/// # Errors
/// [`Error::Database`].
pub async fn log(
    conn: &mut Conn,
    tenant_id: TenantId,
    by: &str,
    recovery_id: i64,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO audit_log (tenant_id, branch_id, action, occurred_at, meta)
         SELECT tenant_id, branch_id, 'BOOKS_RECOVERED', $2,
                jsonb_build_object('by', $3::text, 'recovery', $4::bigint)
         FROM branch WHERE tenant_id = $1 ORDER BY branch_no",
        tenant_id.as_uuid(),
        OffsetDateTime::from(now),
        by,
        recovery_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A place among a branch's facts that was passed over, and up to where.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn gap_at(
    conn: &mut Conn,
    branch_id: BranchId,
    fact_seq: u64,
) -> Result<Option<(u64, u64)>, Error> {
    sqlx::query!(
        "SELECT first_seq, last_seq FROM fact_gap
         WHERE branch_id = $1 AND first_seq <= $2 AND last_seq >= $2",
        branch_id.as_uuid(),
        int8(fact_seq),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let first = unsigned("fact_gap.first_seq", row.first_seq)?;
        Ok((first, unsigned("fact_gap.last_seq", row.last_seq)?))
    })
    .transpose()
}

/// The mapping head of each branch of a company; 0 where there is none.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn mapping_heads(
    conn: &mut Conn,
    tenant_id: TenantId,
) -> Result<Vec<(BranchId, u16, u64)>, Error> {
    sqlx::query!(
        r#"SELECT b.branch_id, b.branch_no, COALESCE(m.last_seq, 0) AS "last_seq!"
           FROM branch b LEFT JOIN mapping_head m USING (branch_id)
           WHERE b.tenant_id = $1 ORDER BY b.branch_no"#,
        tenant_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        let no = narrow("branch.branch_no", i64::from(row.branch_no))?;
        Ok((row.branch_id.into(), no, unsigned("mapping_head.last_seq", row.last_seq)?))
    })
    .collect()
}

/// How a company numbered under each revision: `(revision, per branch, yearly, form)`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn settings(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<series::Setting>, Error> {
    sqlx::query!(
        "SELECT revision, per_branch, yearly, form FROM numbering_setting
         WHERE tenant_id = $1 ORDER BY revision",
        tenant_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(series::Setting {
            revision: narrow("numbering_setting.revision", i64::from(row.revision))?,
            restarts: domain::invoice_series::Restarts {
                per_branch: row.per_branch,
                yearly: row.yearly,
            },
            form: row.form,
        })
    })
    .collect()
}

/// Where a branch's facts end in the books.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn last_place(conn: &mut Conn, branch_id: BranchId) -> Result<u64, Error> {
    let last = sqlx::query_scalar!(
        "SELECT last_seq FROM fact_head WHERE branch_id = $1",
        branch_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    unsigned("fact_head.last_seq", last.unwrap_or(0))
}
