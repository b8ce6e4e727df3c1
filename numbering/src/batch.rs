//! One batch of one company: one transaction.
//!
//! Safe with any number of allocators: the first statement locks the company's
//! numbering, and everything else is read under that lock, also whether the books
//! must be recovered first (ADR 0013): then nothing is allocated.

use std::collections::{BTreeSet, HashMap};

use schemas::{Clock, SeriesId, TenantId, Timestamp};
use store::{Conn, Error, Pool, series::Series};
use telemetry::failpoint;

use crate::allocation::{Standing, allocate};

/// The most sales that one transaction numbers.
pub const BATCH_SALES: u32 = 1_000;

/// What one batch did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// How many sales got their numbers.
    pub sales: u32,
    /// The newest number of each series that went on.
    pub heads: Vec<(SeriesId, u64)>,
    /// Series whose sales wait because they were not to be continued yet.
    pub unchecked: Vec<SeriesId>,
    /// Whether sales wait because their series is frozen.
    pub frozen: bool,
}

/// Numbers up to `limit` sales of a company, in the order in which the books
/// took them, in the series that `may` be continued. A series that is not there
/// yet is made.
///
/// # Errors
/// [`Error`]. After an error from COMMIT the batch may be in the books or not;
/// the next call goes on from what is there. Do not cancel this future.
pub async fn allocate_batch(
    pool: &Pool,
    tenant_id: TenantId,
    limit: u32,
    clock: &dyn Clock,
    may: &(dyn Fn(SeriesId) -> bool + Sync),
) -> Result<Batch, Error> {
    let mut tx = pool.begin().await?;
    let batch = allocate_next(&mut tx, tenant_id, limit, || clock.now(), may).await?;
    if batch.sales > 0 {
        failpoint("numbering.before_commit");
        tx.commit().await?;
        failpoint("numbering.after_commit");
    } else if batch.unchecked.is_empty() {
        tx.rollback().await?;
    } else {
        // Series that were made stay.
        tx.commit().await?;
    }
    Ok(batch)
}

async fn allocate_next(
    conn: &mut Conn,
    tenant_id: TenantId,
    limit: u32,
    now: impl FnOnce() -> Timestamp,
    may: &(dyn Fn(SeriesId) -> bool + Sync),
) -> Result<Batch, Error> {
    let Some((setting, now)) = store::series::lock_setting(conn, tenant_id, now).await? else {
        return Ok(Batch::default());
    };
    // Asked under the lock: whoever recovers holds it too.
    if let Some(reason) = store::recovery::must_wait(conn, tenant_id).await? {
        tracing::debug!(tenant.id = %tenant_id, reason, "nothing is allocated");
        return Ok(Batch { frozen: true, ..Batch::default() });
    }
    // Sales of a frozen series may not stand in the way of the others.
    let frozen = store::series::frozen_branches(conn, &setting).await?;
    let sales = store::numbering::pending(conn, tenant_id, &frozen, limit).await?;
    let mut batch = Batch { frozen: !frozen.is_empty(), ..Batch::default() };
    if sales.is_empty() {
        return Ok(batch);
    }
    let branches: BTreeSet<_> = sales.iter().map(|sale| sale.branch_id).collect();
    let branches: Vec<_> = branches.into_iter().collect();
    let mut series = HashMap::new();
    for opened in store::series::open(conn, &setting, &branches).await? {
        let Series { series_id, .. } = opened;
        if opened.frozen_reason.is_some() {
            batch.frozen = true;
        } else if may(series_id) {
            series.insert(series_id, opened);
        } else {
            batch.unchecked.push(series_id);
        }
    }
    if series.is_empty() {
        return Ok(batch);
    }
    let standing = Standing {
        setting,
        series,
        mapping_heads: store::numbering::mapping_heads(conn, &branches)
            .await?
            .into_iter()
            .collect(),
        branch_numbers: store::series::branch_numbers(conn, &branches).await?.into_iter().collect(),
    };
    let (numbered, rows) = allocate(standing, &sales, now);
    store::numbering::record_batch(conn, tenant_id, &numbered, &rows).await?;
    batch.sales = u32::try_from(rows.len()).unwrap_or(limit);
    let newest: HashMap<_, _> = rows.iter().map(|row| (row.series_id, row.no)).collect();
    batch.heads = newest.into_iter().collect();
    Ok(batch)
}
