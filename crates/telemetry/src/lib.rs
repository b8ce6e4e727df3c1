//! What every process does alike: start, read its settings, log, count, stop.
//!
//! Guarantees: a service that is asked to stop (SIGINT, SIGTERM) is told once
//! through its [`CancellationToken`] and may finish in its own time; a second
//! signal ends the process at once. A service that fails says why in one line
//! on stderr and ends with status 1. Nothing here touches data, so a crash in
//! it loses none.

pub mod logs;
pub mod metrics;
pub mod settings;

mod failpoint;
mod lifecycle;

/// Every process allocates with jemalloc, its C libraries too: under load a fifth
/// of our own time went to the system's allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

pub use failpoint::failpoint;
pub use lifecycle::{DIE_WITH_PARENT, die_with_parent, main};
pub use tokio_util::sync::CancellationToken;
