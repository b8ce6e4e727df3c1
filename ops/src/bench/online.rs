//! With the line up: how long a capture takes, and how long until its number is
//! known at the edge, at a steady rate.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{load::Load, site::Site};
use crate::drive::{
    figures::{Numbers, Quantiles},
    hear_numbers,
};

/// How long the last numbers may take.
const LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What was measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Online {
    /// Sales a second.
    pub rate_per_s: u32,
    /// From request to answer.
    pub capture_ms: Quantiles,
    /// From answer to number.
    pub numbered_ms: Quantiles,
}

/// Sells `sales` times at one store.
pub(super) async fn measure(site: &Site, sales: u64, rate_per_s: u32) -> anyhow::Result<Online> {
    let store = site.stores.first().context("there is no store to sell at")?;
    let numbers = Arc::new(Numbers::default());
    let stop = CancellationToken::new();
    let hearing = hear_numbers(store.edge.clone(), numbers.clone(), stop.clone());
    let load = Load::open(&store.store, store.edge.clone()).await?;
    let capture = load.sell_steadily(sales, rate_per_s, &numbers).await?;
    let begin = Instant::now();
    while numbers.count() < sales {
        if begin.elapsed() > LIMIT {
            bail!("{} of {sales} numbers were heard of", numbers.count());
        }
        sleep(LOOK_EVERY).await;
    }
    stop.cancel();
    hearing.await.context("hearing of numbers broke down")?;
    Ok(Online {
        rate_per_s,
        capture_ms: capture.quantiles(),
        numbered_ms: numbers.times().quantiles(),
    })
}
