//! One batch of one series: one transaction.
//!
//! Safe with any number of allocators: the first statement locks the series'
//! row, and everything else is read under that lock.

use std::collections::{BTreeSet, HashMap};

use schemas::{Clock, SeriesId, Timestamp};
use store::{Conn, Error, Pool};
use telemetry::failpoint;

use crate::allocation::{Allocation, allocate};

/// The most sales that one transaction numbers.
pub const BATCH_SALES: u32 = 1_000;

/// What one batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// So many sales got their numbers.
    Allocated {
        /// How many.
        sales: u32,
        /// The newest number of the series.
        last_no: u64,
    },
    /// No sale of this series awaits a number.
    Empty,
    /// The series is frozen; its sales stay in the queue.
    Frozen,
}

/// Numbers up to `limit` sales of a series, in the order in which the books
/// took them.
///
/// # Errors
/// [`Error`]. After an error from COMMIT the batch may be in the books or not;
/// the next call goes on from what is there. Do not cancel this future.
pub async fn allocate_batch(
    pool: &Pool,
    series_id: SeriesId,
    limit: u32,
    clock: &dyn Clock,
) -> Result<Batch, Error> {
    let mut tx = pool.begin().await?;
    let batch = allocate_next(&mut tx, series_id, limit, || clock.now()).await?;
    if matches!(batch, Batch::Allocated { .. }) {
        failpoint("numbering.before_commit");
        tx.commit().await?;
        failpoint("numbering.after_commit");
    } else {
        tx.rollback().await?;
    }
    Ok(batch)
}

async fn allocate_next(
    conn: &mut Conn,
    series_id: SeriesId,
    limit: u32,
    now: impl FnOnce() -> Timestamp,
) -> Result<Batch, Error> {
    let Some(series) = store::numbering::lock_series(conn, series_id).await? else {
        return Ok(Batch::Empty);
    };
    if series.frozen_reason.is_some() {
        return Ok(Batch::Frozen);
    }
    let sales = store::numbering::pending(conn, series.tenant_id, limit).await?;
    if sales.is_empty() {
        return Ok(Batch::Empty);
    }
    let branches: BTreeSet<_> = sales.iter().map(|sale| sale.branch_id).collect();
    let branches: Vec<_> = branches.into_iter().collect();
    let heads: HashMap<_, _> =
        store::numbering::mapping_heads(conn, &branches).await?.into_iter().collect();
    // The time is read under the lock, so that it rises with the numbers.
    let Allocation { rows, last_no, .. } = allocate(&series, &heads, &sales, now());
    store::numbering::record_batch(conn, &series, &sales, &rows).await?;
    let sales = u32::try_from(rows.len()).unwrap_or(limit);
    Ok(Batch::Allocated { sales, last_no })
}
