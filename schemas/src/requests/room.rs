//! Room on an edge's disk, as its heartbeats tell of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Room on an edge's disk, in bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct StorageReport {
    /// What the journal takes.
    pub journal_bytes: u64,
    /// What is free beside it.
    pub free_bytes: u64,
    /// What of the journal's file is in use: pages that pruning freed are not.
    #[serde(default)]
    pub used_bytes: u64,
    /// `used_bytes` and the room that there is for more sales: at used ÷ capacity = 1
    /// new sales are refused.
    #[serde(default)]
    pub capacity_bytes: u64,
    /// What a sale takes, as measured of this journal.
    #[serde(default)]
    pub bytes_per_ticket: u64,
    /// About how many sales still fit.
    #[serde(default)]
    pub tickets_left: u64,
    /// What that means, by the store's settings.
    #[serde(default)]
    pub level: StorageLevel,
}

/// How much room an edge has left for sales.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum StorageLevel {
    /// Enough.
    #[default]
    Ok,
    /// Somebody should make room.
    Low,
    /// Somebody must make room today.
    Critical,
    /// New sales are refused.
    Full,
}

impl StorageLevel {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Low, Self::Critical, Self::Full];

    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Low => "low",
            Self::Critical => "critical",
            Self::Full => "full",
        }
    }
}
