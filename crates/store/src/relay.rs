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

/// How much one call does at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    /// So many runs.
    pub runs: u32,
    /// No further run once there are so many facts.
    pub facts: u32,
}

/// What one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// To so many runs.
    pub runs: u64,
    /// The facts in them.
    pub facts: u64,
}

impl Done {
    /// Whether there may be more to do.
    pub fn is_all_of(self, most: Most) -> bool {
        self.runs >= u64::from(most.runs) || self.facts >= u64::from(most.facts)
    }
}

/// Gives pending runs, oldest first, the next places of their branches; not those of
/// the companies `without`, whose books must be recovered first. One statement; the
/// caller's transaction makes it durable before anything is
/// published.
///
/// # Errors
/// [`Error::Database`]; [`Error::Corrupt`] if a run was passed over: roll back.
pub async fn place_facts(
    conn: &mut Conn,
    most: Most,
    without: &[TenantId],
    now: Timestamp,
) -> Result<Done, Error> {
    let row = sqlx::query_file!(
        "src/sql/place_facts.sql",
        i64::from(most.runs),
        i64::from(most.facts),
        OffsetDateTime::from(now),
        &columns::column(without, |tenant| tenant.as_uuid()),
    )
    .fetch_one(conn)
    .await?;
    if row.placed != row.taken {
        let why = format!("{} of {} runs placed", row.placed, row.taken);
        return Err(Error::corrupt("outbox", why));
    }
    Ok(Done {
        runs: columns::unsigned("count", row.placed)?,
        facts: columns::unsigned("sum", row.facts)?,
    })
}

/// The heads, by branch: of every branch, also of those that have told nothing yet,
/// or only of those that have facts to publish.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn heads(conn: &mut Conn, only_behind: bool) -> Result<Vec<FactHead>, Error> {
    sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id!", branch_id AS "branch_id!", last_seq AS "last_seq!",
                  published_seq AS "published_seq!"
           FROM fact_head WHERE published_seq < last_seq OR NOT $1
           UNION ALL
           SELECT tenant_id, branch_id, 0, 0 FROM branch b
           WHERE NOT $1 AND NOT EXISTS (SELECT FROM fact_head h WHERE h.branch_id = b.branch_id)
           ORDER BY 2"#,
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
        r#"SELECT first_seq + facts - 1 AS "last_seq!" FROM outbox
           WHERE branch_id = $1
             AND first_seq >= COALESCE((
                 SELECT first_seq FROM outbox WHERE branch_id = $1 AND first_seq <= $2
                 ORDER BY first_seq DESC LIMIT 1), 0)
             AND placed_at < $3
           ORDER BY first_seq DESC LIMIT 1"#,
        branch_id.as_uuid(),
        columns::int8(after_seq),
        OffsetDateTime::from(before),
    )
    .fetch_optional(conn)
    .await?;
    let newest = newest.map_or(Ok(0), |newest| columns::unsigned("outbox.first_seq", newest))?;
    Ok(newest.max(after_seq))
}

/// The ids of the facts that have these places, `branches[i]` and `fact_seqs[i]`
/// for each; places that the books do not hold are left out.
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
        r#"SELECT wanted.branch_id AS "branch_id!",
                  run.fact_ids[wanted.fact_seq - run.first_seq + 1] AS "fact_id!"
           FROM unnest($1::uuid[], $2::bigint[]) AS wanted (branch_id, fact_seq)
           CROSS JOIN LATERAL (
               SELECT first_seq, facts, fact_ids FROM outbox
               WHERE branch_id = wanted.branch_id AND first_seq <= wanted.fact_seq
               ORDER BY first_seq DESC LIMIT 1
           ) run
           WHERE wanted.fact_seq < run.first_seq + run.facts"#,
        &branch_ids,
        &fact_seqs,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.branch_id.into(), row.fact_id)).collect())
}

/// Removes a branch's oldest runs that got their place before `before`: only
/// those that are published to their end, at most `runs`, and only from the low
/// end, so that what stays is without gaps. The newest run stays.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn prune(
    conn: &mut Conn,
    branch_id: BranchId,
    before: Timestamp,
    runs: u32,
) -> Result<Done, Error> {
    let gone = sqlx::query_file!(
        "src/sql/prune_facts.sql",
        branch_id.as_uuid(),
        OffsetDateTime::from(before),
        i64::from(runs),
    )
    .fetch_one(conn)
    .await?;
    Ok(Done {
        runs: columns::unsigned("count", gone.runs)?,
        facts: columns::unsigned("sum", gone.facts)?,
    })
}

/// How many facts await their place, counting no more than `runs` runs of them.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn waiting(conn: &mut Conn, runs: u32) -> Result<u64, Error> {
    let waiting = sqlx::query_scalar!(
        r#"SELECT COALESCE(sum(facts), 0) AS "facts!" FROM (
               SELECT facts FROM outbox WHERE first_seq IS NULL ORDER BY outbox_id LIMIT $1
           ) AS bounded"#,
        i64::from(runs),
    )
    .fetch_one(conn)
    .await?;
    columns::unsigned("sum", waiting)
}
