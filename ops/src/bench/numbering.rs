//! (c): numbering alone, one sale in a transaction and a thousand.

use std::time::Instant;

use anyhow::{Context, bail};
use numbering::{BATCH_SALES, Batch, allocate_batch};
use schemas::SystemClock;
use store::{Pool, bulk};

use super::{cpu, rate::Measured, site::Site};
use crate::drive::figures::Times;

const CONNECTIONS: u32 = 2;

/// What the two ways measured.
pub(super) struct Numbering {
    pub(super) single: Measured,
    pub(super) batched: Measured,
}

/// Numbers made-up sales in a database of its own.
pub(super) async fn measure(site: &Site, singles: u64, batched: u64) -> anyhow::Result<Numbering> {
    let pool = site.fresh_books("numbering", CONNECTIONS).await?;
    site.seed(&pool).await?;
    let single = number(site, &pool, singles, 1).await?;
    let batched = number(site, &pool, batched, BATCH_SALES).await?;
    pool.close().await;
    Ok(Numbering { single, batched })
}

async fn number(site: &Site, pool: &Pool, sales: u64, limit: u32) -> anyhow::Result<Measured> {
    let mut conn = pool.acquire().await.context("there is no connection")?;
    let store = site.company.stores.first().context("the company has no store")?;
    bulk::fill_numbering_queue(&mut conn, site.company.tenant_id, store.branch_id, sales).await?;
    drop(conn);
    site.checkpoint().await?;
    let before = cpu::of_postgres(site.postmaster);
    let mut times = Times::default();
    let begin = Instant::now();
    let mut numbered = 0_u64;
    while numbered < sales {
        let one = Instant::now();
        let tenant = site.company.tenant_id;
        match allocate_batch(pool, tenant, limit, &SystemClock, &|_| true).await? {
            Batch { sales: 0, .. } => bail!("{numbered} of {sales} sales were numbered"),
            Batch { sales, .. } => numbered += u64::from(sales),
        }
        times.add(one.elapsed());
    }
    Ok(Measured::new(numbered, begin.elapsed())
        .taking(&times)
        .using(before, cpu::of_postgres(site.postmaster)))
}
