//! The bounds of the publisher's window and the lengths of its pauses.

use std::time::Duration;

/// Bounds and pauses of a publisher.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most entries between the cursor and the last one handed out.
    pub entries: usize,
    /// The most bytes of them, as given to [`Core::sent`](super::core::Core::sent). At least the size
    /// of the largest entry.
    pub bytes: usize,
    /// The most entries handed out at once.
    pub chunk_entries: usize,
    /// The most bytes handed out at once, above the first entry.
    pub chunk_bytes: usize,
    /// What one entry may weigh, in bytes: so much room must be left in the
    /// window before the next is handed out.
    pub entry_bytes: usize,
    /// The window does not shrink below this many entries when resends bear
    /// no fruit.
    pub probe_entries: usize,
    /// The first pause after a failure; it doubles with each fruitless attempt.
    pub pause_first: Duration,
    /// The longest pause after failures.
    pub pause_longest: Duration,
    /// How long the cursor may stand still before the books are asked; doubles
    /// with each fruitless attempt.
    pub stall_first: Duration,
    /// The longest that it may stand still before the books are asked.
    pub stall_longest: Duration,
    /// How long the cursor may stand still with a backlog in the shard, or
    /// with no word from the books, before everything is sent again; doubles.
    pub patience_first: Duration,
    /// The longest such patience.
    pub patience_longest: Duration,
    /// After the line came up: how long to wait for the books to say where
    /// they are before starting from what the journal knows.
    pub reply_grace: Duration,
}

impl Limits {
    /// What an edge runs with.
    pub const STANDARD: Self = Self {
        entries: 4_096,
        bytes: 8 * 1024 * 1024,
        chunk_entries: 256,
        chunk_bytes: 512 * 1024,
        entry_bytes: schemas::Entry::MAX_PAYLOAD_BYTES + super::ENTRY_OVERHEAD_BYTES,
        probe_entries: 64,
        pause_first: Duration::from_millis(100),
        pause_longest: Duration::from_secs(30),
        stall_first: Duration::from_secs(1),
        stall_longest: Duration::from_secs(60),
        patience_first: Duration::from_secs(5 * 60),
        patience_longest: Duration::from_secs(30 * 60),
        reply_grace: Duration::from_secs(2),
    };
}
