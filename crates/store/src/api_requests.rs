//! What POSTs to the centre's HTTP API were answered: the first answer under a
//! company's key, written in the transaction of its effect, for good.

use schemas::{Sha256Hash, TenantId, Timestamp};
use time::OffsetDateTime;

use crate::{Conn, Error, columns};

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The hash of who asked, what and with which body.
    pub request_hash: Sha256Hash,
    /// The status it was answered with: a success, or a refusal by the books.
    pub status: u16,
    /// The address of what it made, if it has one.
    pub location: Option<String>,
    /// The answer, byte for byte.
    pub body: Vec<u8>,
}

/// Lets nobody else work under this key until the transaction ends, and reads what
/// was answered under it before.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn take_key(
    conn: &mut Conn,
    tenant_id: TenantId,
    key: &str,
) -> Result<Option<Answered>, Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text || $2::text, 0))",
        tenant_id.as_uuid(),
        key,
    )
    .execute(&mut *conn)
    .await?;
    // A statement of its own: it sees what the one who held the lock committed.
    sqlx::query!(
        "SELECT request_hash, status, location, body FROM api_request
         WHERE tenant_id = $1 AND idempotency_key = $2",
        tenant_id.as_uuid(),
        key,
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        Ok(Answered {
            request_hash: columns::digest("api_request.request_hash", &row.request_hash)?,
            status: columns::narrow("api_request.status", i64::from(row.status))?,
            location: row.location,
            body: row.body,
        })
    })
    .transpose()
}

/// Keeps the answer under its key.
///
/// # Errors
/// [`Error::Database`]; a violated constraint if the key has an answer already.
pub async fn keep(
    conn: &mut Conn,
    tenant_id: TenantId,
    key: &str,
    answered: &Answered,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO api_request (tenant_id, idempotency_key, request_hash, status, location,
             body, answered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant_id.as_uuid(),
        key,
        answered.request_hash.as_bytes(),
        i16::try_from(answered.status).unwrap_or(i16::MAX),
        answered.location,
        answered.body,
        OffsetDateTime::from(now),
    )
    .execute(conn)
    .await?;
    Ok(())
}
