//! Books that are older than what others have seen of them: how that is noted, and
//! what `tillstream recover` reads and writes.
//!
//! Any service may say that recovery is needed ([`need`]); only the books' owner may
//! say that it is done ([`refill::close`]). Whoever allocates a number, gives a fact
//! its place or decides at the direct door asks [`must_wait`] in the transaction that
//! does it.

pub mod refill;
pub mod register;
pub mod standing;
pub mod witnesses;

use schemas::{TenantId, Timestamp};

use crate::{Conn, Error, columns};

/// That the books must be recovered, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its number.
    pub recovery_id: i64,
    /// Of which company; `None`: of all.
    pub tenant_id: Option<TenantId>,
    /// Since when, by Postgres's clock.
    pub since: Timestamp,
    /// Who noticed.
    pub seen_by: String,
    /// What.
    pub reason: String,
}

/// Why a dump that was restored, or a promoted standby, needs recovery.
const ELSEWHERE: &str = "the books are in another database than the one they were written in: \
                         they were restored from a backup, or moved";

/// Whether the books may not go on for a company: they need recovery, or they are
/// elsewhere than they were written. `None`: they may.
///
/// # Errors
/// [`Error::Database`].
pub async fn must_wait(conn: &mut Conn, tenant_id: TenantId) -> Result<Option<String>, Error> {
    let row = sqlx::query!(
        r#"SELECT (SELECT reason FROM recovery
                   WHERE recovered_at IS NULL AND (tenant_id IS NULL OR tenant_id = $1)
                   ORDER BY recovery_id LIMIT 1) AS reason,
                  (SELECT h.system_identifier = s.system_identifier
                          AND h.database_oid = d.oid::bigint AND h.timeline = c.timeline_id
                   FROM books_home h, pg_control_system() s, pg_control_checkpoint() c,
                        pg_database d
                   WHERE d.datname = current_database()) AS at_home"#,
        tenant_id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    let elsewhere = (row.at_home == Some(false)).then(|| ELSEWHERE.to_owned());
    Ok(row.reason.or(elsewhere))
}

/// The companies for which [`must_wait`] holds, out of all.
///
/// # Errors
/// [`Error::Database`].
pub async fn waiting(conn: &mut Conn) -> Result<Vec<TenantId>, Error> {
    let ids = sqlx::query_scalar!(
        r#"SELECT tenant_id FROM tenant t
           WHERE EXISTS (SELECT FROM recovery r WHERE r.recovered_at IS NULL
                         AND (r.tenant_id IS NULL OR r.tenant_id = t.tenant_id))
              OR EXISTS (SELECT FROM books_home h, pg_control_system() s,
                             pg_control_checkpoint() c, pg_database d
                         WHERE d.datname = current_database()
                           AND NOT (h.system_identifier = s.system_identifier
                                    AND h.database_oid = d.oid::bigint
                                    AND h.timeline = c.timeline_id))"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(TenantId::from).collect())
}

/// Settles the books where they are, if they never were anywhere; and says that all
/// of them need recovery if they are elsewhere now. What every service does at its
/// start and with each lease. Returns whether recovery is needed since now.
///
/// # Errors
/// [`Error::Database`].
pub async fn look_around(conn: &mut Conn, who: &str) -> Result<bool, Error> {
    sqlx::query!(
        "INSERT INTO books_home (system_identifier, database_oid, timeline)
         SELECT s.system_identifier, d.oid::bigint, c.timeline_id
         FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d
         WHERE d.datname = current_database() AND NOT EXISTS (SELECT FROM books_home)
         ON CONFLICT DO NOTHING",
    )
    .execute(&mut *conn)
    .await?;
    let at_home = sqlx::query_scalar!(
        r#"SELECT h.system_identifier = s.system_identifier AND h.database_oid = d.oid::bigint
                  AND h.timeline = c.timeline_id AS "at_home!"
           FROM books_home h, pg_control_system() s, pg_control_checkpoint() c, pg_database d
           WHERE d.datname = current_database()"#,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if at_home == Some(false) { need(conn, None, who, ELSEWHERE).await } else { Ok(false) }
}

/// Says that the books of a company, or (`None`) all of them, need recovery. Returns
/// whether that is news; the first reason stays.
///
/// # Errors
/// [`Error::Database`].
pub async fn need(
    conn: &mut Conn,
    tenant_id: Option<TenantId>,
    who: &str,
    reason: &str,
) -> Result<bool, Error> {
    let said = sqlx::query!(
        "INSERT INTO recovery (tenant_id, seen_by, reason)
         SELECT $1, $2, $3 WHERE NOT EXISTS (
             SELECT FROM recovery
             WHERE recovered_at IS NULL AND (tenant_id IS NULL OR tenant_id = $1))
         ON CONFLICT DO NOTHING",
        tenant_id.map(|id| id.as_uuid()),
        who,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(said.rows_affected() > 0)
}

/// What is needed now, the oldest first.
///
/// # Errors
/// [`Error::Database`].
pub async fn needs(conn: &mut Conn) -> Result<Vec<Need>, Error> {
    let rows = sqlx::query!(
        "SELECT recovery_id, tenant_id, needed_at, seen_by, reason FROM recovery
         WHERE recovered_at IS NULL ORDER BY recovery_id"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Need {
            recovery_id: row.recovery_id,
            tenant_id: row.tenant_id.map(TenantId::from),
            since: row.needed_at.into(),
            seen_by: row.seen_by,
            reason: row.reason,
        })
        .collect())
}

/// Whether a sale's number was issued before the books were restored; its sale may be
/// gone for good, and its ticket is never sold under anything else.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn number_ahead(
    conn: &mut Conn,
    tenant_id: TenantId,
    ticket_id: &schemas::TicketId,
) -> Result<Option<u64>, Error> {
    sqlx::query_scalar!(
        "SELECT no FROM numbered_ahead a WHERE tenant_id = $1 AND ticket_id = $2
         AND NOT EXISTS (SELECT FROM sale s WHERE s.sale_id = a.sale_id)",
        tenant_id.as_uuid(),
        ticket_id.as_str(),
    )
    .fetch_optional(conn)
    .await?
    .map(|no| columns::unsigned("numbered_ahead.no", no))
    .transpose()
}
