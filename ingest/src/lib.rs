//! The centre's door for edges and for those who read facts.
//!
//! Guarantees: an answer is what the books said at one moment; an edge is heard
//! only if it is enrolled, active, and speaks under its own subject. Requests
//! change nothing but what is known of the edge that asks (its last heartbeat) and
//! of KHQR codes and payments ([`khqr`], each written once), so a lost answer, a
//! request that comes twice and a crash at any step change nothing else: the edge
//! asks again. Any number of processes may serve beside each other; each request
//! goes to one of them.
//!
//! Clients without an edge sell through the direct door ([`door`]).
//!
//! Besides, each process keeps the bucket of catalogues equal to the books'
//! newest (`catalogue_publisher`) and makes streams that vanish again.
//!
//! Who calls the HTTP API shows a token with scopes ([`http::access`]).
//!
//! It is where books that were restored from an older backup are noticed by what edges
//! know of them, and where edges tell the register rows that such books lost
//! (`requests::register`). Until a person has recovered them the direct door keeps
//! nothing (ADR 0013).

pub mod bakong;
pub mod door;
mod drains;
pub mod http;
pub mod khqr;

mod catalogue_publisher;
mod requests;

mod backlogs;
mod center;
mod refusal;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context;
use bus::{Bus, topology::TopologySettings};
use schemas::Clock;
use serde::Deserialize;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub use center::{ANSWER_WITHIN, MAX_CONCURRENT_REQUESTS, STATEMENT_TIMEOUT_MS};
pub use refusal::Refusal;

use center::Center;

/// Where the HTTP API listens unless told otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7081);

/// What `ingest` needs to know.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The broker.
    pub nats: bus::Settings,
    /// The books.
    pub books: store::Settings,
    /// Where the HTTP API listens; port 0 takes a free one.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The streams, the same for all services.
    #[serde(default)]
    pub topology: TopologySettings,
    /// The direct door.
    #[serde(default)]
    pub door: door::Settings,
    /// KHQR; without an access to Bakong none is taken.
    #[serde(default)]
    pub khqr: khqr::KhqrSettings,
}

const fn default_listen() -> SocketAddr {
    DEFAULT_LISTEN
}

/// A door that is about to open: connected, its port taken.
pub struct Ingest {
    center: Arc<Center>,
    listener: TcpListener,
    topology: TopologySettings,
}

impl Ingest {
    /// Connects to the books and the broker and takes the port.
    ///
    /// # Errors
    /// If one of them is not to be had, or a setting cannot work.
    pub async fn bind(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let Settings { nats, books, listen, topology, door, khqr } = settings;
        let waiting = door::Waiting::new(door.wait()?, topology.shards);
        let bus = Bus::connect(&nats, "ingest").await?;
        let pool = store::connect_as(&books, store::Role::Ingest)
            .await
            .context("cannot connect to the books")?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}"))?;
        let khqr = khqr::Khqr::new(pool.clone(), Arc::clone(&clock), khqr)?;
        let center = Arc::new(Center::new(pool, bus, clock, topology.shards, waiting, khqr));
        Ok(Self { center, listener, topology })
    }

    /// Where the HTTP API listens.
    ///
    /// # Errors
    /// If the operating system does not say.
    pub fn http_addr(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("the HTTP port is not known")
    }

    /// Serves until `shutdown`. A part that fails stops the others.
    ///
    /// # Errors
    /// The first failure of a part.
    pub async fn serve(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let Self { center, listener, topology } = self;
        let metrics = telemetry::metrics::install()?;
        let bus = center.bus.clone();
        if !bus::topology::ensure_patiently(&bus, &topology, &shutdown).await? {
            return Ok(());
        }
        // The parts stop when the service shall, and when one of them has ended.
        let stop = shutdown.child_token();
        let mut parts = JoinSet::new();
        parts.spawn(requests::serve(Arc::clone(&center), stop.clone()));
        parts.spawn(http::serve(Arc::clone(&center), metrics, listener, stop.clone()));
        parts.spawn(door::listen(Arc::clone(&center), stop.clone()));
        parts.spawn(khqr::sweep(Arc::clone(&center), stop.clone()));
        parts.spawn(catalogue_publisher::run(center, stop.clone()));
        parts.spawn({
            let stop = stop.clone();
            async move {
                bus::topology::keep(&bus, &topology, &stop).await;
                Ok(())
            }
        });
        let mut outcome = Ok(());
        while let Some(ended) = parts.join_next().await {
            stop.cancel();
            let ended = ended.context("a part of ingest broke").flatten();
            outcome = outcome.and(ended);
        }
        outcome
    }
}

/// The whole service: binds, serves, and stops when `shutdown` is cancelled.
///
/// # Errors
/// As [`Ingest::bind`] and [`Ingest::serve`].
pub async fn run(
    settings: Settings,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let ingest = Ingest::bind(settings, clock).await?;
    tracing::info!(http = %ingest.http_addr()?, "ingest serves");
    ingest.serve(shutdown).await
}
