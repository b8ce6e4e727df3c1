//! Connections with TLS. A device that is slow to shake hands keeps nobody waiting, and
//! not for longer than a bound.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

/// Handshakes at once.
const HANDSHAKES: usize = 64;
/// How long one may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after the system refused a connection: too many files are open, mostly.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);

type Connection = (TlsStream<TcpStream>, SocketAddr);

/// Gives connections that have shaken hands.
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<Connection>,
}

impl TlsListener {
    /// Takes connections until `shutdown` is cancelled.
    pub(super) fn start(
        tcp: TcpListener,
        address: SocketAddr,
        config: Arc<ServerConfig>,
        shutdown: CancellationToken,
    ) -> Self {
        let (done, ready) = mpsc::channel(HANDSHAKES);
        tokio::spawn(async move {
            // Ends with the token, or when nobody serves any more.
            let _stopped = shutdown.run_until_cancelled(take(tcp, config, done)).await;
        });
        Self { address, ready }
    }
}

async fn take(tcp: TcpListener, config: Arc<ServerConfig>, done: mpsc::Sender<Connection>) {
    let acceptor = TlsAcceptor::from(config);
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let (line, peer) = match tcp.accept().await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "a connection was not taken");
                tokio::time::sleep(REFUSED_PAUSE).await;
                continue;
            }
        };
        // Small answers must not wait for more to be sent with them.
        if let Err(error) = line.set_nodelay(true) {
            tracing::debug!(%error, "a line stays as it is");
        }
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(line)).await {
                // An error means that nobody serves any more.
                Ok(Ok(stream)) => drop(done.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%error, %peer, "no TLS with a device"),
                Err(_) => tracing::debug!(%peer, "a device did not shake hands in time"),
            }
            drop(place);
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Connection {
        match self.ready.recv().await {
            Some(connection) => connection,
            // It was stopped; so is whoever serves, by the same token.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
