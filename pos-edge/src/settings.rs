//! What a person sets, with its units and bounds.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;

use crate::journal::{EdgeIdentity, JournalSettings};

/// The settings of an edge.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which edge this is.
    pub identity: EdgeIdentity,
    /// Where tills reach it; port 0 takes a free one.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The directory of the journal; made by [`enrol`](crate::enrol).
    pub data_dir: PathBuf,
    /// The journal's key; `journal.key` in the data directory if not set.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// How to reach the broker. It need not be there.
    pub nats: bus::Settings,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// Bounds on what tills may ask and on what is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// Requests that are served at once.
    pub requests_at_once: usize,
    /// How long one request may take, in milliseconds.
    pub request_timeout_ms: u64,
    /// How many may watch updates at once.
    pub watchers: usize,
    /// The most that the journal's file may grow to, in bytes; the disk if not set.
    pub journal_max_bytes: Option<u64>,
    /// How much of the journal is checked before the first sale, in bytes of
    /// payload; what is older is checked before it is sent.
    pub check_at_start_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            requests_at_once: 256,
            request_timeout_ms: 10_000,
            watchers: 64,
            journal_max_bytes: None,
            check_at_start_bytes: JournalSettings::CHECK_AT_START_BYTES,
        }
    }
}

impl Limits {
    /// How long one request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }
}

impl Settings {
    /// Where and how the journal is kept.
    pub fn journal(&self) -> JournalSettings {
        JournalSettings {
            key_file: self.key_file.clone(),
            max_bytes: self.limits.journal_max_bytes,
            check_at_start_bytes: self.limits.check_at_start_bytes,
            ..JournalSettings::in_dir(&self.data_dir)
        }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8_410))
}
