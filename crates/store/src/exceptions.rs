//! Exceptions: what was booked but a person should look at.

use schemas::{TenantId, facts::ExceptionRaisedV1};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

/// An exception to be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewException {
    /// The company.
    pub tenant_id: TenantId,
    /// The rest of it, as the fact tells it.
    pub raised: ExceptionRaisedV1,
}

/// Inserts exceptions.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert(conn: &mut Conn, rows: &[NewException]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let tickets: Vec<Option<&str>> =
        column(rows, |r| r.raised.ticket_id.as_ref().map(|ticket| ticket.as_str()));
    sqlx::query!(
        "INSERT INTO exception (exception_id, tenant_id, branch_id, kind, edge_id, entry_seq,
             sale_id, ticket_id, detail, occurred_at)
         SELECT x.exception_id, x.tenant_id, x.branch_id, x.kind, x.edge_id, x.entry_seq,
             x.sale_id, x.ticket_id, x.detail, x.occurred_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::bigint[],
                 $7::uuid[], $8::text[], $9::text[], $10::timestamptz[])
             AS x (exception_id, tenant_id, branch_id, kind, edge_id, entry_seq, sale_id,
                 ticket_id, detail, occurred_at)",
        &column(rows, |r| r.raised.exception_id.as_uuid()),
        &column(rows, |r| r.tenant_id.as_uuid()),
        &column(rows, |r| r.raised.branch_id.as_uuid()),
        &column(rows, |r| r.raised.kind.as_str()) as &[&str],
        &column(rows, |r| r.raised.edge_id.as_uuid()),
        &column(rows, |r| int8(r.raised.entry_seq)),
        &column(rows, |r| r.raised.sale_id.map(Uuid::from)) as &[Option<Uuid>],
        &tickets as &[Option<&str>],
        &column(rows, |r| r.raised.detail.as_str()) as &[&str],
        &column(rows, |r| OffsetDateTime::from(r.raised.at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Inserts an exception unless it was raised before. Returns whether it is new.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_once(conn: &mut Conn, new: &NewException) -> Result<bool, Error> {
    let raised = &new.raised;
    let inserted = sqlx::query!(
        "INSERT INTO exception (exception_id, tenant_id, branch_id, kind, edge_id, entry_seq,
             sale_id, ticket_id, detail, occurred_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (exception_id) DO NOTHING",
        raised.exception_id.as_uuid(),
        new.tenant_id.as_uuid(),
        raised.branch_id.as_uuid(),
        raised.kind.as_str(),
        raised.edge_id.as_uuid(),
        int8(raised.entry_seq),
        raised.sale_id.map(Uuid::from),
        raised.ticket_id.as_ref().map(|ticket| ticket.as_str()),
        raised.detail,
        OffsetDateTime::from(raised.at),
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
