//! What numbering can be told.

use std::time::Duration;

use serde::Deserialize;

/// Numbering's settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The books.
    pub books: store::Settings,
    /// The broker.
    pub nats: bus::Settings,
    /// How long a holder that died keeps standbys waiting, in milliseconds.
    #[serde(default = "Settings::default_lease_ms")]
    pub lease_ms: u64,
    /// How often the queue is looked at when no wake-up comes, in milliseconds.
    #[serde(default = "Settings::default_sweep_ms")]
    pub sweep_ms: u64,
}

impl Settings {
    /// The usual settings.
    pub fn new(books: store::Settings, nats: bus::Settings) -> Self {
        Self { books, nats, lease_ms: Self::default_lease_ms(), sweep_ms: Self::default_sweep_ms() }
    }

    const fn default_lease_ms() -> u64 {
        5_000
    }

    const fn default_sweep_ms() -> u64 {
        500
    }

    pub(crate) const fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    pub(crate) const fn sweep(&self) -> Duration {
        Duration::from_millis(self.sweep_ms)
    }
}
