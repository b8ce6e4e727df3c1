//! `tillstream bench`: this pipeline beside the classical way, the ceiling, and
//! its own parts, in one run on one Postgres.
//!
//! Everything is measured as a user would have it: a durable Postgres, edges
//! with fsync, sales over HTTP. The sales of (a) and (d) are the very sales that
//! (b) booked. Nothing outlives the run.

mod classical;
mod copy;
mod cpu;
mod load;
mod numbering;
mod online;
mod pipeline;
mod rate;
mod restart;
mod site;

use serde::Serialize;

pub use online::Online;
pub use rate::Measured;
pub use restart::Restart;

use crate::commands::reach::Reached;
use site::Site;

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Sales that are journaled in the outage.
    pub tickets: u64,
    /// Of these, how many are booked the classical way.
    pub classical: u64,
    /// Sales that are numbered one by one.
    pub singles: u64,
    /// Sales at a steady rate; 0 leaves that part out.
    pub online: u64,
    /// How many of those a second.
    pub online_per_s: u32,
    /// Unsynced tickets of the edge that is started again; 0 leaves it out.
    pub restart: u64,
}

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// (a) Sales a second.
    pub classical_per_s: f64,
    /// (b) Sales a second, from the line's return to the last number.
    pub pipeline_per_s: f64,
    /// Sales a second that one edge captures from 32 tills.
    pub capture_per_s: f64,
    /// (c) Sales a second, one in a transaction.
    pub numbering_single_per_s: f64,
    /// (c) Sales a second, a thousand in a transaction.
    pub numbering_batched_per_s: f64,
    /// (d) Sales a second, by one connection.
    pub copy_per_s: f64,
    /// (b) / (a).
    pub pipeline_to_classical: f64,
    /// (b) / (d).
    pub pipeline_to_copy: f64,
    /// (c) batched / one by one.
    pub numbering_batched_to_single: f64,
    /// The parts with all their figures.
    pub parts: Parts,
}

/// The parts with all their figures.
#[derive(Debug, Clone, Serialize)]
pub struct Parts {
    /// (a).
    pub classical: Measured,
    /// (b).
    pub pipeline: Measured,
    /// Capture alone.
    pub capture: Measured,
    /// (c) one by one.
    pub numbering_single: Measured,
    /// (c) batched; the times are those of a batch.
    pub numbering_batched: Measured,
    /// (d) by one connection.
    pub copy: Measured,
    /// (d) by two at a time.
    pub copy_two_at_a_time: Measured,
    /// At a steady rate with the line up.
    pub online: Option<Online>,
    /// The edge that is started again.
    pub edge_restart: Option<Restart>,
}

/// Measures everything. `say` is told which part begins.
///
/// # Errors
/// If a part cannot be set up or does not come to its end.
pub async fn run(
    reached: &Reached,
    sizes: Sizes,
    mut say: impl FnMut(&str),
) -> anyhow::Result<Results> {
    let mut site = Site::open(reached).await?;
    let online = if sizes.online > 0 {
        say(&format!("{} sales a second with the line up", sizes.online_per_s));
        // The first sales pay for what is only made once.
        online::measure(&site, sizes.online / 10, sizes.online_per_s).await?;
        Some(online::measure(&site, sizes.online, sizes.online_per_s).await?)
    } else {
        None
    };
    say(&format!("{} sales with no line, and its return", sizes.tickets));
    let pipeline::Pipeline { capture, drain } = pipeline::measure(&site, sizes.tickets).await?;
    site.close_stores().await?;
    say(&format!("{} of them the classical way", sizes.classical));
    let classical = classical::measure(&site, sizes.classical).await?;
    say("all of them by COPY");
    let copied = sizes.tickets + sizes.online + sizes.online / 10;
    let copy = copy::measure(&site, copied).await?;
    say("numbering alone");
    let numbers = numbering::measure(&site, sizes.singles, sizes.tickets).await?;
    let edge_restart = if sizes.restart > 0 {
        say(&format!("restart of an edge with {} unsynced tickets", sizes.restart));
        Some(restart::measure(&site, sizes.restart).await?)
    } else {
        None
    };
    Ok(Results {
        classical_per_s: classical.per_s,
        pipeline_per_s: drain.per_s,
        capture_per_s: capture.per_s,
        numbering_single_per_s: numbers.single.per_s,
        numbering_batched_per_s: numbers.batched.per_s,
        copy_per_s: copy.one.per_s,
        pipeline_to_classical: drain.times(&classical),
        pipeline_to_copy: drain.times(&copy.one),
        numbering_batched_to_single: numbers.batched.times(&numbers.single),
        parts: Parts {
            classical,
            pipeline: drain,
            capture,
            numbering_single: numbers.single,
            numbering_batched: numbers.batched,
            copy: copy.one,
            copy_two_at_a_time: copy.two,
            online,
            edge_restart,
        },
    })
}
