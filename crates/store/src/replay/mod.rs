//! Books beside the books: empty temporary tables of one connection, named as those
//! that the handlers write. What runs on that connection writes there and reads there,
//! so the same handlers make a second time what the archived entries should have made,
//! and [`differences`] compares it with the books.
//!
//! Nothing of it is seen by anybody else, nothing in the books is locked or written,
//! and all of it is gone with the connection. Read from the books themselves are the
//! archive, enrolments, catalogues, and whose a ticket is.

mod differences;
mod repair;
mod tables;

use schemas::{BranchId, EdgeId, Entry, TenantId, Timestamp, requests::JournalHead};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use time::OffsetDateTime;
use uuid::Uuid;

pub use differences::{Difference, differences, unfinished};
pub use repair::{Repaired, repair};

use crate::{
    Conn, Error, Pool,
    columns::{column, digest, int8, unsigned},
};
use tables::SHADOWED;

/// A journal, and how far the books are with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journal {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge.
    pub edge_id: EdgeId,
    /// The newest entry in the books.
    pub head: JournalHead,
}

/// An archived entry at its place in the order in which the books took a branch's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// 1, 2, 3, … in the branch.
    pub place: u64,
    /// Whether it waits in quarantine or was given up: it made nothing.
    pub set_aside: bool,
    /// The entry.
    pub entry: Entry,
}

/// The journals of all branches, or of one, in the order of branch and edge.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn journals(conn: &mut Conn, only: Option<BranchId>) -> Result<Vec<Journal>, Error> {
    let rows = sqlx::query!(
        "SELECT e.tenant_id, e.branch_id, e.edge_id, c.last_seq, c.head_hash
         FROM edge e JOIN edge_cursor c USING (edge_id)
         WHERE $1::uuid IS NULL OR e.branch_id = $1 ORDER BY e.branch_id, e.edge_id",
        only.map(BranchId::as_uuid),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Journal {
                tenant_id: row.tenant_id.into(),
                branch_id: row.branch_id.into(),
                edge_id: row.edge_id.into(),
                head: JournalHead {
                    seq: unsigned("edge_cursor.last_seq", row.last_seq)?,
                    hash: digest("edge_cursor.head_hash", &row.head_hash)?,
                },
            })
        })
        .collect()
}

/// A connection with tables of its own beside the books.
#[derive(Debug)]
pub struct Beside {
    conn: PgConnection,
    /// The schema of the books themselves.
    books: String,
}

impl Beside {
    /// The connection: whoever writes the books on it writes beside them.
    pub fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// Gives the connection back, with all that is on it.
    ///
    /// # Errors
    /// [`Error::Database`] if it was lost already.
    pub async fn close(self) -> Result<(), Error> {
        Ok(self.conn.close().await?)
    }
}

/// Opens a connection with empty tables beside the books.
///
/// # Errors
/// [`Error::Database`], e.g. if its user may make no temporary tables.
pub async fn open(pool: &Pool) -> Result<Beside, Error> {
    // One of its own: what a pool's connection has prepared names the books' tables.
    let mut conn = PgConnection::connect_with(&pool.connect_options()).await?;
    for setting in [
        "SET statement_timeout = 0",
        "SET idle_in_transaction_session_timeout = '60s'",
        "SET jit = off",
    ] {
        sqlx::query(setting).execute(&mut conn).await?;
    }
    // A table that is not made a second time says where the books are.
    let books: String = sqlx::query_scalar(
        "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = 'edge'::regclass",
    )
    .fetch_one(&mut conn)
    .await?;
    for table in SHADOWED {
        let make = format!("CREATE TEMP TABLE {table} (LIKE {table} INCLUDING ALL)");
        sqlx::query(AssertSqlSafe(make)).execute(&mut conn).await?;
    }
    for make in tables::OWN {
        sqlx::query(*make).execute(&mut conn).await?;
    }
    Ok(Beside { conn, books })
}

/// Empties the tables and lays out what entries of a branch find there: the centre's
/// commands, KHQR codes and house accounts as they were before any entry. Puts its
/// archived entries up to `heads` into the order in which the books took them. Returns
/// how many there are.
///
/// # Errors
/// [`Error::Database`].
pub async fn lay_out(
    Beside { conn, books }: &mut Beside,
    (tenant, branch): (TenantId, BranchId),
    heads: &[(EdgeId, u64)],
) -> Result<u64, Error> {
    let all = SHADOWED.iter().map(|table| format!("pg_temp.{table}")).collect::<Vec<_>>();
    let empty = format!(
        "TRUNCATE {}, pg_temp.replay_order, pg_temp.replay_wanted, pg_temp.replay_later",
        all.join(", ")
    );
    sqlx::query(AssertSqlSafe(empty)).execute(&mut *conn).await?;
    for fill in tables::FILL {
        sqlx::query(AssertSqlSafe(fill.replace("{books}", books)))
            .bind(tenant.as_uuid())
            .bind(branch.as_uuid())
            .execute(&mut *conn)
            .await?;
    }
    let ordered = sqlx::query(AssertSqlSafe(tables::ORDER.replace("{books}", books)))
        .bind(branch.as_uuid())
        .bind(column(heads, |head| head.0.as_uuid()))
        .bind(column(heads, |head| int8(head.1)))
        .execute(&mut *conn)
        .await?;
    sqlx::query("ANALYZE pg_temp.replay_order").execute(conn).await?;
    Ok(ordered.rows_affected())
}

