//! The whole of tillstream on one machine: Postgres and nats-server as
//! children, every service in this process, and edges behind lines of their own
//! that can be cut.
//!
//! Guarantees: one stack at a time on a data directory; whatever ends this
//! process ends its children; the next start on the same directory finds
//! everything that was promised to be kept. A server that ends by itself is
//! started again; a service that fails ends the stack, and [`Stack::failure`]
//! says why.
//!
//! Bakong is a stand-in, in memory: what was paid there is forgotten with the stack,
//! and what was found paid is in the books.
//!
//! Others find a running stack through its directory: [`Stack::attach`].

pub(crate) mod edges;
pub(crate) mod folder;
mod ports;
pub(crate) mod record;
mod servers;
mod services;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context;
use bus::{Bus, topology::TopologySettings};
use ingest::khqr::KhqrSettings;
use nix::fcntl::Flock;
use schemas::{Clock, EdgeId};
use store::Pool;
use supervise::bakong::{self, BakongStandIn};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub use edges::{Edge, EdgePlan};
pub use folder::{default_data_dir, is_ours, remove};
pub use ports::Ports;
pub use record::{Attached, EdgeRecord, Record};
pub use servers::Servers;

use services::Services;

/// The stand-in for Bakong may be asked more often than the real one.
const CHECKS_A_DAY: u32 = 10_000;

/// How a stack is started.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Where everything lies; made if missing.
    pub data_dir: PathBuf,
    /// Where it is reached.
    pub ports: Ports,
    /// `false` only where the data is thrown away afterwards.
    pub durable: bool,
}

impl StackOptions {
    /// A durable stack on the usual ports, or free ones where those are taken.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), ports: Ports::default(), durable: true }
    }

    /// A stack to throw away afterwards, on free ports only.
    pub fn throw_away(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), ports: Ports::free(), durable: false }
    }
}

/// A running stack. Dropping it without [`Stack::shutdown`] is a crash: the
/// children are killed, and nothing that was promised is lost.
pub struct Stack {
    data_dir: PathBuf,
    ports: Ports,
    clock: Arc<dyn Clock>,
    record: Record,
    pool: Pool,
    bus: Bus,
    edges: Vec<Edge>,
    services: Services,
    bakong: BakongStandIn,
    servers: Arc<Mutex<Servers>>,
    failures: mpsc::UnboundedReceiver<anyhow::Error>,
    failing: mpsc::UnboundedSender<anyhow::Error>,
    topology: TopologySettings,
    shutdown: CancellationToken,
    _lock: Flock<std::fs::File>,
}

impl Stack {
    /// Starts everything and returns when it serves. Edges that this directory
    /// knows from an earlier start are started too.
    ///
    /// # Errors
    /// If the directory is not ours or in use, a server or a service does not
    /// start, or a port that was asked for is taken.
    pub async fn start(options: StackOptions, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let StackOptions { data_dir, ports, durable } = options;
        let data_dir = std::path::absolute(&data_dir)
            .with_context(|| format!("cannot resolve {}", data_dir.display()))?;
        let lock = folder::take(&data_dir)?;
        record::forget(&data_dir)?;
        let topology = folder::topology(&data_dir)?;
        let servers = Servers::start(&data_dir, &ports, durable).await?;
        let mut record = servers.record();

        let books = store::Settings::at(record.books_url.clone());
        let nats = bus::Settings::plain(record.nats_url.clone());
        let pool = store::connect(&books).await.context("the books cannot be reached")?;
        store::migrate(&pool).await.context("the books cannot be migrated")?;
        let bus = Bus::connect(&nats, "tillstream").await.context("the broker is not fit")?;
        bus::topology::ensure(&bus, &topology).await.context("the streams cannot be made")?;

        let bakong = BakongStandIn::start().await?;
        let (failing, failures) = mpsc::unbounded_channel();
        let shutdown = CancellationToken::new();
        let servers = Arc::new(Mutex::new(servers));
        servers::keep_running(Arc::clone(&servers), failing.clone(), shutdown.clone());
        let services = Services::start(
            services::Plan {
                books,
                nats,
                topology: topology.clone(),
                listen: ports.http()?,
                khqr: khqr(&bakong),
            },
            &clock,
            &failing,
            &shutdown,
        )
        .await?;
        record.centre_url = format!("http://{}", services.http);
        record.bakong_url = bakong.url();
        let mut stack = Self {
            data_dir,
            ports,
            clock,
            record,
            pool,
            bus,
            edges: Vec::new(),
            services,
            bakong,
            servers,
            failures,
            failing,
            topology,
            shutdown,
            _lock: lock,
        };
        for plan in edges::known(&stack.data_dir)? {
            stack.open_edge(plan).await?;
        }
        record::write(&stack.data_dir, &stack.record)?;
        Ok(stack)
    }

