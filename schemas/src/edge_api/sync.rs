//! How far a store is with the books.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    catalogue::CatalogueRef,
    requests::{OutageReport, StorageLevel},
};

/// What the edge thinks of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Heartbeats are answered.
    Up,
    /// Some are not.
    Unstable,
    /// None is.
    Down,
    /// Answers are back; not yet trusted, or the backlog is still draining.
    Recovering,
}

/// What an edge may do. Whatever it is, it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It sells.
    #[default]
    Selling,
    /// It replaces another edge and has not taken over yet.
    TakingOver,
    /// Another edge has replaced it. What is beyond `confirmedSeq` is only on its disk.
    Retired,
    /// The books know more of its journal than it does itself.
    RolledBack,
}

impl Standing {
    /// Whether it sells.
    pub fn sells(&self) -> bool {
        *self == Self::Selling
    }
}

/// `GET /v1/sync`: how far this store is with the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncStatus {
    /// The line.
    pub link: LinkState,
    /// Entries in the journal.
    pub journal_seq: u64,
    /// Entries that the books have.
    pub confirmed_seq: u64,
    /// Sales captured.
    pub captured: u64,
    /// Sales that the books have.
    pub confirmed: u64,
    /// Sales that have their number.
    pub numbered: u64,
    /// When the oldest unconfirmed entry was recorded.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// What this edge may do.
    #[serde(default, skip_serializing_if = "Standing::sells")]
    pub standing: Standing,
    /// Set when the books hold this edge until a person has looked.
    pub held: Option<String>,
    /// What went wrong last on the way, if anything.
    pub last_error: Option<String>,
    /// The catalogue in use.
    pub catalogue: Option<CatalogueRef>,
    /// Bytes the journal takes.
    pub journal_bytes: u64,
    /// Bytes free beside it.
    pub free_bytes: u64,
    /// What of the journal's file is in use, in bytes.
    pub used_bytes: u64,
    /// That and the room for more sales, in bytes.
    pub capacity_bytes: u64,
    /// What a sale takes, as measured of this journal, in bytes.
    pub bytes_per_ticket: u64,
    /// About how many sales still fit. At 0 new sales are refused.
    pub tickets_left: u64,
    /// What that means, by the store's settings.
    pub storage_level: StorageLevel,
    /// Entries up to here were pruned: the books and a backup of them have them.
    pub pruned_seq: u64,
    /// What the store's outages came to, since its daemon started.
    pub outages: OutageReport,
}
