//! (d): the ceiling. Every row that the pipeline wrote for its sales, copied by
//! Postgres's own COPY into the same tables with their indexes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::Context;
use store::{
    Pool,
    bulk::{self, Rows, SALE_TABLES},
};
use tokio::task::JoinSet;

use super::{cpu, rate::Measured, site::Site};

/// As many as there are processors here; more add nothing.
const CONNECTIONS: u32 = 2;

/// Copies the rows of `sales` sales into a database of its own.
pub(super) async fn measure(site: &Site, sales: u64) -> anyhow::Result<Measured> {
    let mut conn = site.pool().acquire().await.context("the books cannot be reached")?;
    let mut tables = Vec::new();
    for table in SALE_TABLES {
        tables.push(bulk::copy_out(&mut conn, table).await?);
    }
    drop(conn);
    // The largest first, so that both connections end together.
    tables.sort_by_key(|table| std::cmp::Reverse(table.bytes()));
    let tables = Arc::new(Mutex::new(VecDeque::from(tables)));
    let pool = site.fresh_books("copied", CONNECTIONS).await?;
    site.checkpoint().await?;
    let before = cpu::of_postgres(site.postmaster);
    let begin = Instant::now();
    let mut copying = JoinSet::new();
    for _ in 0..CONNECTIONS {
        copying.spawn(copy(pool.clone(), tables.clone()));
    }
    while let Some(copied) = copying.join_next().await {
        copied.context("a connection broke down")??;
    }
    let measured =
        Measured::new(sales, begin.elapsed()).using(before, cpu::of_postgres(site.postmaster));
    pool.close().await;
    Ok(measured)
}

async fn copy(pool: Pool, tables: Arc<Mutex<VecDeque<Rows>>>) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await.context("there is no connection")?;
    let next = || tables.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    while let Some(rows) = next() {
        bulk::copy_in(&mut conn, &rows).await?;
    }
    Ok(())
}
