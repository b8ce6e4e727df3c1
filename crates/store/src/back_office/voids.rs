//! Requests to void of a store.

use schemas::{
    BranchId, CommandId, StaffId,
    back_office::{VoidRequestRow, VoidRequestStatus},
};
use time::OffsetDateTime;

use super::{Span, sales::ticket_id};
use crate::{Conn, Error, columns::word};

/// Requests to void of a store, the newest first; only those that stand so, if
/// that is asked for.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn void_requests(
    conn: &mut Conn,
    branch_id: BranchId,
    status: Option<VoidRequestStatus>,
    span: Span,
) -> Result<Vec<VoidRequestRow>, Error> {
    sqlx::query!(
        "SELECT void_request_id, sale_id, ticket_id, cash_session_id, requested_by, reason,
             requested_at, status, decided_by, decision_note, decided_at, command_id
         FROM void_request
         WHERE branch_id = $1 AND requested_at >= $2 AND requested_at < $3
           AND (requested_at, void_request_id) < ($4, $5)
           AND ($6::text IS NULL OR status = $6)
         ORDER BY requested_at DESC, void_request_id DESC LIMIT $7",
        branch_id.as_uuid(),
        OffsetDateTime::from(span.from),
        OffsetDateTime::from(span.to),
        OffsetDateTime::from(span.after.at),
        span.after.id,
        status.map(VoidRequestStatus::as_str),
        i64::from(span.limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(VoidRequestRow {
            void_request_id: row.void_request_id.into(),
            sale_id: row.sale_id.into(),
            ticket_id: ticket_id(row.ticket_id)?,
            cash_session_id: row.cash_session_id.into(),
            requested_by: row.requested_by.into(),
            reason: row.reason,
            requested_at: row.requested_at.into(),
            status: word("void_request.status", &row.status)?,
            decided_by: row.decided_by.map(StaffId::from),
            decision_note: row.decision_note,
            decided_at: row.decided_at.map(Into::into),
            command_id: row.command_id.map(CommandId::from),
        })
    })
    .collect()
}
