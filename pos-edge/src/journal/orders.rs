//! Orders as they are listed: the kitchen's board, and a session's own. What the
//! tills sold and what came online are one list, by the entry that brought each.

use schemas::{
    CashSessionId, Currency, CustomerId, Quantity, StaffId, TicketId, Timestamp, Usd,
    edge_api::{OrderLine, OrderOrigin, OrderPage, OrderRow},
    events::{OrderAcceptedV1, OrderStatus, SaleType},
};
use serde::Deserialize;
use sqlx::SqliteConnection;

use super::{
    columns::{json_rows, name_out, place_in, place_out, units_out, uuid_out},
    error::JournalError,
};

/// Which orders, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderFilter {
    /// Whose.
    pub whose: OrdersOf,
    /// Only these.
    pub status: Option<OrderStatus>,
    /// Only those that are neither delivered nor voided nor cancelled.
    pub live: bool,
    /// Only those of entries before this one.
    pub before: Option<i64>,
    /// At most this many, 1 to [`Self::MAX_LIMIT`].
    pub limit: usize,
}

impl OrderFilter {
    /// The largest page.
    pub const MAX_LIMIT: usize = 200;
}

/// Whose orders.
#[derive(Debug, Clone, Copy, Default)]
pub enum OrdersOf {
    /// The store's.
    #[default]
    Store,
    /// Those that were sold in this session.
    Session(CashSessionId),
    /// A cashier's: those of their session, if they have one, and the online ones,
    /// which are nobody's.
    Cashier(Option<CashSessionId>),
}

struct Row {
    seq: i64,
    origin: String,
    ticket_id: String,
    sale_id: Vec<u8>,
    order_id: Vec<u8>,
    cash_session_id: Option<Vec<u8>>,
    sale_status: String,
    order_status: String,
    created_at: i64,
    order_changed_at: Option<i64>,
    total_cents: i64,
    pending_void: Option<Vec<u8>>,
    payload: Vec<u8>,
}

/// What an order shows of its entry.
struct Told {
    cashier: Option<(StaffId, String)>,
    customer_id: Option<CustomerId>,
    sale_type: SaleType,
    lines: Vec<OrderLine>,
}

/// What an order shows of its sale's entry.
#[derive(Deserialize)]
struct Sold {
    cashier_id: StaffId,
    cashier_name: String,
    customer_id: Option<CustomerId>,
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
    let wanted = place_in(limit as u64 + 1);
    let mut places = at_tills(connection, filter, wanted).await?;
    places.extend(online(connection, filter, wanted).await?);
    places.sort_unstable_by(|one, other| other.cmp(one));
    let more = places.len() > limit;
    places.truncate(limit);
    let next_before = places.last().filter(|_| more).copied();
    let rows = if places.is_empty() { Vec::new() } else { read(connection, &places).await? };
    let orders = rows.into_iter().map(Row::shown).collect::<Result<_, _>>()?;
    Ok(OrderPage { orders, next_before })
}

/// The filter's bounds: before which entry, in which state, and whether it asks for
/// open orders only.
fn bounds(filter: OrderFilter) -> (i64, Option<&'static str>, bool) {
    let open =
        filter.live || matches!(filter.status, Some(OrderStatus::InPrep | OrderStatus::Ready));
    (filter.before.unwrap_or(i64::MAX), filter.status.map(OrderStatus::as_str), open)
}

/// The newest that fit of what the tills sold: one statement for each index.
async fn at_tills(
    connection: &mut SqliteConnection,
    filter: OrderFilter,
    wanted: i64,
) -> Result<Vec<i64>, JournalError> {
    let (before, status, open) = bounds(filter);
    let session = match filter.whose {
        OrdersOf::Store => None,
        OrdersOf::Session(id) | OrdersOf::Cashier(Some(id)) => Some(id),
        OrdersOf::Cashier(None) => return Ok(Vec::new()),
    };
    let places = if let Some(session) = session {
        let session = session.as_uuid();
        sqlx::query_scalar!(
            "SELECT seq AS \"seq!\" FROM ticket
             WHERE cash_session_id = ?1 AND seq < ?2
               AND (?3 IS NULL OR order_status = ?3)
               AND (NOT ?4 OR order_status IN ('IN_PREP', 'READY'))
             ORDER BY seq DESC LIMIT ?5",
            session,
            before,
            status,
            open,
            wanted,
        )
        .fetch_all(connection)
        .await?
    } else if open {
        sqlx::query_scalar!(
            "SELECT seq AS \"seq!\" FROM ticket
             WHERE order_status IN ('IN_PREP', 'READY') AND seq < ?1
               AND (?2 IS NULL OR order_status = ?2)
             ORDER BY seq DESC LIMIT ?3",
            before,
            status,
            wanted,
        )
        .fetch_all(connection)
        .await?
    } else {
        sqlx::query_scalar!(
            "SELECT seq AS \"seq!\" FROM ticket
             WHERE seq < ?1 AND (?2 IS NULL OR order_status = ?2)
             ORDER BY seq DESC LIMIT ?3",
            before,
            status,
            wanted,
        )
        .fetch_all(connection)
        .await?
    };
    Ok(places)
}

