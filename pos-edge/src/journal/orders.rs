//! Orders as they are listed: the kitchen's board, and a session's own.

use schemas::{
    CashSessionId, Currency, Quantity, StaffId, TicketId, Timestamp, Usd,
    edge_api::{OrderLine, OrderPage, OrderRow},
    events::{OrderStatus, SaleType},
};
use serde::Deserialize;
use sqlx::SqliteConnection;

use super::{
    columns::{name_out, place_in, place_out, units_out, uuid_out},
    error::JournalError,
};

/// Which orders, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderFilter {
    /// Only those of this session.
    pub session: Option<CashSessionId>,
    /// Only these.
    pub status: Option<OrderStatus>,
    /// Only those that are neither delivered nor voided nor cancelled.
    pub live: bool,
    /// Only those of entries before this one.
    pub before: Option<u64>,
    /// At most this many, 1 to [`Self::MAX_LIMIT`].
    pub limit: usize,
}

impl OrderFilter {
    /// The largest page.
    pub const MAX_LIMIT: usize = 200;
}

struct Row {
    seq: i64,
    ticket_id: String,
    sale_id: Vec<u8>,
    order_id: Vec<u8>,
    cash_session_id: Vec<u8>,
    sale_status: String,
    order_status: String,
    created_at: i64,
    order_changed_at: Option<i64>,
    total_cents: i64,
    pending_void: Option<Vec<u8>>,
    payload: Vec<u8>,
}

/// What an order shows of its sale's entry.
#[derive(Deserialize)]
struct Sold {
    cashier_id: StaffId,
    cashier_name: String,
    sale_type: SaleType,
    lines: Vec<SoldLine>,
}

#[derive(Deserialize)]
struct SoldLine {
    name: String,
    add_ons: Vec<Named>,
    quantity: Quantity,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// See [`super::Journal::orders`].
pub(super) async fn page(
    connection: &mut SqliteConnection,
    filter: OrderFilter,
) -> Result<OrderPage, JournalError> {
    let limit = filter.limit.clamp(1, OrderFilter::MAX_LIMIT);
    // One more than asked tells whether there is a next page.
    let mut rows = read(connection, filter, place_in(limit as u64 + 1)).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|row| place_out(row.seq));
    let orders = rows.into_iter().map(Row::shown).collect::<Result<_, _>>()?;
    Ok(OrderPage { orders, next_before })
}

/// One statement for each index: a session's orders, those that are open, and
/// all of them.
async fn read(
    connection: &mut SqliteConnection,
    filter: OrderFilter,
    rows: i64,
) -> Result<Vec<Row>, JournalError> {
    let before = filter.before.map_or(i64::MAX, place_in);
    let status = filter.status.map(OrderStatus::as_str);
    let open =
        filter.live || matches!(filter.status, Some(OrderStatus::InPrep | OrderStatus::Ready));
    let rows = if let Some(session) = filter.session {
        let session = session.as_uuid();
        sqlx::query_as!(
            Row,
            "SELECT ticket.seq AS \"seq!\", ticket_id, sale_id, order_id, cash_session_id,
                    sale_status, order_status, created_at, order_changed_at, total_cents,
                    (SELECT void_request_id FROM void_request AS request
                     WHERE request.ticket_seq = ticket.seq AND request.status = 'PENDING')
                        AS \"pending_void: Vec<u8>\",
                    entry.payload
             FROM ticket JOIN entry USING (seq)
             WHERE cash_session_id = ?1 AND ticket.seq < ?2
               AND (?3 IS NULL OR order_status = ?3)
               AND (NOT ?4 OR order_status IN ('IN_PREP', 'READY'))
             ORDER BY ticket.seq DESC LIMIT ?5",
            session,
            before,
            status,
            open,
            rows,
        )
        .fetch_all(connection)
        .await?
    } else if open {
        sqlx::query_as!(
            Row,
            "SELECT ticket.seq AS \"seq!\", ticket_id, sale_id, order_id, cash_session_id,
                    sale_status, order_status, created_at, order_changed_at, total_cents,
                    (SELECT void_request_id FROM void_request AS request
                     WHERE request.ticket_seq = ticket.seq AND request.status = 'PENDING')
                        AS \"pending_void: Vec<u8>\",
                    entry.payload
             FROM ticket JOIN entry USING (seq)
             WHERE order_status IN ('IN_PREP', 'READY') AND ticket.seq < ?1
               AND (?2 IS NULL OR order_status = ?2)
             ORDER BY ticket.seq DESC LIMIT ?3",
            before,
            status,
            rows,
        )
        .fetch_all(connection)
        .await?
    } else {
        sqlx::query_as!(
            Row,
            "SELECT ticket.seq AS \"seq!\", ticket_id, sale_id, order_id, cash_session_id,
                    sale_status, order_status, created_at, order_changed_at, total_cents,
                    (SELECT void_request_id FROM void_request AS request
                     WHERE request.ticket_seq = ticket.seq AND request.status = 'PENDING')
                        AS \"pending_void: Vec<u8>\",
                    entry.payload
             FROM ticket JOIN entry USING (seq)
             WHERE ticket.seq < ?1 AND (?2 IS NULL OR order_status = ?2)
             ORDER BY ticket.seq DESC LIMIT ?3",
            before,
            status,
            rows,
        )
        .fetch_all(connection)
        .await?
    };
    Ok(rows)
}

impl Row {
    fn shown(self) -> Result<OrderRow, JournalError> {
        let sold: Sold = serde_json::from_slice(&self.payload).map_err(|error| {
            JournalError::Broken { seq: place_out(self.seq), why: error.to_string() }
        })?;
        let line = |line: SoldLine| OrderLine {
            name: line.name,
            add_ons: line.add_ons.into_iter().map(|add_on| add_on.name).collect(),
            quantity: line.quantity,
        };
        Ok(OrderRow {
            order_id: uuid_out(&self.order_id)?.into(),
            sale_id: uuid_out(&self.sale_id)?.into(),
            ticket_id: TicketId::parse(self.ticket_id)
                .map_err(|error| JournalError::Storage(error.to_string()))?,
            cash_session_id: uuid_out(&self.cash_session_id)?.into(),
            cashier_id: sold.cashier_id,
            cashier_name: sold.cashier_name,
            sale_type: sold.sale_type,
            status: name_out(&self.order_status)?,
            sale_status: name_out(&self.sale_status)?,
            pending_void: self.pending_void.map(|id| uuid_out(&id)).transpose()?.map(Into::into),
            placed_at: Timestamp::from_unix_micros(self.created_at),
            changed_at: self.order_changed_at.map(Timestamp::from_unix_micros),
            lines: sold.lines.into_iter().map(line).collect(),
            grand_total_usd: Usd(units_out(self.total_cents, Currency::Usd)),
        })
    }
}
