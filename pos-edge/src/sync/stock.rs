//! Brings the books' stock levels into the journal, where they are shown less
//! what was sold since. Levels are only ever shown; nothing waits for them.
//!
//! Levels are absolute, so facts may be lost or repeated: a snapshot on each
//! connection and every minute puts right what was missed.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bus::{BusError, Connection};
use bytes::Bytes;
use schemas::{
    EdgeId,
    facts::FactKind,
    requests::StockSnapshotV1,
    subjects::{self, CentralRequest},
};
use tokio::time::Instant;

use super::{Edge, board::Part};
use crate::journal::NewestLevels;

/// How often a snapshot is fetched.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(60);
/// How soon a snapshot that failed is tried again.
const SNAPSHOT_AGAIN: Duration = Duration::from_secs(10);
/// How long a snapshot may take.
const SNAPSHOT_WITHIN: Duration = Duration::from_secs(10);
/// Movements are taken together, at most once per this time.
const TAKEN_EVERY: Duration = Duration::from_millis(100);
/// The most movements taken together.
const MAX_MOVES: usize = 1_000;
/// The newest level of each item is written at most once per this time.
const WRITTEN_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let identity = edge.journal.identity();
    let subject = subjects::fact(identity.tenant_id, identity.branch_id, FactKind::StockMoved);
    let mut facts = bus::facts::follow(&edge.bus, subject, bus::facts::Start::New);
    let mut line = edge.bus.connection();
    line.mark_changed();
    let mut snapshot_at = Instant::now() + SNAPSHOT_EVERY;
    // What was taken and not written yet; one level for each item.
    let mut newest = NewestLevels::default();
    let mut write_at = Instant::now();
    edge.board.tell_error(Part::Stock, None);
    loop {
        tokio::select! {
            batch = facts.next_batch(MAX_MOVES) => {
                for fact in &batch {
                    if let Err(error) = take(fact, identity.edge_id, &mut newest) {
                        tracing::warn!(fact = fact.fact_id, %error, "not a stock movement; passed over");
                    }
                }
                tokio::time::sleep(TAKEN_EVERY).await;
            }
            () = tokio::time::sleep_until(write_at), if !newest.is_empty() => {
                let levels = std::mem::take(&mut newest);
                edge.journal.record_stock_moved(levels).await.context("stock could not be kept")?;
                write_at = Instant::now() + WRITTEN_EVERY;
            }
            () = tokio::time::sleep_until(snapshot_at) => {
                snapshot_at = Instant::now() + take_snapshot(&edge).await?;
            }
            changed = line.changed() => {
                changed.context("the connection is gone")?;
                if *line.borrow_and_update() == Connection::Connected {
                    // First follow, then look: what moves in between comes too.
                    // If it cannot be followed yet, it is tried on by itself.
                    if let Err(error) = facts.connect().await {
                        tracing::debug!(%error, "stock movements cannot be followed yet");
                    }
                    snapshot_at = Instant::now();
                }
            }
        }
    }
}

/// Takes in a movement. One of a version from the future is left to the snapshot.
fn take(
    fact: &bus::facts::FactMessage,
    own: EdgeId,
    newest: &mut NewestLevels,
) -> Result<(), serde_json::Error> {
    match fact.schema_version {
        1 => newest.add_sale(&serde_json::from_slice(&fact.body)?, own),
        2 => newest.add_document(&serde_json::from_slice(&fact.body)?),
        version => tracing::debug!(fact = fact.fact_id, version, "a movement of another version"),
    }
    Ok(())
}

/// Fetches a snapshot; how long until the next.
async fn take_snapshot(edge: &Edge) -> anyhow::Result<Duration> {
    let snapshot = match fetch_snapshot(edge).await {
        Ok(snapshot) => snapshot,
        Err(BusError::Disconnected) => return Ok(SNAPSHOT_EVERY),
        Err(error) => {
            tracing::debug!(%error, "no stock snapshot");
            edge.board.tell_error(Part::Stock, Some(format!("no stock levels: {error}")));
            return Ok(SNAPSHOT_AGAIN);
        }
    };
    edge.journal.record_stock_snapshot(&snapshot).await.context("stock could not be kept")?;
    edge.board.tell_error(Part::Stock, None);
    Ok(SNAPSHOT_EVERY)
}

async fn fetch_snapshot(edge: &Edge) -> Result<StockSnapshotV1, BusError> {
    let subject = edge.central(CentralRequest::Stock);
    let reply =
        bus::requests::request_bytes(&edge.bus, subject, Bytes::new(), SNAPSHOT_WITHIN).await?;
    serde_json::from_slice(&reply).map_err(|error| BusError::Malformed {
        what: "a stock snapshot".to_owned(),
        why: error.to_string(),
    })
}
