//! (d): the ceiling. Every row that the pipeline wrote for its sales, copied by
//! Postgres's own COPY into the same tables with their indexes: one table after
//! the other as a loader would, and two at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::Context;
use store::{
    Pool,
    bulk::{self, Rows, SALE_TABLES},
};
use tokio::task::JoinSet;

use super::{cpu, rate::Measured, site::Site};

/// What the two ways measured.
pub(super) struct Copy {
    pub(super) one: Measured,
    pub(super) two: Measured,
}

/// Copies the rows of `sales` sales into databases of their own.
pub(super) async fn measure(site: &Site, sales: u64) -> anyhow::Result<Copy> {
    let mut conn = site.pool().acquire().await.context("the books cannot be reached")?;
    let mut tables = Vec::new();
    for table in SALE_TABLES {
        tables.push(bulk::copy_out(&mut conn, table).await?);
    }
    drop(conn);
    // The largest first, so that two connections end together.
    tables.sort_by_key(|table| std::cmp::Reverse(table.bytes()));
    let tables = Arc::new(tables);
    let one = copy(site, "copied_by_one", 1, &tables, sales).await?;
    let two = copy(site, "copied_by_two", 2, &tables, sales).await?;
    Ok(Copy { one, two })
}

async fn copy(
    site: &Site,
    name: &str,
    connections: u32,
    tables: &Arc<Vec<Rows>>,
    sales: u64,
) -> anyhow::Result<Measured> {
    let pool = site.fresh_books(name, connections).await?;
    site.checkpoint().await?;
    let next = Arc::new(AtomicUsize::new(0));
    let before = cpu::of_postgres(site.postmaster);
    let begin = Instant::now();
    let mut copying = JoinSet::new();
    for _ in 0..connections {
        copying.spawn(copy_next(pool.clone(), tables.clone(), next.clone()));
    }
    while let Some(copied) = copying.join_next().await {
        copied.context("a connection broke down")??;
    }
    let measured =
        Measured::new(sales, begin.elapsed()).using(before, cpu::of_postgres(site.postmaster));
    pool.close().await;
    Ok(measured)
}

async fn copy_next(
    pool: Pool,
    tables: Arc<Vec<Rows>>,
    next: Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await.context("there is no connection")?;
    while let Some(rows) = tables.get(next.fetch_add(1, Ordering::Relaxed)) {
        bulk::copy_in(&mut conn, rows).await?;
    }
    Ok(())
}
