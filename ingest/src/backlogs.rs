//! How many entries wait in each shard: asked of the broker at most once a
//! second, however many edges want to know.

use std::time::{Duration, Instant};

use bus::Bus;
use schemas::{BranchId, TenantId, subjects::shard_of};
use tokio::sync::Mutex;

/// How long a figure is good.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// How long a heartbeat waits for a fresh figure before it takes the old one.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Default)]
struct Known {
    backlog: u64,
    asked_at: Option<Instant>,
}

pub(crate) struct Backlogs {
    bus: Bus,
    shards: Vec<Mutex<Known>>,
}

impl Backlogs {
    pub(crate) fn new(bus: Bus, shards: u16) -> Self {
        let shards = (0..shards.max(1)).map(|_| Mutex::default()).collect();
        Self { bus, shards }
    }

    /// The backlog of a branch's shard, as far as known; 0 if never known.
    pub(crate) async fn of(&self, tenant: TenantId, branch: BranchId) -> u64 {
        let count = u16::try_from(self.shards.len()).unwrap_or(u16::MAX);
        let shard = shard_of(tenant, branch, count);
        let Some(known) = self.shards.get(usize::from(shard)) else { return 0 };
        // Whoever waits here finds the figure fresh.
        let mut known = known.lock().await;
        if known.asked_at.is_some_and(|at| at.elapsed() < FRESH_FOR) {
            return known.backlog;
        }
        known.asked_at = Some(Instant::now());
        match tokio::time::timeout(PATIENCE, bus::entries::backlog(&self.bus, shard)).await {
            Ok(Ok(backlog)) => known.backlog = backlog,
            Ok(Err(error)) => tracing::debug!(shard, %error, "the backlog is not known"),
            Err(_) => tracing::debug!(shard, "the backlog is not known in time"),
        }
        known.backlog
    }
}