    /// Finds the stack that runs on a data directory.
    ///
    /// # Errors
    /// If none does.
    pub fn attach(data_dir: impl Into<PathBuf>) -> anyhow::Result<Attached> {
        let data_dir: PathBuf = data_dir.into();
        if folder::is_taken(&data_dir)? {
            record::read(&data_dir)
        } else {
            anyhow::bail!(
                "no stack runs on {}: start one with ./ops/up, or name its directory with --data-dir",
                data_dir.display()
            )
        }
    }

    /// Where everything is reached, and where it lies.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.data_dir
    }

    /// The books.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The broker.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The broker's address, for a line of one's own.
    ///
    /// # Errors
    /// Never, as long as the record is as [`Servers`] wrote it.
    pub fn nats_addr(&self) -> anyhow::Result<SocketAddr> {
        self.record.nats_addr()
    }

    /// The two servers, to stop, kill and restart them.
    pub fn servers(&self) -> Arc<Mutex<Servers>> {
        Arc::clone(&self.servers)
    }

    /// The stand-in for Bakong, which says what was paid by KHQR.
    pub fn bakong(&self) -> &BakongStandIn {
        &self.bakong
    }

    /// The edges that run, in the order they were added.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// One edge, if it runs.
    pub fn edge(&self, edge_id: EdgeId) -> Option<&Edge> {
        self.edges.iter().find(|edge| edge.plan.edge_id == edge_id)
    }

    /// Starts an edge that the books have enrolled, with a line of its own. It
    /// keeps its journal, key and port in the data directory and is started
    /// again with the next stack. One that runs already is given back.
    ///
    /// # Errors
    /// If its journal is refused or its port is taken.
    pub async fn add_edge(&mut self, plan: EdgePlan) -> anyhow::Result<&Edge> {
        let place = match self.edges.iter().position(|edge| edge.plan.edge_id == plan.edge_id) {
            Some(place) => place,
            None => {
                self.open_edge(plan).await?;
                record::write(&self.data_dir, &self.record)?;
                self.edges.len() - 1
            }
        };
        Ok(&self.edges[place])
    }

    async fn open_edge(&mut self, plan: EdgePlan) -> anyhow::Result<()> {
        let name = plan.name.clone();
        let place = edges::Place {
            data_dir: &self.data_dir,
            nats: self.nats_addr()?,
            shards: self.topology.shards,
            port: self.ports.edge(self.edges.len())?,
        };
        let edge = Edge::open(plan, place, &self.clock, &self.failing)
            .await
            .with_context(|| format!("the edge of {name} does not start"))?;
        self.record.edges.push(edge.record());
        self.edges.push(edge);
        Ok(())
    }

    /// Stops one edge. Its journal stays; [`Self::add_edge`] starts it again.
    ///
    /// # Errors
    /// If it ended with an error.
    pub async fn stop_edge(&mut self, edge_id: EdgeId) -> anyhow::Result<()> {
        let Some(place) = self.edges.iter().position(|edge| edge.plan.edge_id == edge_id) else {
            return Ok(());
        };
        let edge = self.edges.remove(place);
        self.record.edges.retain(|edge| edge.edge_id != edge_id);
        record::write(&self.data_dir, &self.record)?;
        edge.close().await
    }

    /// Waits until a part fails for good, and says how.
    pub async fn failure(&mut self) -> anyhow::Error {
        // The stack itself holds a sender: the channel does not end.
        let ended = || anyhow::anyhow!("nothing of the stack is left");
        self.failures.recv().await.unwrap_or_else(ended)
    }

    /// Stops everything in order: edges, services, broker, books.
    ///
    /// # Errors
    /// The first part that did not end well; the others are stopped all the same.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        for edge in self.edges {
            outcome = outcome.and(edge.close().await);
        }
        self.shutdown.cancel();
        outcome = outcome.and(self.services.ended().await);
        // A connection that somebody forgot to give back must not hold this up.
        let _ = timeout(services::STOP_LIMIT, self.pool.close()).await;
        outcome = outcome.and(self.servers.lock().await.stop().await);
        outcome.and(record::forget(&self.data_dir))
    }
}

/// KHQR with the stand-in for Bakong: money that nobody has.
fn khqr(stand_in: &BakongStandIn) -> KhqrSettings {
    let access = ingest::bakong::Settings {
        token: Some(stand_in.token()),
        email: Some(bakong::EMAIL.to_owned()),
        daily_checks: CHECKS_A_DAY,
        ..ingest::bakong::Settings::at(stand_in.url())
    };
    KhqrSettings { bakong: Some(access), ..KhqrSettings::default() }
}
