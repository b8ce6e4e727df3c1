//! Online orders that this store makes: one row for each entry that accepted one, and
//! where the order stands since.

use schemas::{
    Currency, OrderId, SaleId, TicketId, Timestamp,
    events::{OrderAcceptedV1, OrderStatus},
};
use sqlx::SqliteConnection;

use super::{
    columns::{name_out, units_in, uuid_out},
    error::JournalError,
};

/// An online order and where it stands.
pub(super) struct OnlineOrder {
    /// The place of its row: the entry that accepted it, below 0 if it was adopted.
    pub(super) seq: i64,
    pub(super) sale_id: SaleId,
    pub(super) status: OrderStatus,
}

/// One that was accepted, if it was.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    id: OrderId,
) -> Result<Option<OnlineOrder>, JournalError> {
    let id = id.as_uuid();
    let row = sqlx::query!(
        "SELECT seq AS \"seq!\", sale_id, order_status FROM online_order WHERE order_id = ?",
        id,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(OnlineOrder {
        seq: row.seq,
        sale_id: uuid_out(&row.sale_id)?.into(),
        status: name_out(&row.order_status)?,
    }))
}

/// Whether an online order came under this ticket.
pub(super) async fn has_ticket(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
) -> Result<bool, JournalError> {
    let ticket = ticket.as_str();
    let found = sqlx::query_scalar!("SELECT 1 FROM online_order WHERE ticket_id = ?", ticket)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// The payload of the entry that accepted an order, if one did.
pub(super) async fn acceptance(
    connection: &mut SqliteConnection,
    id: OrderId,
) -> Result<Option<Vec<u8>>, JournalError> {
    let id = id.as_uuid();
    let payload = sqlx::query_scalar!(
        "SELECT entry.payload FROM online_order JOIN entry USING (seq) WHERE order_id = ?",
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(payload)
}

/// Writes the order of an entry, as `IN_PREP`.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    seq: i64,
    accepted: &OrderAcceptedV1,
) -> Result<(), JournalError> {
    let ticket = accepted.ticket_id.as_str();
    let (order, sale) = (accepted.order_id.as_uuid(), accepted.sale_id.as_uuid());
    let placed_at = accepted.finalized_at.unix_micros();
    let total = units_in(accepted.grand_total_usd.amount(), Currency::Usd);
    sqlx::query!(
        "INSERT INTO online_order (seq, order_id, sale_id, ticket_id, placed_at, total_cents)
         VALUES (?, ?, ?, ?, ?, ?)",
        seq,
        order,
        sale,
        ticket,
        placed_at,
        total,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes where an order stands after a step.
pub(super) async fn set(
    connection: &mut SqliteConnection,
    seq: i64,
    status: OrderStatus,
    at: Timestamp,
) -> Result<(), JournalError> {
    let (status, at) = (status.as_str(), at.unix_micros());
    sqlx::query!(
        "UPDATE online_order SET order_status = ?, order_changed_at = ? WHERE seq = ?",
        status,
        at,
        seq,
    )
    .execute(connection)
    .await?;
    Ok(())
}
