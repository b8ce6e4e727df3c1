//! A sale as everything that decides about it sees it.

use domain::voids::Case;
use schemas::{
    CashSessionId, Currency, OrderId, SaleId, StaffId, TicketId, Timestamp, VoidRequestId,
    edge_api::VoidRequestStatus,
    events::{OrderStatus, SaleStatus},
};
use sqlx::SqliteConnection;

use super::{
    columns::{name_out, uuid_out},
    error::JournalError,
};

/// A sale, where it stands, and whose it is.
pub(super) struct SaleCase {
    /// The place of its row: its entry, below 0 if it was adopted.
    pub(super) seq: i64,
    pub(super) ticket_id: TicketId,
    pub(super) sale_id: SaleId,
    pub(super) order_id: OrderId,
    pub(super) cash_session_id: CashSessionId,
    /// Whose session it was sold in.
    pub(super) owner: StaffId,
    pub(super) currency: Currency,
    /// What was kept, in whole cents or riel.
    pub(super) kept: i64,
    pub(super) case: Case,
}

/// A request to void it.
pub(super) struct Request {
    /// The place of its row, as that of a sale.
    pub(super) seq: i64,
    pub(super) requested_by: StaffId,
}

/// The sale of a ticket.
pub(super) async fn of_ticket(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
) -> Result<Option<SaleCase>, JournalError> {
    let ticket = ticket.as_str();
    let seq = sqlx::query_scalar!("SELECT seq AS \"seq!\" FROM ticket WHERE ticket_id = ?", ticket)
        .fetch_optional(&mut *connection)
        .await?;
    match seq {
        Some(seq) => Ok(Some(by_seq(connection, seq).await?)),
        None => Ok(None),
    }
}

/// The sale of an order.
pub(super) async fn of_order(
    connection: &mut SqliteConnection,
    order: OrderId,
) -> Result<Option<SaleCase>, JournalError> {
    let order = order.as_uuid();
    let seq = sqlx::query_scalar!("SELECT seq AS \"seq!\" FROM ticket WHERE order_id = ?", order)
        .fetch_optional(&mut *connection)
        .await?;
    match seq {
        Some(seq) => Ok(Some(by_seq(connection, seq).await?)),
        None => Ok(None),
    }
}

/// The sale that a request is about, seen from that request.
pub(super) async fn of_void_request(
    connection: &mut SqliteConnection,
    id: VoidRequestId,
) -> Result<Option<(SaleCase, Request)>, JournalError> {
    let id = id.as_uuid();
    let row = sqlx::query!(
        "SELECT seq AS \"seq!\", ticket_seq, requested_by, status
         FROM void_request WHERE void_request_id = ?",
        id,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut sale = by_seq(connection, row.ticket_seq).await?;
    sale.case.request = Some(name_out(&row.status)?);
    let requested_by = uuid_out(&row.requested_by)?.into();
    Ok(Some((sale, Request { seq: row.seq, requested_by })))
}

async fn by_seq(connection: &mut SqliteConnection, seq: i64) -> Result<SaleCase, JournalError> {
    let row = sqlx::query!(
        "SELECT ticket.ticket_id, ticket.sale_id, ticket.order_id, ticket.cash_session_id,
                ticket.method, ticket.currency, ticket.kept, ticket.sale_status,
                ticket.order_status, session.staff_id, session.status AS session_status
         FROM ticket JOIN cash_session AS session USING (cash_session_id)
         WHERE ticket.seq = ?",
        seq,
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(SaleCase {
        seq,
        ticket_id: TicketId::parse(row.ticket_id)
            .map_err(|error| JournalError::Storage(error.to_string()))?,
        sale_id: uuid_out(&row.sale_id)?.into(),
        order_id: uuid_out(&row.order_id)?.into(),
        cash_session_id: uuid_out(&row.cash_session_id)?.into(),
        owner: uuid_out(&row.staff_id)?.into(),
        currency: name_out(&row.currency)?,
        kept: row.kept,
        case: Case {
            method: name_out(&row.method)?,
            session_open: row.session_status == "OPEN",
            sale: name_out(&row.sale_status)?,
            order: name_out(&row.order_status)?,
            request: newest_request(connection, seq).await?,
        },
    })
}

async fn newest_request(
    connection: &mut SqliteConnection,
    ticket_seq: i64,
) -> Result<Option<VoidRequestStatus>, JournalError> {
    let status = sqlx::query_scalar!(
        "SELECT status FROM void_request WHERE ticket_seq = ? ORDER BY seq DESC LIMIT 1",
        ticket_seq,
    )
    .fetch_optional(connection)
    .await?;
    status.as_deref().map(name_out).transpose()
}

/// Where a sale and its order stand.
#[derive(Clone, Copy)]
pub(super) struct Stands {
    pub(super) sale: SaleStatus,
    pub(super) order: OrderStatus,
}

/// Writes where a sale and its order stand after a step; `moved_at` if the
/// order moved.
pub(super) async fn set(
    connection: &mut SqliteConnection,
    seq: i64,
    after: &Case,
    moved_at: Option<Timestamp>,
) -> Result<(), JournalError> {
    put(connection, seq, Stands { sale: after.sale, order: after.order }, moved_at).await
}

/// Writes where a sale and its order stand.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    seq: i64,
    stands: Stands,
    moved_at: Option<Timestamp>,
) -> Result<(), JournalError> {
    let (sale, order) = (stands.sale.as_str(), stands.order.as_str());
    let moved_at = moved_at.map(Timestamp::unix_micros);
    sqlx::query!(
        "UPDATE ticket SET sale_status = ?, order_status = ?,
                           order_changed_at = coalesce(?, order_changed_at)
         WHERE seq = ?",
        sale,
        order,
        moved_at,
        seq,
    )
    .execute(connection)
    .await?;
    Ok(())
}