/// The next archived entries of the branch that is laid out, after `after`.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn page(conn: &mut Conn, after: u64, limit: u32) -> Result<Vec<Placed>, Error> {
    let rows = sqlx::query(
        "SELECT o.place, o.set_aside, e.edge_id, e.seq, e.kind, e.schema_version, e.recorded_at,
             e.prev_hash, e.hash, e.payload
         FROM pg_temp.replay_order o JOIN edge_entry e ON e.edge_id = o.edge_id AND e.seq = o.seq
         WHERE o.place > $1 ORDER BY o.place LIMIT $2",
    )
    .bind(int8(after))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let hash = |name| -> Result<_, Error> {
                digest("edge_entry.hash", &row.try_get::<Vec<u8>, _>(name)?)
            };
            Ok(Placed {
                place: unsigned("place", row.try_get("place")?)?,
                set_aside: row.try_get("set_aside")?,
                entry: Entry {
                    edge_id: row.try_get::<Uuid, _>("edge_id")?.into(),
                    seq: unsigned("edge_entry.seq", row.try_get("seq")?)?,
                    prev_hash: hash("prev_hash")?,
                    hash: hash("hash")?,
                    kind: row.try_get("kind")?,
                    schema_version: crate::columns::narrow(
                        "edge_entry.schema_version",
                        i64::from(row.try_get::<i16, _>("schema_version")?),
                    )?,
                    recorded_at: Timestamp::from(row.try_get::<OffsetDateTime, _>("recorded_at")?),
                    payload: row.try_get("payload")?,
                },
            })
        })
        .collect()
}

/// Prepares the tables for handling these entries as if each had waited, so that none
/// is archived anew, and says whose the tickets are that they claim, as the books
/// have it.
///
/// # Errors
/// [`Error::Database`].
pub async fn prepare(
    Beside { conn, books }: &mut Beside,
    (tenant, branch): (TenantId, BranchId),
    entries: &[&Entry],
    tickets: &[&str],
) -> Result<(), Error> {
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO pg_temp.ticket
         SELECT t.* FROM {books}.ticket t WHERE t.tenant_id = $1 AND t.ticket_id = ANY($2)
         ON CONFLICT DO NOTHING",
    )))
    .bind(tenant.as_uuid())
    .bind(tickets)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO pg_temp.quarantine (edge_id, seq, tenant_id, branch_id, kind, reason, detail,
             about)
         SELECT w.edge_id, w.seq, $1, $2, w.kind, 'BEHIND', '', '{}'
         FROM unnest($3::uuid[], $4::bigint[], $5::text[]) AS w (edge_id, seq, kind)",
    )
    .bind(tenant.as_uuid())
    .bind(branch.as_uuid())
    .bind(column(entries, |entry| entry.edge_id.as_uuid()))
    .bind(column(entries, |entry| int8(entry.seq)))
    .bind(column(entries, |entry| entry.kind.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Begins a transaction of the handlers. It is read-only, which is of all tables but the
/// temporary ones: a handler that writes a table which is not made a second time is
/// refused, and the books are as they were.
///
/// # Errors
/// [`Error::Database`].
pub async fn begin(beside: &mut Beside) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, Error> {
    Ok(beside.conn.begin_with("BEGIN READ ONLY").await?)
}

/// Marks entries of which the effects are compared, with the ids that they are about.
///
/// # Errors
/// [`Error::Database`].
pub async fn want(conn: &mut Conn, wanted: &[(&Entry, Vec<Uuid>)]) -> Result<(), Error> {
    let ids: Vec<String> = column(wanted, |(_, ids)| {
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        format!("{{{}}}", ids.join(","))
    });
    sqlx::query(
        "INSERT INTO pg_temp.replay_wanted (edge_id, seq, kind, about)
         SELECT w.edge_id, w.seq, w.kind, w.about::uuid[]
         FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[])
             AS w (edge_id, seq, kind, about)",
    )
    .bind(column(wanted, |(entry, _)| entry.edge_id.as_uuid()))
    .bind(column(wanted, |(entry, _)| int8(entry.seq)))
    .bind(column(wanted, |(entry, _)| entry.kind.as_str()))
    .bind(ids)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes what entries that came since are about: where that stands says nothing of
/// the entries before them.
///
/// # Errors
/// [`Error::Database`].
pub async fn came_since(conn: &mut Conn, ids: &[Uuid]) -> Result<(), Error> {
    sqlx::query("INSERT INTO pg_temp.replay_later (id) SELECT unnest($1::uuid[])")
        .bind(ids)
        .execute(conn)
        .await?;
    Ok(())
}
