//! The one allocator of official invoice numbers.
//!
//! Guarantees: the numbers of a series are 1, 2, 3, … without gaps, each given
//! to one sale, in the order in which the books took the sales, chained by
//! hash, and never changed. They are given out in the transaction that inserts
//! the invoice, under the lock of the series' row, so any number of allocators
//! may run at once; the lease `numbering` only keeps standbys from contending.
//!
//! The queue is in the books, written by the transaction that booked the sale.
//! A notice (`wake.numbering`) makes numbering quick; a sweep makes it certain.
//! A crash before COMMIT leaves the sales in the queue; one after it leaves the
//! fact in the outbox; an error *from* COMMIT means unknown, and the next round
//! reads what is there.
//!
//! Before it allocates in a series for the first time under a lease, it asks
//! whether anyone has seen a higher number than the books have. If so the
//! series freezes ([`freeze`]); the others go on.

pub mod allocation;
pub mod batch;
pub mod freeze;

mod allocator;
mod register_mark;
mod settings;

use std::sync::Arc;

use anyhow::Context;
use bus::Bus;
use schemas::Clock;
use store::Pool;
use telemetry::CancellationToken;

pub use allocation::{Standing, allocate};
pub use batch::{BATCH_SALES, Batch, allocate_batch};
pub use freeze::{Reason, Seen, Witness, must_freeze};
pub use settings::Settings;

/// Allocates numbers until `shutdown` is cancelled.
///
/// # Errors
/// If the books or the broker cannot be reached at the start. Later failures
/// are waited out.
pub async fn run(
    settings: Settings,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let pool = store::connect_as(&settings.books, store::Role::Numbering)
        .await
        .context("numbering has no books")?;
    let bus = Bus::connect(&settings.nats, "numbering").await.context("numbering has no broker")?;
    run_with(settings, pool, bus, clock, shutdown).await
}

/// The same with connections that are there already.
///
/// # Errors
/// If the broker refuses the subscription to wake-ups, or a task panics.
pub async fn run_with(
    settings: Settings,
    pool: Pool,
    bus: Bus,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // In a task of its own, so that dropping this future cancels no commit.
    let allocator = allocator::Allocator::new(settings, pool, bus, clock, shutdown);
    tokio::spawn(allocator.run()).await.context("the allocator panicked")?
}
