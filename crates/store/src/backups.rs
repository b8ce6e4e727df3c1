//! Backups of the books, as far as they were told of, and what edges may forget
//! because of them.

use std::str::FromStr as _;

use schemas::EdgeId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::{Conn, Error, Role, columns};

/// A backup that was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its id.
    pub backup_id: Uuid,
    /// When it began, by Postgres's clock.
    pub began_at: schemas::Timestamp,
    /// When it was whole and safe; `None`: it never was.
    pub completed_at: Option<schemas::Timestamp>,
    /// How many of the newest ones are kept.
    pub keep: u32,
    /// Where it lies.
    pub location: String,
    /// Who made it.
    pub made_by: String,
}

/// A backup begins: notes how far the books are with each edge. To be committed
/// before the backup's own snapshot is taken.
///
/// # Errors
/// [`Error::Database`].
pub async fn begin(
    conn: &mut Conn,
    backup_id: Uuid,
    keep: u32,
    location: &str,
    made_by: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO backup (backup_id, keep, location, made_by) VALUES ($1, $2, $3, $4)",
        backup_id,
        i32::try_from(keep).unwrap_or(i32::MAX),
        location,
        made_by,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO backup_cursor (backup_id, edge_id, last_seq)
         SELECT $1, edge_id, last_seq FROM edge_cursor ORDER BY edge_id",
        backup_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A backup is whole and on its disk. Returns false if it is not known, or was
/// complete before.
///
/// # Errors
/// [`Error::Database`].
pub async fn complete(conn: &mut Conn, backup_id: Uuid) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE backup SET completed_at = clock_timestamp()
         WHERE backup_id = $1 AND completed_at IS NULL",
        backup_id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Up to which entry of an edge every backup that is kept holds its journal: its
/// cursor in the oldest of the newest complete ones, as many as the newest says are
/// kept. 0 while there are fewer.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn watermark(conn: &mut Conn, edge_id: EdgeId) -> Result<u64, Error> {
    let mark = sqlx::query_scalar!(
        r#"WITH newest AS (
               SELECT keep FROM backup WHERE completed_at IS NOT NULL
               ORDER BY began_at DESC LIMIT 1
           ), kept AS (
               SELECT backup_id FROM backup WHERE completed_at IS NOT NULL
               ORDER BY began_at DESC LIMIT (SELECT keep FROM newest)
           )
           SELECT CASE WHEN count(*) >= (SELECT keep FROM newest)
                       THEN COALESCE(min(COALESCE(c.last_seq, 0)), 0) ELSE 0 END AS "mark!"
           FROM kept LEFT JOIN backup_cursor c ON c.backup_id = kept.backup_id AND c.edge_id = $1"#,
        edge_id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    columns::unsigned("backup_cursor.last_seq", mark)
}

/// The newest backups, at most `limit`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn newest(conn: &mut Conn, limit: u32) -> Result<Vec<Backup>, Error> {
    sqlx::query!(
        "SELECT backup_id, began_at, completed_at, keep, location, made_by FROM backup
         ORDER BY began_at DESC LIMIT $1",
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(Backup {
            backup_id: row.backup_id,
            began_at: row.began_at.into(),
            completed_at: row.completed_at.map(schemas::Timestamp::from),
            keep: columns::narrow("backup.keep", i64::from(row.keep))?,
            location: row.location,
            made_by: row.made_by,
        })
    })
    .collect()
}

/// Whether a database holds no table yet.
///
/// # Errors
/// [`Error::Database`].
pub async fn is_empty(conn: &mut Conn) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"SELECT NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public') AS "empty!""#
    )
    .fetch_one(conn)
    .await?)
}

/// Makes the services' roles where a dump, which holds none, is to be restored.
///
/// # Errors
/// [`Error::Database`].
pub async fn make_roles(conn: &mut Conn) -> Result<(), Error> {
    for role in Role::ALL {
        let make = format!(
            "DO $$ BEGIN CREATE ROLE {} NOLOGIN; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
            role.as_str()
        );
        sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Drops the database that `url` names, whoever uses it, and makes it again, empty.
///
/// # Errors
/// [`Error::Database`].
pub async fn make_anew(url: &str) -> Result<(), Error> {
    let options = PgConnectOptions::from_str(url)?;
    let name = options.get_database().unwrap_or_else(|| options.get_username()).to_owned();
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    let mut conn = PgConnection::connect_with(&options.database("postgres")).await?;
    for sql in [
        format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)"),
        format!("CREATE DATABASE {quoted}"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
    }
    conn.close().await?;
    Ok(())
}
