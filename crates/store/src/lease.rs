//! Leases: who may do what only one may do (`shard:<n>`, `numbering`, `relay`).
//!
//! A lease is a row with a term that grows with each new holder; Postgres's
//! clock alone decides what has expired. A holder that was asleep finds another
//! term and must stop: [`renew`] is also the fence. Called first in a
//! transaction it keeps the row locked until the commit, so that nobody can
//! take the lease over in between. A holder that dies leaves the lease to
//! expire; one that stops in the middle of a transaction loses the row's lock
//! with its session (`pool::IDLE_IN_TRANSACTION_TIMEOUT_MS`).

use std::time::Duration;

use crate::{Conn, Error};

/// A lease that was held when it was last looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    name: String,
    holder: String,
    term: i64,
}

impl Lease {
    /// What it is for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The how-manieth holder this is: 1, 2, 3, …
    pub fn term(&self) -> i64 {
        self.term
    }
}

/// Takes the lease `name` for `ttl` if it is free. `holder` must be unique to
/// this run of the process. Never waits for a lock.
///
/// # Errors
/// [`Error::Database`] if the books cannot be asked.
pub async fn acquire(
    conn: &mut Conn,
    name: &str,
    holder: &str,
    ttl: Duration,
) -> Result<Option<Lease>, Error> {
    let ttl_ms = millis(ttl);
    let lease = |term| Lease { name: name.to_owned(), holder: holder.to_owned(), term };
    let taken = sqlx::query_scalar!(
        "UPDATE lease
         SET holder = $2, term = term + 1,
             expires_at = clock_timestamp() + $3::bigint * interval '1 millisecond'
         WHERE name = (SELECT name FROM lease
                       WHERE name = $1 AND expires_at < clock_timestamp()
                       FOR UPDATE SKIP LOCKED)
         RETURNING term",
        name,
        holder,
        ttl_ms,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(term) = taken {
        return Ok(Some(lease(term)));
    }
    // Of a row that is there an INSERT would wait for the lock, conflict or not.
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM lease WHERE name = $1) AS "known!""#,
        name
    )
    .fetch_one(&mut *conn)
    .await?;
    if known {
        return Ok(None);
    }
    let first = sqlx::query_scalar!(
        "INSERT INTO lease (name, holder, term, expires_at)
         VALUES ($1, $2, 1, clock_timestamp() + $3::bigint * interval '1 millisecond')
         ON CONFLICT (name) DO NOTHING
         RETURNING term",
        name,
        holder,
        ttl_ms,
    )
    .fetch_optional(conn)
    .await?;
    Ok(first.map(lease))
}

/// Keeps the lease for another `ttl`. `false`: it is lost, someone else had it
/// since. In a transaction the row stays locked until its end.
///
/// # Errors
/// [`Error::Database`] if the books cannot be asked.
pub async fn renew(conn: &mut Conn, lease: &Lease, ttl: Duration) -> Result<bool, Error> {
    let renewed = sqlx::query!(
        "UPDATE lease
         SET expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
         WHERE name = $1 AND holder = $2 AND term = $3",
        lease.name,
        lease.holder,
        lease.term,
        millis(ttl),
    )
    .execute(conn)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives the lease up, so that the next one need not wait for it to expire.
///
/// # Errors
/// [`Error::Database`] if the books cannot be asked; the lease then expires.
pub async fn resign(conn: &mut Conn, lease: &Lease) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE lease SET expires_at = '-infinity'
         WHERE name = $1 AND holder = $2 AND term = $3",
        lease.name,
        lease.holder,
        lease.term,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who holds the lease `name` now, under the name it gave; nobody if it expired.
///
/// # Errors
/// [`Error::Database`] if the books cannot be asked.
pub async fn holder(conn: &mut Conn, name: &str) -> Result<Option<String>, Error> {
    let holder = sqlx::query_scalar!(
        "SELECT holder FROM lease WHERE name = $1 AND expires_at >= clock_timestamp()",
        name
    );
    Ok(holder.fetch_optional(conn).await?)
}

fn millis(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)
}
