//! Everything between this store's journal and the books.
//!
//! It guarantees that every entry of the journal reaches the books in the end
//! and that every number comes back, through any outage, whatever the broker
//! loses; and that none of it delays a sale: each part runs beside the capture
//! path and only asks the journal for little at a time.
//!
//! The parts, each a task that is started again when it fails:
//! - `heartbeat` asks the books where they are, every few seconds; all else
//!   starts from its answers. With `link` it tells how the line is.
//! - `adoption` takes over what the edge that this one replaces had open, once;
//! - `wakes` hears that the centre has something for this store, and asks;
//! - `publisher` sends entries and goes back to the books' cursor when
//!   something went wrong;
//! - `confirmations` hears the fast notices of that cursor;
//! - `mapping` brings invoice numbers into the journal, and `register` tells them to
//!   books that lost them;
//! - `pruning` deletes what the books and a backup of them have, after a while;
//! - `stock` and `catalogue` keep what the store prices and looks at.
//!
//! Nothing is kept here: a crash at any moment is a start from the journal and
//! the next heartbeat. With no line at all everything keeps trying, for ever,
//! with bounded pauses.

pub mod link;
pub mod mapping;
pub mod publisher;

mod centre;

mod adoption;
mod board;
mod catalogue;
mod confirmations;
mod figures;
mod heartbeat;
mod latency;
mod outages;
mod pruning;
mod recovery;
mod register;
mod stock;
mod tasks;
mod troubles;
mod wakes;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bus::Bus;
use schemas::{Clock, edge_api::LinkState};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::journal::Journal;
pub use centre::Centre;
pub use outages::Outages;

use board::Board;
use figures::Figures;
use troubles::Troubles;

/// How this edge talks to the centre.
#[derive(Debug, Clone)]
pub struct SyncSettings {
    /// The broker.
    pub nats: bus::Settings,
    /// How often a heartbeat is sent while all is well.
    pub heartbeat_every: Duration,
    /// Of how many days before a replacement takes over sales.
    pub adopt_days: u8,
}

impl SyncSettings {
    /// The usual time between heartbeats.
    pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(3);
    /// A week: receipts and voids of older sales are the back office\'s.
    pub const ADOPT_DAYS: u8 = 7;

    /// The usual settings with this broker.
    pub fn with(nats: bus::Settings) -> Self {
        Self { nats, heartbeat_every: Self::HEARTBEAT_EVERY, adopt_days: Self::ADOPT_DAYS }
    }
}

/// How this store is connected to the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// The line.
    pub state: LinkState,
    /// What went wrong last on the way, until it works again.
    pub last_error: Option<String>,
    /// The newest entry that the books said they have.
    pub books_seq: u64,
    /// The newest `mapping_seq` that the books said the branch has.
    pub mapping_head: u64,
    /// By how much the centre's clock is ahead of ours, in microseconds, to
    /// about half a round trip; `None` before the first answer.
    pub clock_skew_us: Option<i64>,
    /// Entries of the shard that waited in the stream at the last answer.
    pub shard_backlog: u64,
}

/// The running sync of an edge.
#[derive(Debug)]
pub struct SyncHandle {
    /// How the store is connected, at any time.
    pub status: watch::Receiver<LinkView>,
    /// The way to the centre for what a till waits for.
    pub centre: Centre,
    /// What outages come to.
    pub outages: Outages,
    root: JoinHandle<anyhow::Result<()>>,
}

impl SyncHandle {
    /// Waits until it has ended: `Ok` after `shutdown`.
    ///
    /// # Errors
    /// If a part cannot go on: wrong settings, a closed journal, a panic.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.root.await.context("the sync broke down")?
    }
}

/// What every part works with.
struct Edge {
    journal: Journal,
    bus: Bus,
    settings: SyncSettings,
    clock: Arc<dyn Clock>,
    board: Board,
    troubles: Troubles,
    figures: Figures,
    outages: Outages,
}

/// Starts the sync of `journal`. Returns at once; no line is needed.
/// Everything ends when `shutdown` is cancelled, or when one part cannot go on.
pub fn spawn(
    journal: Journal,
    settings: SyncSettings,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> SyncHandle {
    let board = Board::new(journal.confirmed().borrow().seq);
    let status = board.status();
    let outages = Outages::default();
    let kept = outages.clone();
    let (connected, line) = watch::channel(None);
    let centre = Centre { identity: journal.identity(), bus: line, link: status.clone() };
    let root = tokio::spawn(async move {
        let bus = Bus::connect_lazily(&settings.nats, "pos-edge").await?;
        connected.send_replace(Some(bus.clone()));
        let figures = Figures::of(journal.identity().edge_id);
        let troubles = Troubles::default();
        let edge =
            Arc::new(Edge { journal, bus, settings, clock, board, troubles, figures, outages });
        tasks::run(edge, shutdown).await
    });
    SyncHandle { status, centre, outages: kept, root }
}