/// The newest that fit of what came online.
async fn online(
    connection: &mut SqliteConnection,
    filter: OrderFilter,
    wanted: i64,
) -> Result<Vec<i64>, JournalError> {
    let (before, status, open) = bounds(filter);
    if matches!(filter.whose, OrdersOf::Session(_)) {
        return Ok(Vec::new());
    }
    let places = if open {
        sqlx::query_scalar!(
            "SELECT seq AS \"seq!\" FROM online_order
             WHERE order_status IN ('IN_PREP', 'READY') AND seq < ?1
               AND (?2 IS NULL OR order_status = ?2)
             ORDER BY seq DESC LIMIT ?3",
            before,
            status,
            wanted,
        )
        .fetch_all(connection)
        .await?
    } else {
        sqlx::query_scalar!(
            "SELECT seq AS \"seq!\" FROM online_order
             WHERE seq < ?1 AND (?2 IS NULL OR order_status = ?2)
             ORDER BY seq DESC LIMIT ?3",
            before,
            status,
            wanted,
        )
        .fetch_all(connection)
        .await?
    };
    Ok(places)
}

/// The orders of these entries, newest first.
async fn read(connection: &mut SqliteConnection, places: &[i64]) -> Result<Vec<Row>, JournalError> {
    let places = json_rows(&places)?;
    let rows = sqlx::query_as!(
        Row,
        "SELECT ticket.seq AS \"seq!: i64\", 'TILL' AS \"origin!: String\",
                ticket_id AS \"ticket_id!: String\", sale_id AS \"sale_id!: Vec<u8>\",
                order_id AS \"order_id!: Vec<u8>\",
                cash_session_id AS \"cash_session_id?: Vec<u8>\",
                sale_status AS \"sale_status!: String\",
                order_status AS \"order_status!: String\", created_at AS \"created_at!: i64\",
                order_changed_at AS \"order_changed_at?: i64\",
                total_cents AS \"total_cents!: i64\",
                (SELECT void_request_id FROM void_request AS request
                 WHERE request.ticket_seq = ticket.seq AND request.status = 'PENDING')
                    AS \"pending_void?: Vec<u8>\",
                entry.payload AS \"payload!: Vec<u8>\"
         FROM ticket JOIN entry USING (seq)
         WHERE ticket.seq IN (SELECT value FROM json_each(?1))
         UNION ALL
         SELECT online_order.seq, 'ONLINE', ticket_id, sale_id, order_id, NULL, 'FINALIZED',
                order_status, placed_at, order_changed_at, total_cents, NULL, entry.payload
         FROM online_order JOIN entry USING (seq)
         WHERE online_order.seq IN (SELECT value FROM json_each(?1))
         ORDER BY 1 DESC",
        places,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

impl Told {
    fn by_a_till(payload: &[u8]) -> serde_json::Result<Self> {
        let sold: Sold = serde_json::from_slice(payload)?;
        let line = |line: SoldLine| OrderLine {
            name: line.name,
            add_ons: line.add_ons.into_iter().map(|add_on| add_on.name).collect(),
            quantity: line.quantity,
        };
        Ok(Self {
            cashier: Some((sold.cashier_id, sold.cashier_name)),
            customer_id: sold.customer_id,
            sale_type: sold.sale_type,
            lines: sold.lines.into_iter().map(line).collect(),
        })
    }

    fn online(payload: &[u8]) -> serde_json::Result<Self> {
        let accepted: OrderAcceptedV1 = serde_json::from_slice(payload)?;
        let lines = accepted.lines.into_iter();
        Ok(Self {
            cashier: None,
            customer_id: accepted.customer_id,
            sale_type: accepted.sale_type,
            lines: lines
                .map(|line| OrderLine {
                    name: line.name,
                    add_ons: line.add_ons,
                    quantity: line.quantity,
                })
                .collect(),
        })
    }
}

impl Row {
    fn shown(self) -> Result<OrderRow, JournalError> {
        let origin = name_out(&self.origin)?;
        let told = match origin {
            OrderOrigin::Till => Told::by_a_till(&self.payload),
            OrderOrigin::Online => Told::online(&self.payload),
        };
        let told = told.map_err(|error| JournalError::Broken {
            seq: place_out(self.seq),
            why: error.to_string(),
        })?;
        let (cashier_id, cashier_name) = told.cashier.unzip();
        let session = self.cash_session_id.map(|id| uuid_out(&id)).transpose()?;
        Ok(OrderRow {
            order_id: uuid_out(&self.order_id)?.into(),
            sale_id: uuid_out(&self.sale_id)?.into(),
            ticket_id: TicketId::parse(self.ticket_id)
                .map_err(|error| JournalError::Storage(error.to_string()))?,
            origin,
            cash_session_id: session.map(Into::into),
            cashier_id,
            cashier_name,
            customer_id: told.customer_id,
            sale_type: told.sale_type,
            status: name_out(&self.order_status)?,
            sale_status: name_out(&self.sale_status)?,
            pending_void: self.pending_void.map(|id| uuid_out(&id)).transpose()?.map(Into::into),
            placed_at: Timestamp::from_unix_micros(self.created_at),
            changed_at: self.order_changed_at.map(Timestamp::from_unix_micros),
            lines: told.lines,
            grand_total_usd: Usd(units_out(self.total_cents, Currency::Usd)),
        })
    }
}
