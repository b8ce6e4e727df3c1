//! Sales and tickets of a store.

use std::collections::HashMap;

use schemas::{
    BranchId, CashSessionId, CategoryId, CustomerId, Khr, TenantId, TicketId, Usd,
    back_office::{SaleRow, SaleRowLine, TicketRow},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Span;
use crate::{
    Conn, Error,
    columns::{digest, narrow, unsigned, word},
};

/// Sales of a store with their lines, the newest first.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn sales(
    conn: &mut Conn,
    branch_id: BranchId,
    span: Span,
) -> Result<Vec<SaleRow>, Error> {
    let rows = sqlx::query!(
        r#"SELECT s.sale_id, s.ticket_id, i.no AS "no?",
               s.cash_session_id AS "cash_session_id?", s.device_id,
               s.cashier_id, s.customer_id, s.sale_type, s.status, o.order_id,
               o.status AS order_status, s.finalized_at, s.voided_at, s.subtotal_usd,
               s.item_discount_usd, s.branch_discount_usd, s.vat_usd, s.grand_total_usd,
               s.grand_total_khr, s.khr_rounding, s.payable_khr, s.fx_rate, s.tender_method,
               s.tender_currency, s.tender_received, s.tender_change, s.catalogue_version
           FROM sale s
           JOIN sale_order o ON o.sale_id = s.sale_id
           LEFT JOIN invoice i ON i.sale_id = s.sale_id
           WHERE s.branch_id = $1 AND s.finalized_at >= $2 AND s.finalized_at < $3
             AND (s.finalized_at, s.sale_id) < ($4, $5)
           ORDER BY s.finalized_at DESC, s.sale_id DESC LIMIT $6"#,
        branch_id.as_uuid(),
        OffsetDateTime::from(span.from),
        OffsetDateTime::from(span.to),
        OffsetDateTime::from(span.after.at),
        span.after.id,
        i64::from(span.limit),
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.sale_id).collect();
    let mut lines = lines(conn, &ids).await?;
    rows.into_iter()
        .map(|row| {
            Ok(SaleRow {
                sale_id: row.sale_id.into(),
                ticket_id: ticket_id(row.ticket_id)?,
                invoice_no: row.no.map(|no| unsigned("invoice.no", no)).transpose()?,
                cash_session_id: row.cash_session_id.map(CashSessionId::from),
                device_id: row.device_id.into(),
                cashier_id: row.cashier_id.into(),
                customer_id: row.customer_id.map(CustomerId::from),
                sale_type: word("sale.sale_type", &row.sale_type)?,
                status: word("sale.status", &row.status)?,
                order_id: row.order_id.into(),
                order_status: word("sale_order.status", &row.order_status)?,
                finalized_at: row.finalized_at.into(),
                voided_at: row.voided_at.map(Into::into),
                subtotal_usd: Usd(row.subtotal_usd),
                item_discount_usd: Usd(row.item_discount_usd),
                branch_discount_usd: Usd(row.branch_discount_usd),
                vat_usd: Usd(row.vat_usd),
                grand_total_usd: Usd(row.grand_total_usd),
                grand_total_khr: Khr(row.grand_total_khr),
                khr_rounding: Khr(row.khr_rounding),
                payable_khr: Khr(row.payable_khr),
                fx_rate_khr_per_usd: row.fx_rate.normalize(),
                tender_method: word("sale.tender_method", &row.tender_method)?,
                tender_currency: word("sale.tender_currency", &row.tender_currency)?,
                tender_received: row.tender_received,
                tender_change: row.tender_change,
                catalogue_version: unsigned("sale.catalogue_version", row.catalogue_version)?,
                lines: lines.remove(&row.sale_id).unwrap_or_default(),
            })
        })
        .collect()
}

