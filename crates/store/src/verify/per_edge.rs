//! What the books hold of one edge's tickets, to be compared with the edge.

use futures::{Stream, TryStreamExt};
use schemas::{EdgeId, TicketId};

use crate::{Conn, Error};

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
    pub total_usd: rust_decimal::Decimal,
}

/// Adds up a company's register.
///
/// # Errors
/// [`Error::Database`].
pub async fn register_sum(
    conn: &mut Conn,
    tenant_id: schemas::TenantId,
) -> Result<RegisterSum, Error> {
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
