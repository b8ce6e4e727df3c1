//! Z reports, their supplements, and what the books themselves add up to for a
//! session.

use std::collections::HashMap;

use schemas::{
    BranchId, CashSessionId, Currency, Entry, SaleId, StaffId, Timestamp, Usd,
    events::{CashSessionClosedV1, DrawerSums, MethodSums, SessionReport, TenderMethod},
};
use time::OffsetDateTime;

use crate::{
    Conn, Error,
    columns::{column, int8, unsigned},
};

/// A Z report and the entry that tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZReport<'a> {
    /// The payload, read.
    pub closed: &'a CashSessionClosedV1,
    /// The entry.
    pub entry: &'a Entry,
}

/// A sale that came after the close of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supplement {
    /// The sale.
    pub sale_id: SaleId,
    /// Its session.
    pub cash_session_id: CashSessionId,
    /// The store.
    pub branch_id: BranchId,
    /// Its place among the supplements, as the edge numbered it.
    pub supplement_no: u64,
    /// When the edge received it.
    pub received_at: Timestamp,
}

/// Stores Z reports.
///
/// # Errors
/// [`Error::Database`] if the statement fails, e.g. because there is one.
pub async fn insert(conn: &mut Conn, reports: &[ZReport<'_>]) -> Result<(), Error> {
    if reports.is_empty() {
        return Ok(());
    }
    sqlx::query_file!(
        "src/sql/z_report_insert.sql",
        &column(reports, |r| r.closed.cash_session_id.as_uuid()),
        &column(reports, |r| r.closed.tenant_id.as_uuid()),
        &column(reports, |r| r.closed.branch_id.as_uuid()),
        &column(reports, |r| r.entry.edge_id.as_uuid()),
        &column(reports, |r| int8(r.entry.seq)),
        &column(reports, |r| r.closed.device_id.as_uuid()),
        &column(reports, |r| r.closed.closed_by.as_uuid()),
        &column(reports, |r| OffsetDateTime::from(r.closed.closed_at)),
        &column(reports, |r| int8(r.closed.z.sale_count)),
        &column(reports, |r| r.closed.z.sales_usd.amount()),
        &column(reports, |r| r.closed.z.vat_usd.amount()),
        &column(reports, |r| int8(r.closed.z.void_count)),
        &column(reports, |r| r.closed.z.voids_usd.amount()),
        &column(reports, |r| r.closed.counted.usd.amount()),
        &column(reports, |r| r.closed.counted.khr.amount()),
        &column(reports, |r| r.closed.counted.difference_usd.amount()),
        &column(reports, |r| r.closed.counted.difference_khr.amount()),
        &column(reports, |r| r.entry.payload.as_slice()) as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores supplements.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_supplements(conn: &mut Conn, rows: &[Supplement]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO z_supplement (sale_id, cash_session_id, branch_id, supplement_no, received_at)
         SELECT s.sale_id, s.cash_session_id, s.branch_id, s.supplement_no, s.received_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[])
             AS s (sale_id, cash_session_id, branch_id, supplement_no, received_at)",
        &column(rows, |r| r.sale_id.as_uuid()),
        &column(rows, |r| r.cash_session_id.as_uuid()),
        &column(rows, |r| r.branch_id.as_uuid()),
        &column(rows, |r| int8(r.supplement_no)),
        &column(rows, |r| OffsetDateTime::from(r.received_at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest supplement of each of these sessions; those without are left out.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn newest_supplements(
    conn: &mut Conn,
    sessions: &[CashSessionId],
) -> Result<Vec<(CashSessionId, u64)>, Error> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"SELECT cash_session_id, max(supplement_no) AS "newest!" FROM z_supplement
           WHERE cash_session_id = ANY($1) GROUP BY cash_session_id"#,
        &column(sessions, |id| id.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok((row.cash_session_id.into(), unsigned("z_supplement.supplement_no", row.newest)?))
        })
        .collect()
}

/// What the books add up to for those of `sessions` that are in them, as an X
/// report without tickets: both drawers, and every way of paying that occurred.
///
/// # Errors
/// [`Error`] if a statement fails or a stored value is not valid.
pub async fn sums(
    conn: &mut Conn,
    sessions: &[CashSessionId],
) -> Result<HashMap<CashSessionId, SessionReport>, Error> {
    let mut reports = HashMap::new();
    if sessions.is_empty() {
        return Ok(reports);
    }
    let ids = column(sessions, |id| id.as_uuid());
    for row in sqlx::query_file!("src/sql/session_drawers.sql", &ids).fetch_all(&mut *conn).await? {
        let drawer = |currency, opening_float, sales, refunds, paid_in, paid_out| DrawerSums {
            currency,
            opening_float,
            sales,
            refunds,
            paid_in,
            paid_out,
            expected: opening_float + sales - refunds + paid_in - paid_out,
        };
        let report = SessionReport {
            opened_by: StaffId::from_uuid(row.opened_by),
            opened_at: row.opened_at.into(),
            as_of: row.opened_at.into(),
            drawers: vec![
                drawer(
                    Currency::Usd,
                    row.opening_float_usd,
                    row.sales_usd,
                    row.refunds_usd,
                    row.paid_in_usd,
                    row.paid_out_usd,
                ),
                drawer(
                    Currency::Khr,
                    row.opening_float_khr,
                    row.sales_khr,
                    row.refunds_khr,
                    row.paid_in_khr,
                    row.paid_out_khr,
                ),
            ],
            sales: Vec::new(),
            sale_count: 0,
            sales_usd: Usd::ZERO,
            vat_usd: Usd::ZERO,
            void_count: 0,
            voids_usd: Usd::ZERO,
            first_ticket: None,
            last_ticket: None,
        };
        reports.insert(CashSessionId::from_uuid(row.cash_session_id), report);
    }
    for row in sqlx::query_file!("src/sql/session_sales.sql", &ids).fetch_all(conn).await? {
        let Some(report) = reports.get_mut(&CashSessionId::from_uuid(row.cash_session_id)) else {
            continue;
        };
        let count = unsigned("count", row.sales)?;
        report.sales.push(MethodSums {
            method: method(&row.tender_method)?,
            currency: currency(&row.tender_currency)?,
            count,
            amount: row.kept,
        });
        report.sale_count += count;
        report.sales_usd = Usd(report.sales_usd.amount() + row.grand_total_usd);
        report.vat_usd = Usd(report.vat_usd.amount() + row.vat_usd);
        report.void_count += unsigned("count", row.voids)?;
        report.voids_usd = Usd(report.voids_usd.amount() + row.voids_usd);
    }
    Ok(reports)
}

fn method(text: &str) -> Result<TenderMethod, Error> {
    match text {
        "CASH" => Ok(TenderMethod::Cash),
        "KHQR" => Ok(TenderMethod::Khqr),
        "ACCOUNT" => Ok(TenderMethod::Account),
        other => Err(Error::corrupt("sale.tender_method", other)),
    }
}

fn currency(text: &str) -> Result<Currency, Error> {
    [Currency::Usd, Currency::Khr]
        .into_iter()
        .find(|currency| currency.code() == text)
        .ok_or_else(|| Error::corrupt("sale.tender_currency", text))
}
