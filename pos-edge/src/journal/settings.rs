//! Which edge, and where its journal lies.

use std::path::PathBuf;

use schemas::{BranchId, EdgeId, TenantId, subjects::DEFAULT_SHARDS};
use serde::{Deserialize, Serialize};

use super::room::RoomSettings;

/// Which edge this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeIdentity {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// This epoch of the store's edge.
    pub edge_id: EdgeId,
    /// Over how many shards entries are spread; fixed at enrolment.
    #[serde(default = "default_shards")]
    pub shards: u16,
}

const fn default_shards() -> u16 {
    DEFAULT_SHARDS
}

/// Where a journal lies and how it is kept.
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// The directory of `journal.db` and `journal.fence`.
    pub data_dir: PathBuf,
    /// The key's file; `journal.key` in the data directory if not set. Where
    /// there is no such file, [`KEY_VARIABLE`](super::KEY_VARIABLE) is used.
    pub key_file: Option<PathBuf>,
    /// The most that the journal's file may grow to, in bytes; `None` is the disk.
    pub max_bytes: Option<u64>,
    /// How much payload is checked before the first sale, in bytes.
    pub check_at_start_bytes: u64,
    /// How much room is kept, and when somebody is told.
    pub room: RoomSettings,
    /// What is older than so many days may be pruned.
    pub keep_days: u32,
}

impl JournalSettings {
    /// 16 MiB: some 8,000 sales, checked in about a tenth of a second.
    pub const CHECK_AT_START_BYTES: u64 = 16 * 1024 * 1024;
    /// A quarter of a year.
    pub const KEEP_DAYS: u32 = 90;

    /// The usual settings for a journal in `data_dir`.
    pub fn in_dir(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            key_file: None,
            max_bytes: None,
            check_at_start_bytes: Self::CHECK_AT_START_BYTES,
            room: RoomSettings::default(),
            keep_days: Self::KEEP_DAYS,
        }
    }

    pub(super) fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data_dir.join("journal.key"))
    }
}
