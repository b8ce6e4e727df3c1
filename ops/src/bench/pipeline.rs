//! (b): this pipeline. Three stores journal their sales with no line; the line
//! returns; it ends when every store knows the number of every sale.

use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::time::sleep;

use super::{cpu, load::Load, rate::Measured, site::Site};
use crate::drive::figures::Times;

/// Tills that sell at once to the one edge whose capture is measured.
const TILLS: u64 = 32;
/// How long the whole backlog may take.
const LIMIT: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What the two halves measured.
pub(super) struct Pipeline {
    /// Capture alone, by one edge.
    pub(super) capture: Measured,
    /// From the line's return to the last number.
    pub(super) drain: Measured,
}

/// Journals `tickets` sales, a third at each store, and lets the line return.
pub(super) async fn measure(site: &Site, tickets: u64) -> anyhow::Result<Pipeline> {
    for store in &site.stores {
        store.line.cut();
    }
    let mut capture = None;
    let mut shares = Vec::new();
    for (place, store) in site.stores.iter().enumerate() {
        let left = tickets - shares.iter().sum::<u64>();
        let share = left / (site.stores.len() - place) as u64;
        let load = Load::open(&store.store, store.edge.clone()).await?;
        let (times, elapsed) = load.sell(share, TILLS).await?;
        // The first one is alone; so are the others, but once is enough.
        capture.get_or_insert_with(|| Measured::new(share, elapsed).taking(&times));
        shares.push(share);
    }
    let Some(capture) = capture else { bail!("there is no store to sell at") };
    site.checkpoint().await?;
    let before = cpu::of_postgres(site.postmaster);
    let (times, elapsed) = drain(site, tickets).await?;
    let drain = Measured::new(tickets, elapsed)
        .taking(&times)
        .using(before, cpu::of_postgres(site.postmaster));
    Ok(Pipeline { capture, drain })
}

/// Restores the lines and waits for the numbers.
async fn drain(site: &Site, tickets: u64) -> anyhow::Result<(Times, Duration)> {
    let before = numbers_known(site);
    let begin = Instant::now();
    for store in &site.stores {
        store.line.restore();
    }
    let mut times = Times::default();
    let mut known = 0;
    while known < tickets {
        sleep(LOOK_EVERY).await;
        let now = numbers_known(site).saturating_sub(before);
        let elapsed = begin.elapsed();
        for _ in known..now {
            times.add(elapsed);
        }
        known = now;
        if elapsed > LIMIT {
            bail!("{known} of {tickets} numbers are known after {} s", LIMIT.as_secs());
        }
    }
    Ok((times, begin.elapsed()))
}

/// How many numbers the stores know: a store's mappings are 1, 2, 3, … without
/// gaps.
fn numbers_known(site: &Site) -> u64 {
    site.stores.iter().map(|store| store.journal().mapping_seq()).sum()
}
