//! The workers: entries go into the books, facts come out of them.
//!
//! Guarantees, for each edge: its entries are booked in the order of its
//! journal, each exactly once, together with the edge's cursor; what cannot be
//! booked is set aside without stopping the rest. Kill this process at any
//! step, run several of them, deliver anything twice, out of order, damaged or
//! not at all: the books end up the same.
//!
//! The path of an entry: [`receive`] (can it be believed, what does it tell) →
//! [`batch`] (one transaction) → [`admission`] (is it the next of its journal)
//! → [`booking`] with the pure [`plan`] (which rows does it make) → [`books`]
//! (write them). [`mod@release`] takes quarantined entries down the same path
//! ([`decisions`]: when a back office says so), and [`direct`] those that it makes of
//! what comes through the direct door.

pub mod receive;

pub mod reading;
pub mod repricing;

pub mod admission;
pub mod batch;

pub mod booking;
pub mod books;
#[cfg(feature = "memory-books")]
pub mod memory;
pub mod plan;

pub mod decisions;
pub mod direct;
pub mod relay;
pub mod release;
pub mod replay;

mod holding;
mod measures;
mod settings;
mod shard;

use std::sync::Arc;

use anyhow::Context;
use bus::{Bus, topology};
use schemas::Clock;
use store::Pool;
use telemetry::CancellationToken;
use tokio::task::JoinSet;
use uuid::Uuid;

pub use release::{ReleaseError, Released, discard, release};
pub use settings::Settings;
pub use shard::BATCH_MESSAGES;

/// Books entries and relays facts until `shutdown` is cancelled.
///
/// # Errors
/// If the books or the broker cannot be reached at the start, or something
/// fails that waiting cannot mend.
pub async fn run(
    settings: Settings,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let (worker, relay) = (store::Role::Worker, store::Role::Relay);
    let pool =
        store::connect_as(&settings.books, worker).await.context("the workers have no books")?;
    let facts =
        store::connect_as(&settings.books, relay).await.context("the relay has no books")?;
    let bus =
        Bus::connect(&settings.nats, "workers").await.context("the workers have no broker")?;
    run_with(settings, Pools { books: pool, facts }, bus, clock, shutdown).await
}

/// Connections to the books, each with the rights that it needs.
#[derive(Debug, Clone)]
pub struct Pools {
    /// Of those who finalize entries.
    pub books: Pool,
    /// Of the relay.
    pub facts: Pool,
}

/// The same with connections that are there already.
///
/// # Errors
/// If something fails that waiting cannot mend.
pub async fn run_with(
    settings: Settings,
    pools: Pools,
    bus: Bus,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Pools { books: pool, facts } = pools;
    measures::describe();
    if !topology::ensure_patiently(&bus, &settings.topology, &shutdown).await? {
        return Ok(());
    }
    let stop = shutdown.child_token();
    let mut parts = JoinSet::new();
    let holder = format!("workers-{}-{}", std::process::id(), Uuid::now_v7());
    for number in 0..settings.topology.shards {
        let shard = shard::Shard {
            number,
            of: settings.topology.shards,
            ttl: settings.lease(),
            holder: holder.clone(),
            pool: pool.clone(),
            bus: bus.clone(),
            clock: Arc::clone(&clock),
            shutdown: stop.clone(),
        };
        parts.spawn(shard.run());
    }
    parts.spawn(relay::run(settings.relay, facts, bus.clone(), clock, stop.clone()));
    {
        let (bus, topology, stop) = (bus.clone(), settings.topology.clone(), stop.clone());
        parts.spawn(async move {
            topology::keep(&bus, &topology, &stop).await;
            Ok(())
        });
    }
    parts.spawn(release_upgraded(pool, stop.clone()));

    // A part that fails takes the others with it; each ends in its own time.
    let mut outcome = Ok(());
    while let Some(ended) = parts.join_next().await {
        let ended = ended.context("a part of the workers panicked").and_then(|ended| ended);
        if ended.is_err() {
            stop.cancel();
        }
        outcome = outcome.and(ended);
    }
    outcome
}

/// Releases, once, what waited for this build.
async fn release_upgraded(pool: Pool, stop: CancellationToken) -> anyhow::Result<()> {
    let released = bus::retry::until_ok("releasing entries of newer versions", &stop, || {
        let pool = pool.clone();
        async move { release::release_upgraded(&pool).await }
    })
    .await;
    if let Some(applied @ 1..) = released {
        tracing::info!(entries = applied, "released what waited for this version");
    }
    Ok(())
}
