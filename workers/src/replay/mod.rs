//! Replay: what entries should have made, through the handlers that booked them, and
//! what of it the books lack.
//!
//! [`recompute`] handles the archived entries of a branch again, from the first one on
//! and in the order in which the books took them, into empty tables beside the books
//! (`store::replay`), and compares. Nothing in the books is locked or written, so it is
//! safe while selling; killed at any step it leaves nothing behind. Only [`Repair`]
//! writes: missing rows whose key derives from their cause, in one transaction under
//! the cursors' locks, so that a second repair finds nothing to write.
//!
//! [`from_stream`] takes entries from the stream instead. Those that the books have are
//! compared with the archive; those that a worker is past and that follow a cursor are
//! booked, through the same
//! admission and booking as a worker's batch and under the same locks of the cursors,
//! so that whoever comes first books an entry and the other one finds a duplicate.
//!
//! What cannot be told from the entries is not compared: how a ledger of stock or an
//! account stood when a row was written (`verify` adds them up), and exceptions that
//! depend on that.

mod from_stream;
mod recompute;

use schemas::{EdgeId, Entry, Timestamp};

pub use from_stream::{Applied, Streamed, from_stream};
pub use recompute::{Recomputed, Repair, recompute};

use crate::booking::BookingError;

/// Where a range of entries begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// By the store's clock, when the entry was written.
    Time(Timestamp),
    /// By its place: in its journal, or in the stream.
    Place(u64),
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// None before this.
    pub from: Option<Edge>,
    /// None after this; a time itself is not in it, a place is.
    pub to: Option<Edge>,
    /// Only of these kinds; empty: of all.
    pub kinds: Vec<String>,
}

impl Range {
    /// Whether an entry at `place` is in it.
    pub fn holds(&self, entry: &Entry, place: u64) -> bool {
        self.holds_at(&entry.kind, entry.recorded_at, place)
    }

    /// Whether what has this kind, time and place is in it.
    pub fn holds_at(&self, kind: &str, time: Timestamp, place: u64) -> bool {
        let begins = match self.from {
            None => true,
            Some(Edge::Time(at)) => time >= at,
            Some(Edge::Place(first)) => place >= first,
        };
        let ends = match self.to {
            None => true,
            Some(Edge::Time(at)) => time < at,
            Some(Edge::Place(last)) => place <= last,
        };
        begins && ends && (self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind))
    }
}

/// Why a replay did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The books refused, or their handlers refuse too much.
    #[error(transparent)]
    Booking(#[from] BookingError),
    /// The replay was interrupted.
    #[error("the replay was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
    /// Somebody asked it to stop. Nothing was written.
    #[error("stopped")]
    Stopped,
    /// What it was asked for cannot be done.
    #[error("{0}")]
    Refused(String),
}

impl From<store::Error> for ReplayError {
    fn from(error: store::Error) -> Self {
        Self::Booking(error.into())
    }
}

/// An entry's name.
type Name = (EdgeId, u64);
