//! What the books hold of one edge's tickets, to be compared with the edge.

use futures::{Stream, TryStreamExt};
use rust_decimal::Decimal;
use schemas::{
    BranchId, Currency, EdgeId, Khr, SaleId, TenantId, TicketId, Usd,
    events::{SaleStatus, TenderMethod},
};

use crate::{Conn, Error, columns::word};

/// A ticket in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedTicket {
    /// Which.
    pub ticket_id: TicketId,
    /// The entry it was booked from.
    pub entry_seq: u64,
    /// Its number, once assigned.
    pub invoice_no: Option<u64>,
}

/// The tickets that were booked from an edge's journal. Streamed.
pub fn tickets_of(
    conn: &mut Conn,
    edge_id: EdgeId,
) -> impl Stream<Item = Result<BookedTicket, Error>> + Unpin + '_ {
    let rows = sqlx::query!(
        r#"SELECT t.ticket_id AS "ticket_id!", t.entry_seq AS "entry_seq!", i.no AS "no?"
           FROM ticket t
           LEFT JOIN invoice i ON i.sale_id = t.sale_id
           WHERE t.edge_id = $1"#,
        edge_id.as_uuid(),
    )
    .fetch(conn);
    Box::pin(rows.map_err(Error::from).and_then(async |row| {
        Ok(BookedTicket {
            ticket_id: TicketId::parse(row.ticket_id)
                .map_err(|error| Error::corrupt("ticket.ticket_id", error))?,
            entry_seq: row.entry_seq.unsigned_abs(),
            invoice_no: row.no.map(i64::unsigned_abs),
        })
    }))
}

/// How many of an edge's sales are set aside in quarantine.
///
/// # Errors
/// [`Error::Database`].
pub async fn quarantined_sales(conn: &mut Conn, edge_id: EdgeId) -> Result<u64, Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM quarantine
           WHERE edge_id = $1 AND kind = 'sale.finalized' AND state <> 'RELEASED'"#,
        edge_id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count.unsigned_abs())
}

/// A sale in the books, with what its till was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedSale {
    /// Its ticket.
    pub ticket_id: TicketId,
    /// The store.
    pub branch_id: BranchId,
    /// The sale.
    pub sale_id: SaleId,
    /// Where it stands.
    pub status: SaleStatus,
    /// The total, in dollars.
    pub grand_total_usd: Usd,
    /// What is paid of it in riel.
    pub payable_khr: Khr,
    /// How it was paid.
    pub tender_method: TenderMethod,
    /// In which currency.
    pub tender_currency: Currency,
    /// What was handed over.
    pub tender_received: Decimal,
    /// What was given back.
    pub tender_change: Decimal,
    /// Its number, once assigned.
    pub invoice_no: Option<u64>,
}

/// Every sale of a company that is in the books. Streamed.
pub fn sales_of(
    conn: &mut Conn,
    tenant_id: TenantId,
) -> impl Stream<Item = Result<BookedSale, Error>> + Unpin + '_ {
    let rows = sqlx::query!(
        r#"SELECT s.ticket_id AS "ticket_id!", s.branch_id AS "branch_id!",
               s.sale_id AS "sale_id!", s.status AS "status!",
               s.grand_total_usd AS "grand_total_usd!", s.payable_khr AS "payable_khr!",
               s.tender_method AS "tender_method!", s.tender_currency AS "tender_currency!",
               s.tender_received AS "tender_received!", s.tender_change AS "tender_change!",
               i.no AS "no?"
           FROM sale s
           LEFT JOIN invoice i ON i.sale_id = s.sale_id
           WHERE s.tenant_id = $1"#,
        tenant_id.as_uuid(),
    )
    .fetch(conn);
    Box::pin(rows.map_err(Error::from).and_then(async |row| {
        Ok(BookedSale {
            ticket_id: TicketId::parse(row.ticket_id)
                .map_err(|error| Error::corrupt("sale.ticket_id", error))?,
            branch_id: row.branch_id.into(),
            sale_id: row.sale_id.into(),
            status: word("sale.status", &row.status)?,
            grand_total_usd: Usd(row.grand_total_usd),
            payable_khr: Khr(row.payable_khr),
            tender_method: word("sale.tender_method", &row.tender_method)?,
            tender_currency: word("sale.tender_currency", &row.tender_currency)?,
            tender_received: row.tender_received,
            tender_change: row.tender_change,
            invoice_no: row.no.map(i64::unsigned_abs),
        })
    }))
}

/// What a company's register adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterSum {
    /// Invoices.
    pub invoices: u64,
    /// The lowest number.
    pub first_no: Option<u64>,
    /// The highest number.
    pub last_no: Option<u64>,
    /// The sum of all totals, in dollars.
    pub total_usd: Decimal,
}

/// Adds up a company's register.
///
/// # Errors
/// [`Error::Database`].
pub async fn register_sum(conn: &mut Conn, tenant_id: TenantId) -> Result<RegisterSum, Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "invoices!", min(no) AS first_no, max(no) AS last_no,
               COALESCE(sum(grand_total_usd), 0) AS "total_usd!"
           FROM invoice WHERE tenant_id = $1"#,
        tenant_id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(RegisterSum {
        invoices: row.invoices.unsigned_abs(),
        first_no: row.first_no.map(i64::unsigned_abs),
        last_no: row.last_no.map(i64::unsigned_abs),
        total_usd: row.total_usd,
    })
}
