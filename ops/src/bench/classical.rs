//! (a): the classical way. One transaction for each sale, the invoice counter's
//! row locked in it, sixteen connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::Context;
use schemas::{Clock, SeriesId, SystemClock};
use store::{
    Pool, bulk,
    classical::{self, ClassicalSale},
};
use tokio::task::JoinSet;

use super::{cpu, rate::Measured, site::Site};
use crate::drive::figures::Times;

const CONNECTIONS: u32 = 16;

/// Books the same sales that the pipeline booked, in a database of its own.
pub(super) async fn measure(site: &Site, sales: u64) -> anyhow::Result<Measured> {
    let sales = Arc::new(same_sales(site, sales).await?);
    let pool = site.fresh_books("classical", CONNECTIONS).await?;
    site.seed(&pool).await?;
    let series_id = site.series_id();
    site.checkpoint().await?;
    let before = cpu::of_postgres(site.postmaster);
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let mut booking = JoinSet::new();
    for _ in 0..CONNECTIONS {
        booking.spawn(book(pool.clone(), series_id, sales.clone(), next.clone()));
    }
    let mut times = Times::default();
    while let Some(booked) = booking.join_next().await {
        times.add_all(&booked.context("a connection broke down")??);
    }
    let measured = Measured::new(sales.len() as u64, begin.elapsed())
        .taking(&times)
        .using(before, cpu::of_postgres(site.postmaster));
    pool.close().await;
    Ok(measured)
}

async fn same_sales(site: &Site, sales: u64) -> anyhow::Result<Vec<ClassicalSale>> {
    let mut conn = site.pool().acquire().await.context("the books cannot be reached")?;
    let entries = bulk::sale_entries(&mut conn, sales).await?;
    entries
        .into_iter()
        .map(|entry| {
            let sale = serde_json::from_slice(&entry.payload)
                .with_context(|| format!("entry {} is no sale", entry.name()))?;
            Ok(ClassicalSale { entry, sale })
        })
        .collect()
}

async fn book(
    pool: Pool,
    series_id: SeriesId,
    sales: Arc<Vec<ClassicalSale>>,
    next: Arc<AtomicUsize>,
) -> anyhow::Result<Times> {
    let mut conn = pool.acquire().await.context("there is no connection")?;
    let mut times = Times::default();
    while let Some(sale) = sales.get(next.fetch_add(1, Ordering::Relaxed)) {
        let begin = Instant::now();
        classical::book(&mut conn, series_id, sale, SystemClock.now()).await?;
        times.add(begin.elapsed());
    }
    Ok(times)
}
