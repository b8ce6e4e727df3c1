//! Noticing that a connection was made anew: what the broker sent while there
//! was none is gone, so consumers begin again where they were.

use tokio::sync::watch;

use crate::Bus;

/// Tells each new connection once.
pub(crate) struct Reconnects(watch::Receiver<u64>);

impl Reconnects {
    /// From now on.
    pub(crate) fn of(bus: &Bus) -> Self {
        let mut made = bus.connections_made();
        made.mark_unchanged();
        Self(made)
    }

    /// Forgets those so far: whoever calls is about to begin anew.
    pub(crate) fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The bus is gone, and with it every connection.
            std::future::pending::<()>().await;
        }
    }
}
