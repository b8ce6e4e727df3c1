//! What waits in the outbox, for a number, or to be published, and whether it
//! moves. Neither is measured by a row's time: after an outage all of it is
//! old, and a row that was written a moment ago may wait behind it. Instead a
//! [`Mark`] is set, and what waited at the mark must be gone within a bound.

use schemas::{BranchId, EdgeId};

use crate::{Conn, Error};

/// Where the two queues and the branches' facts stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    outbox_id: i64,
    queue_id: i64,
    branches: Vec<BranchId>,
    fact_seqs: Vec<i64>,
}

impl Mark {
    /// Above everything: what is waiting at all waits since this mark.
    pub const END: Self = Self {
        outbox_id: i64::MAX,
        queue_id: i64::MAX,
        branches: Vec::new(),
        fact_seqs: Vec::new(),
    };
}

/// What still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Facts without a place in their branch's sequence.
    pub outbox: u64,
    /// Sales without a number.
    pub numbering: u64,
    /// Of these, sales whose series is frozen.
    pub frozen: u64,
    /// Facts that have their place and are not published.
    pub unpublished: u64,
}

impl Waiting {
    /// Whether nothing waits.
    pub const fn is_nothing(&self) -> bool {
        self.outbox == 0 && self.numbering == 0 && self.unpublished == 0
    }
}

/// Sets a mark at the end of everything that waits now.
///
/// # Errors
/// [`Error::Database`].
pub async fn mark(conn: &mut Conn) -> Result<Mark, Error> {
    let ends = sqlx::query!(
        r#"SELECT
            (SELECT COALESCE(max(outbox_id), 0) FROM outbox) AS "outbox_id!",
            (SELECT COALESCE(max(queue_id), 0) FROM numbering_queue) AS "queue_id!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    let heads = sqlx::query!("SELECT branch_id, last_seq FROM fact_head").fetch_all(conn).await?;
    Ok(Mark {
        outbox_id: ends.outbox_id,
        queue_id: ends.queue_id,
        branches: heads.iter().map(|head| head.branch_id.into()).collect(),
        fact_seqs: heads.iter().map(|head| head.last_seq).collect(),
    })
}

/// What was waiting at `mark` and still is. With [`Mark::END`]: all that waits.
///
/// # Errors
/// [`Error::Database`].
pub async fn waiting_since(conn: &mut Conn, mark: &Mark) -> Result<Waiting, Error> {
    let branches: Vec<_> = mark.branches.iter().map(|branch| branch.as_uuid()).collect();
    let row = sqlx::query_file!(
        "src/sql/verify_waiting.sql",
        mark.outbox_id,
        mark.queue_id,
        &branches,
        &mark.fact_seqs,
        *mark == Mark::END,
    )
    .fetch_one(conn)
    .await?;
    Ok(Waiting {
        outbox: row.outbox.unsigned_abs(),
        numbering: row.numbering.unsigned_abs(),
        frozen: row.frozen.unsigned_abs(),
        unpublished: row.unpublished.unsigned_abs(),
    })
}

/// How many of these edges have not said yet, in a heartbeat, that they have
/// everything that the books have of them.
///
/// # Errors
/// [`Error::Database`].
pub async fn unheard(conn: &mut Conn, edges: &[EdgeId]) -> Result<u64, Error> {
    let edges: Vec<_> = edges.iter().map(|edge| edge.as_uuid()).collect();
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!"
           FROM edge_cursor c
           LEFT JOIN edge_heartbeat h ON h.edge_id = c.edge_id
           WHERE c.edge_id = ANY ($1) AND COALESCE(h.journal_seq, 0) < c.last_seq"#,
        &edges,
    )
    .fetch_one(conn)
    .await?;
    Ok(count.unsigned_abs())
}
