//! The relay's statements: facts get their place, and how far each branch is
//! published is noted.

use schemas::{BranchId, TenantId, Timestamp};
use time::OffsetDateTime;

use crate::{Conn, Error, columns};

/// How far a branch's facts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactHead {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The newest place that was given out.
    pub last_seq: u64,
    /// Everything up to here was published once.
    pub published_seq: u64,
}

/// What one call of [`place_facts`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Placed {
    /// Outbox rows taken.
    pub taken: u64,
    /// Facts that got a place; fewer than taken if some had theirs already.
    pub placed: u64,
}

/// Moves up to `limit` facts, oldest first, from the outbox to the fact log,
/// each with the next `fact_seq` of its branch. One statement; the caller's
/// transaction makes it durable before anything is published.
///
/// # Errors
/// [`Error::Database`]; [`Error::Corrupt`] if a fact would have been dropped:
/// roll back.
pub async fn place_facts(conn: &mut Conn, limit: u32, now: Timestamp) -> Result<Placed, Error> {
    let row =
        sqlx::query_file!("src/sql/place_facts.sql", i64::from(limit), OffsetDateTime::from(now))
            .fetch_one(conn)
            .await?;
    if row.placed != row.fresh {
        let why = format!("{} of {} facts placed", row.placed, row.fresh);
        return Err(Error::corrupt("outbox", why));
    }
    Ok(Placed {
        taken: columns::unsigned("count", row.taken)?,
        placed: columns::unsigned("count", row.placed)?,
    })
}

/// The heads, by branch: of every branch, or only of those that have facts to
/// publish.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn heads(conn: &mut Conn, only_behind: bool) -> Result<Vec<FactHead>, Error> {
    sqlx::query!(
        "SELECT tenant_id, branch_id, last_seq, published_seq FROM fact_head
         WHERE published_seq < last_seq OR NOT $1 ORDER BY branch_id",
        only_behind,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(FactHead {
            tenant_id: row.tenant_id.into(),
            branch_id: row.branch_id.into(),
            last_seq: columns::unsigned("fact_head.last_seq", row.last_seq)?,
            published_seq: columns::unsigned("fact_head.published_seq", row.published_seq)?,
        })
    })
    .collect()
}

/// Notes that these branches are published up to these places. Never moves
/// back. The commit does not wait for the disk: a note that a crash forgets
/// means that facts are published again, under the same ids and places.
///
/// # Errors
/// [`Error::Database`].
pub async fn note_published(conn: &mut Conn, published: &[(BranchId, u64)]) -> Result<(), Error> {
    let branch_ids: Vec<_> = published.iter().map(|(branch, _)| branch.as_uuid()).collect();
    let seqs: Vec<_> = published.iter().map(|(_, seq)| columns::int8(*seq)).collect();
    sqlx::query!("SET LOCAL synchronous_commit = off").execute(&mut *conn).await?;
    sqlx::query!(
        "UPDATE fact_head SET published_seq = noted.seq
         FROM unnest($1::uuid[], $2::bigint[]) AS noted (branch_id, seq)
         WHERE fact_head.branch_id = noted.branch_id AND fact_head.published_seq < noted.seq",
        &branch_ids,
        &seqs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest place after `after_seq` that a branch gave out before `before`;
/// `after_seq` itself if there is none.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn newest_placed_before(
    conn: &mut Conn,
    branch_id: BranchId,
    after_seq: u64,
    before: Timestamp,
) -> Result<u64, Error> {
    let newest = sqlx::query_scalar!(
        "SELECT fact_seq FROM fact WHERE branch_id = $1 AND fact_seq > $2 AND placed_at < $3
         ORDER BY fact_seq DESC LIMIT 1",
        branch_id.as_uuid(),
        columns::int8(after_seq),
        OffsetDateTime::from(before),
    )
    .fetch_optional(conn)
    .await?;
    newest.map_or(Ok(after_seq), |newest| columns::unsigned("fact.fact_seq", newest))
}

/// The ids of the facts that have these places, `branches[i]` and `fact_seqs[i]`
/// for each; places that the fact log does not have are left out.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn fact_ids(
    conn: &mut Conn,
    places: &[(BranchId, u64)],
) -> Result<Vec<(BranchId, String)>, Error> {
    let branch_ids: Vec<_> = places.iter().map(|(branch, _)| branch.as_uuid()).collect();
    let fact_seqs: Vec<_> = places.iter().map(|(_, seq)| columns::int8(*seq)).collect();
    let rows = sqlx::query!(
        r#"SELECT f.branch_id AS "branch_id!", f.fact_id AS "fact_id!"
         FROM unnest($1::uuid[], $2::bigint[]) AS wanted (branch_id, fact_seq)
         JOIN fact f USING (branch_id, fact_seq)"#,
        &branch_ids,
        &fact_seqs,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.branch_id.into(), row.fact_id)).collect())
}

/// Removes a branch's oldest facts that got their place before `before`: only
/// published ones, at most `limit`, and only from the low end, so that what
/// stays is without gaps. Returns how many.
///
/// # Errors
/// [`Error::Database`].
pub async fn prune(
    conn: &mut Conn,
    branch_id: BranchId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    let removed = sqlx::query!(
        "WITH oldest AS (
             SELECT fact_seq, placed_at FROM fact
             WHERE branch_id = $1
               AND fact_seq <= (SELECT published_seq FROM fact_head WHERE branch_id = $1)
             ORDER BY fact_seq LIMIT $3
         )
         DELETE FROM fact
         WHERE branch_id = $1
           AND fact_seq <= (SELECT max(fact_seq) FROM oldest WHERE placed_at < $2)
           AND fact_seq < COALESCE(
               (SELECT min(fact_seq) FROM oldest WHERE placed_at >= $2), 9223372036854775807)",
        branch_id.as_uuid(),
        OffsetDateTime::from(before),
        i64::from(limit),
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}

/// How many facts await their place, counted up to `most`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn waiting(conn: &mut Conn, most: u32) -> Result<u64, Error> {
    let waiting = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (SELECT FROM outbox LIMIT $1) AS bounded"#,
        i64::from(most),
    )
    .fetch_one(conn)
    .await?;
    columns::unsigned("count", waiting)
}
