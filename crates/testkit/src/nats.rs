//! A throw-away nats-server with JetStream.

use std::net::SocketAddr;

use supervise::{NatsOptions, NatsServer};
use tempfile::TempDir;

use crate::{OrFail as _, scratch::scratch_dir};

/// A nats-server of this test's own, with an empty store.
#[derive(Debug)]
pub struct Nats {
    server: NatsServer,
    _dir: TempDir,
}

impl Nats {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// If that is not possible.
    pub async fn new() -> Self {
        let dir = scratch_dir();
        let max_file_store = Some(NatsOptions::ENOUGH_FOR_THE_STREAMS);
        let options = NatsOptions { max_file_store, ..NatsOptions::new(dir.path()) };
        let server = NatsServer::start(options).await.or_fail("start nats-server");
        Self { server, _dir: dir }
    }

    /// Where to connect to; it stays over restarts.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its address, for a [`crate::Line`] to it.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Restarts it in order, or starts it again after a kill.
    ///
    /// # Panics
    /// If that is not possible.
    pub async fn restart(&mut self) {
        self.server.restart().await.or_fail("restart nats-server");
    }

    /// Stops it in order.
    ///
    /// # Panics
    /// If that is not possible.
    pub async fn stop(&mut self) {
        self.server.stop().await.or_fail("stop nats-server");
    }

    /// Kills it (`SIGKILL`).
    ///
    /// # Panics
    /// If that is not possible.
    pub fn kill(&mut self) {
        self.server.kill().or_fail("kill nats-server");
    }

    /// Kills it, deletes every stream, and starts it again empty.
    ///
    /// # Panics
    /// If that is not possible.
    pub async fn wipe(&mut self) {
        self.server.wipe_store().or_fail("wipe the store of nats-server");
        self.restart().await;
    }

    /// A plain client, to look behind the door and to do harm.
    ///
    /// # Panics
    /// If it cannot connect.
    pub async fn client(&self) -> async_nats::Client {
        async_nats::connect(self.url()).await.or_fail("connect to nats-server")
    }

    /// The same for streams.
    ///
    /// # Panics
    /// If it cannot connect.
    pub async fn jetstream(&self) -> async_nats::jetstream::Context {
        async_nats::jetstream::new(self.client().await)
    }
}
