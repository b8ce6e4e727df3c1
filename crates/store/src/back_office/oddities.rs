//! Exceptions of a store, and what its audit log says.

use schemas::{
    BranchId, EdgeId, SaleId,
    back_office::{AuditRow, ExceptionRow},
};
use time::OffsetDateTime;

use super::{Span, sales::ticket_id};
use crate::{
    Conn, Error,
    columns::{int8, unsigned, word},
};

/// Exceptions of a store, the newest first.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn exceptions(
    conn: &mut Conn,
    branch_id: BranchId,
    span: Span,
) -> Result<Vec<ExceptionRow>, Error> {
    sqlx::query!(
        "SELECT exception_id, kind, edge_id, entry_seq, sale_id, ticket_id, detail, occurred_at
         FROM exception
         WHERE branch_id = $1 AND occurred_at >= $2 AND occurred_at < $3
           AND (occurred_at, exception_id) < ($4, $5)
         ORDER BY occurred_at DESC, exception_id DESC LIMIT $6",
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
    .map(|row| {
        let seq = row.entry_seq.map(|seq| unsigned("exception.entry_seq", seq));
        Ok(ExceptionRow {
            exception_id: row.exception_id.into(),
            kind: word("exception.kind", &row.kind)?,
            edge_id: row.edge_id.map(EdgeId::from),
            entry_seq: seq.transpose()?,
            sale_id: row.sale_id.map(SaleId::from),
            ticket_id: row.ticket_id.map(ticket_id).transpose()?,
            detail: row.detail,
            occurred_at: row.occurred_at.into(),
        })
    })
    .collect()
}

/// The audit log of a store, the newest row first, of the places before this one.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn audit(
    conn: &mut Conn,
    branch_id: BranchId,
    before: u64,
    limit: u32,
) -> Result<Vec<AuditRow>, Error> {
    sqlx::query!(
        "SELECT audit_id, action, activity, actor_id, subject_id, target_id, edge_id, entry_seq,
             occurred_at, meta::text AS meta
         FROM audit_log WHERE branch_id = $1 AND audit_id < $2
         ORDER BY audit_id DESC LIMIT $3",
        branch_id.as_uuid(),
        int8(before),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        let seq = row.entry_seq.map(|seq| unsigned("audit_log.entry_seq", seq));
        let meta = row.meta.map(|meta| serde_json::from_str(&meta));
        Ok(AuditRow {
            audit_id: unsigned("audit_log.audit_id", row.audit_id)?,
            action: row.action,
            activity: row.activity,
            actor_id: row.actor_id,
            subject_id: row.subject_id,
            target_id: row.target_id,
            edge_id: row.edge_id.map(EdgeId::from),
            entry_seq: seq.transpose()?,
            occurred_at: row.occurred_at.into(),
            meta: meta.transpose().map_err(|error| Error::corrupt("audit_log.meta", error))?,
        })
    })
    .collect()
}