async fn lines(conn: &mut Conn, sales: &[Uuid]) -> Result<HashMap<Uuid, Vec<SaleRowLine>>, Error> {
    let rows = sqlx::query!(
        "SELECT sale_id, line_no, menu_item_id, name, category_id, category_name, quantity,
             base_amount_usd, discount_usd, line_total_usd
         FROM sale_line WHERE sale_id = ANY($1) ORDER BY sale_id, line_no",
        sales,
    )
    .fetch_all(conn)
    .await?;
    let mut lines: HashMap<Uuid, Vec<SaleRowLine>> = HashMap::new();
    for row in rows {
        lines.entry(row.sale_id).or_default().push(SaleRowLine {
            line_no: narrow("sale_line.line_no", i64::from(row.line_no))?,
            menu_item_id: row.menu_item_id.into(),
            name: row.name,
            category_id: row.category_id.map(CategoryId::from),
            category_name: row.category_name,
            quantity: narrow("sale_line.quantity", i64::from(row.quantity))?,
            base_amount_usd: Usd(row.base_amount_usd),
            discount_usd: Usd(row.discount_usd),
            line_total_usd: Usd(row.line_total_usd),
        });
    }
    Ok(lines)
}

struct Ticket {
    ticket_id: String,
    payload_hash: Vec<u8>,
    sale_id: Uuid,
    status: String,
    finalized_at: OffsetDateTime,
    edge_id: Uuid,
    entry_seq: i64,
    no: Option<i64>,
}

impl TryFrom<Ticket> for TicketRow {
    type Error = Error;

    fn try_from(row: Ticket) -> Result<Self, Error> {
        Ok(Self {
            ticket_id: ticket_id(row.ticket_id)?,
            payload_hash: digest("ticket.payload_hash", &row.payload_hash)?,
            sale_id: row.sale_id.into(),
            status: word("sale.status", &row.status)?,
            finalized_at: row.finalized_at.into(),
            edge_id: row.edge_id.into(),
            entry_seq: unsigned("ticket.entry_seq", row.entry_seq)?,
            invoice_no: row.no.map(|no| unsigned("invoice.no", no)).transpose()?,
        })
    }
}

/// Tickets of a store with what became of them, those of the newest sales first.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn tickets(
    conn: &mut Conn,
    branch_id: BranchId,
    span: Span,
) -> Result<Vec<TicketRow>, Error> {
    sqlx::query_as!(
        Ticket,
        r#"SELECT t.ticket_id, t.payload_hash, t.sale_id, s.status, s.finalized_at, t.edge_id,
               t.entry_seq, i.no AS "no?"
           FROM sale s
           JOIN ticket t ON t.tenant_id = s.tenant_id AND t.ticket_id = s.ticket_id
           LEFT JOIN invoice i ON i.sale_id = s.sale_id
           WHERE s.branch_id = $1 AND s.finalized_at >= $2 AND s.finalized_at < $3
             AND (s.finalized_at, s.sale_id) < ($4, $5)
           ORDER BY s.finalized_at DESC, s.sale_id DESC LIMIT $6"#,
        branch_id.as_uuid(),
        OffsetDateTime::from(span.from),
        OffsetDateTime::from(span.to),
        OffsetDateTime::from(span.after.at),
        span.after.id,
        i64::from(span.limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TicketRow::try_from)
    .collect()
}

/// One ticket of a company, with the store of its sale.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn ticket(
    conn: &mut Conn,
    tenant_id: TenantId,
    ticket_id: &TicketId,
) -> Result<Option<(BranchId, TicketRow)>, Error> {
    sqlx::query!(
        r#"SELECT t.ticket_id, t.payload_hash, t.sale_id, s.status, s.finalized_at, t.edge_id,
               t.entry_seq, i.no AS "no?", s.branch_id
           FROM ticket t
           JOIN sale s ON s.sale_id = t.sale_id
           LEFT JOIN invoice i ON i.sale_id = t.sale_id
           WHERE t.tenant_id = $1 AND t.ticket_id = $2"#,
        tenant_id.as_uuid(),
        ticket_id.as_str(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let ticket = Ticket {
            ticket_id: row.ticket_id,
            payload_hash: row.payload_hash,
            sale_id: row.sale_id,
            status: row.status,
            finalized_at: row.finalized_at,
            edge_id: row.edge_id,
            entry_seq: row.entry_seq,
            no: row.no,
        };
        Ok((row.branch_id.into(), ticket.try_into()?))
    })
    .transpose()
}

pub(super) fn ticket_id(text: String) -> Result<TicketId, Error> {
    TicketId::parse(text).map_err(|error| Error::corrupt("ticket_id", error))
}
