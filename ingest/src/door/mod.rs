//! The direct door: clients without an edge sell here.
//!
//! Guarantees: a request is committed as a *submission* under its ticket before it
//! is answered, so a lost answer, a crash of this process, of the worker or of the
//! broker at any step changes nothing: the same request again finds the same
//! submission and gets the same outcome. Nothing is decided here; the worker that
//! holds the branch's shard does (`workers::direct`). The notice that wakes it, and
//! the one that tells of the outcome, only save waiting.
//!
//! Whoever waits longer than [`Settings::wait_ms`] is told where to ask again.

pub(crate) mod accounts;
mod answer;
pub(crate) mod keep;
pub(crate) mod khqr;
mod sale;
pub(crate) mod sessions;
pub(crate) mod staffed;
mod status;
mod waiting;

pub(crate) use sale::__path_post as __path_post_sale;
pub(crate) use sale::post as post_sale;
pub(crate) use status::__path_get as __path_get_status;
pub(crate) use status::get as get_status;

use std::time::Duration;

use anyhow::ensure;
use serde::Deserialize;

pub(crate) use waiting::{Waiting, listen};

/// The longest that a request may be asked to wait for its outcome, in milliseconds:
/// well within the time that any request may take.
pub const MAX_WAIT_MS: u64 = 8_000;

/// What the direct door can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long a request waits for its outcome before it is told to ask again, in
    /// milliseconds; at most [`MAX_WAIT_MS`].
    pub wait_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { wait_ms: 3_000 }
    }
}

impl Settings {
    /// How long a request waits.
    ///
    /// # Errors
    /// If it is longer than any request may take.
    pub(crate) fn wait(self) -> anyhow::Result<Duration> {
        let wait = self.wait_ms;
        ensure!(wait <= MAX_WAIT_MS, "door.wait_ms is {wait}; at most {MAX_WAIT_MS} can be kept");
        Ok(Duration::from_millis(wait))
    }
}
