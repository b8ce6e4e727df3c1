//! What the workers can be told.

use std::time::Duration;

use bus::topology::TopologySettings;
use serde::Deserialize;

use crate::relay;

/// The workers' settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The books.
    pub books: store::Settings,
    /// The broker.
    pub nats: bus::Settings,
    /// The streams, and over how many shards entries spread.
    #[serde(default)]
    pub topology: TopologySettings,
    /// How long a holder that died keeps a shard waiting, in milliseconds.
    #[serde(default = "Settings::default_lease_ms")]
    pub lease_ms: u64,
    /// The relay.
    #[serde(default)]
    pub relay: relay::Settings,
}

impl Settings {
    /// The usual settings.
    pub fn new(books: store::Settings, nats: bus::Settings) -> Self {
        Self {
            books,
            nats,
            topology: TopologySettings::default(),
            lease_ms: Self::default_lease_ms(),
            relay: relay::Settings::default(),
        }
    }

    const fn default_lease_ms() -> u64 {
        5_000
    }

    pub(crate) const fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }
}
