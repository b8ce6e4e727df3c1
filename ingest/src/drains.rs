//! Whether what a replaced edge sent before it was replaced has reached the books. Its
//! box is mostly dead, so what it still has in the stream is on no other way.
//!
//! The newest place in the stream is remembered when somebody first asks about an edge;
//! once the shard's worker is past it, nothing that came before waits. It is remembered
//! in memory only: another process, or this one after a restart, waits a little longer.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bus::{Bus, BusError, entries::Arrivals};
use schemas::{BranchId, EdgeId, TenantId, subjects::shard_of};

/// Edges that are remembered; one that is forgotten is asked about anew.
const MOST: usize = 1_000;

pub(crate) struct Drains {
    bus: Bus,
    shards: u16,
    begun: Mutex<HashMap<EdgeId, u64>>,
}

impl Drains {
    pub(crate) fn new(bus: Bus, shards: u16) -> Self {
        Self { bus, shards, begun: Mutex::default() }
    }

    /// Whether nothing waits that was published before somebody first asked this about
    /// the edge.
    pub(crate) async fn is_done(
        &self,
        tenant: TenantId,
        branch: BranchId,
        edge: EdgeId,
    ) -> Result<bool, BusError> {
        let shard = shard_of(tenant, branch, self.shards);
        let Arrivals { newest, settled } = bus::entries::arrivals(&self.bus, shard).await?;
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.len() >= MOST {
            begun.clear();
        }
        let until = *begun.entry(edge).or_insert(newest);
        Ok(settled >= until)
    }
}
