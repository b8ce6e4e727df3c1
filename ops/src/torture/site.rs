//! A stack of its own for torture: Postgres and nats-server, and every service as
//! a process (so that `SIGKILL` is real), each with lines of its own to the servers.
//!
//! Other commands find it in its data directory like any stack. Whatever ends this
//! process ends all of it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use bus::{Bus, topology::TopologySettings};
use nix::fcntl::Flock;
use schemas::SystemClock;
use store::Pool;
use supervise::{
    NatsOptions, NatsServer, Postgres, PostgresOptions, ServicePlan,
    bakong::{self, BakongStandIn},
};
use tokio::sync::Mutex;

use super::{
    disk::Disk,
    part::{Lines, Part},
};
use crate::{
    commands::verify::EdgeAddress,
    company::{self, Company, Store},
    drive::client::EdgeClient,
    stack::{EdgePlan, EdgeRecord, Record, edges, folder, record},
};

/// So many processes of each service that may have standbys.
const WORKERS: usize = 2;
const NUMBERING: usize = 2;
/// So much of everything that no level runs low.
const PLENTY: i64 = 1_000_000;
/// The stand-in for Bakong may be asked as often as anyone likes.
const CHECKS_A_DAY: u32 = 1_000_000;
/// How long the centre's door may take to serve.
const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A store of the stack.
pub(super) struct Shop {
    pub(super) store: Store,
    pub(super) edge: Part,
    pub(super) address: EdgeAddress,
    /// Where its clock is shifted.
    pub(super) clock: PathBuf,
    /// Its small disk, where this process may mount one.
    pub(super) disk: Option<Disk>,
}

/// The stack.
pub(super) struct Site {
    pub(super) data_dir: PathBuf,
    pub(super) company: Company,
    pub(super) shops: Vec<Shop>,
    pub(super) workers: Vec<Part>,
    pub(super) numbering: Vec<Part>,
    pub(super) ingest: Part,
    pub(super) centre_url: String,
    pub(super) bakong: BakongStandIn,
    /// Straight to the books, past all lines.
    pub(super) pool: Pool,
    /// Straight to the broker.
    pub(super) bus: Bus,
    pub(super) topology: TopologySettings,
    pub(super) postgres: Mutex<Postgres>,
    pub(super) nats: Mutex<NatsServer>,
    /// Why disks are not filled, if they are not.
    pub(super) no_disk: Option<String>,
    _lock: Flock<fs::File>,
}

impl Site {
    /// Starts everything in an empty directory.
    pub(super) async fn start(data_dir: &Path, durable: bool) -> anyhow::Result<Self> {
        let data_dir = std::path::absolute(data_dir).context("there is no such directory")?;
        if fs::read_dir(&data_dir).is_ok_and(|mut within| within.next().is_some()) {
            bail!("{} is not empty: torture wants a directory of its own", data_dir.display());
        }
        let lock = folder::take(&data_dir)?;
        let topology = folder::topology(&data_dir)?;
        let postgres =
            PostgresOptions { durable, ..PostgresOptions::new(data_dir.join("postgres")) };
        let nats = NatsOptions {
            max_file_store: Some(NatsOptions::ENOUGH_FOR_THE_STREAMS),
            ..NatsOptions::new(data_dir.join("nats"))
        };
        let (postgres, nats) = tokio::join!(Postgres::start(postgres), NatsServer::start(nats));
        let (postgres, nats) = (postgres?, nats?);
        let pool = store::connect(&store::Settings::at(postgres.default_url()))
            .await
            .context("the books cannot be reached")?;
        store::migrate(&pool).await.context("the books cannot be migrated")?;
        let bus = Bus::connect(&bus::Settings::plain(nats.url()), "torture").await?;
        bus::topology::ensure(&bus, &topology).await.context("the streams cannot be made")?;
        let bakong = BakongStandIn::start().await?;
        let company = seeded(&pool).await?;
        company::back_office_token(&pool, &data_dir, company.tenant_id, &SystemClock).await?;

        let plans = Plans { data_dir: &data_dir, postgres: &postgres, nats: &nats };
        let mut workers = Vec::new();
        for nth in 1..=WORKERS {
            workers
                .push(plans.service("workers", nth, |plan| with_streams(plan, &topology)).await?);
        }
        let mut numbering = Vec::new();
        for nth in 1..=NUMBERING {
            numbering.push(plans.service("numbering", nth, |plan| plan).await?);
        }
        let listen = format!("127.0.0.1:{}", supervise::free_port().context("no port is free")?);
        let door = |plan| with_streams(with_bakong(plan, &bakong), &topology);
        let ingest =
            plans.service("ingest", 1, |plan| door(plan).setting("listen", &listen)).await?;
        let (mut shops, mut no_disk) = (Vec::new(), None);
        for store in &company.stores {
            shops.push(plans.shop(&company, store, &topology, &mut no_disk).await?);
        }
        let site = Self {
            centre_url: format!("http://{listen}"),
            postgres: Mutex::new(postgres),
            nats: Mutex::new(nats),
            _lock: lock,
            data_dir,
            company,
            shops,
            workers,
            numbering,
            ingest,
            bakong,
            pool,
            bus,
            topology,
            no_disk,
        };
        site.opened().await?;
        site.record().await?;
        Ok(site)
    }

    /// Waits until the door answers and every store has something to sell.
    async fn opened(&self) -> anyhow::Result<()> {
        let door = EdgeClient::at_url(&self.centre_url)?;
        let begin = tokio::time::Instant::now();
        while !door.is_well().await {
            if begin.elapsed() > START_LIMIT {
                bail!("ingest does not answer:\n{}", self.ingest.take().await.log_tail());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for shop in &self.shops {
            let edge = EdgeClient::at_url(&shop.address.url)?;
            edge.await_catalogue().await.with_context(|| shop.edge.name.clone())?;
        }
        Ok(())
    }

    async fn record(&self) -> anyhow::Result<()> {
        let (postgres, nats) = (self.postgres.lock().await, self.nats.lock().await);
        let edges = self.shops.iter().map(|shop| EdgeRecord {
            name: shop.store.name.clone(),
            tenant_id: self.company.tenant_id,
            branch_id: shop.store.branch_id,
            edge_id: shop.store.edge_id,
            url: shop.address.url.clone(),
            folder: shop.address.folder.clone().unwrap_or_default(),
        });
        let told = Record {
            pid: std::process::id(),
            books_url: postgres.default_url(),
            postgres_pid: postgres.pid().unwrap_or_default(),
            nats_url: nats.url(),
            nats_pid: nats.pid().unwrap_or_default(),
            centre_url: self.centre_url.clone(),
            bakong_url: self.bakong.url(),
            edges: edges.collect(),
        };
        record::write(&self.data_dir, &told)
    }

    /// The centre's processes.
    pub(super) fn services(&self) -> impl Iterator<Item = &Part> {
        self.workers.iter().chain(&self.numbering).chain([&self.ingest])
    }

    /// The edges, for `verify`.
    pub(super) fn edges(&self) -> Vec<EdgeAddress> {
        self.shops.iter().map(|shop| shop.address.clone()).collect()
    }

    /// The token of the company's programs.
    pub(super) fn door_token(&self) -> anyhow::Result<String> {
        let file = self.data_dir.join(company::TOKEN_FILE);
        let token = fs::read_to_string(&file).context("the door's token cannot be read")?;
        Ok(token.trim().to_owned())
    }

    /// Stops everything in order. What lies on small disks is put beside the rest
    /// if the directory is to be kept, and is gone otherwise.
    pub(super) async fn end(self, keep: bool) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        for part in self.shops.iter().map(|shop| &shop.edge).chain(self.services()) {
            outcome = outcome.and(part.stop().await);
        }
        for disk in self.shops.into_iter().filter_map(|shop| shop.disk) {
            if keep {
                outcome = outcome.and(disk.keep());
            }
        }
        self.pool.close().await;
        outcome = outcome.and(self.nats.into_inner().stop().await.map_err(Into::into));
        outcome = outcome.and(self.postgres.into_inner().stop().await.map_err(Into::into));
        outcome.and(record::forget(&self.data_dir))
    }
}

/// Puts a company with three stores into the books.
async fn seeded(pool: &Pool) -> anyhow::Result<Company> {
    let mut company = company::company_like_demo("Torture");
    for store in &mut company.stores {
        store.opening_stock.iter_mut().for_each(|(_, quantity)| *quantity *= PLENTY);
    }
    company::seed(pool, company.clone(), Arc::new(SystemClock)).await?;
    Ok(company)
}

/// How processes are planned.
struct Plans<'a> {
    data_dir: &'a Path,
    postgres: &'a Postgres,
    nats: &'a NatsServer,
}

impl Plans<'_> {
    /// A process of the centre, behind lines of its own.
    async fn service(
        &self,
        name: &str,
        nth: usize,
        with: impl FnOnce(ServicePlan) -> ServicePlan,
    ) -> anyhow::Result<Part> {
        let books = std::net::SocketAddr::from(([127, 0, 0, 1], self.postgres.port()));
        let lines = Lines::to(self.nats.addr(), Some(books)).await?;
        let near = lines.books.as_ref().map_or(books, supervise::Line::addr);
        let url = self.postgres.default_url().replace(&books.to_string(), &near.to_string());
        let plan = ServicePlan::new(name, self.data_dir.join(format!("{name}-{nth}.log")))?
            .setting("books.url", url)
            .setting("nats.url", format!("nats://{}", lines.broker.addr()));
        Part::start(format!("{name} {nth}"), with(plan), lines)
    }

    /// A store with its edge, on a small disk if there can be one.
    async fn shop(
        &self,
        company: &Company,
        store: &Store,
        topology: &TopologySettings,
        no_disk: &mut Option<String>,
    ) -> anyhow::Result<Shop> {
        let plan = EdgePlan {
            name: store.name.clone(),
            tenant_id: company.tenant_id,
            branch_id: store.branch_id,
            edge_id: store.edge_id,
        };
        let disk = match Disk::mount(&edges::folder_of(self.data_dir, store.edge_id)) {
            Ok(disk) => Some(disk),
            Err(error) => {
                *no_disk = Some(format!("no small disk can be mounted: {error:#}"));
                None
            }
        };
        let (folder, identity) =
            edges::enrol(&plan, self.data_dir, topology.shards, &SystemClock).await?;
        let clock = self.data_dir.join(format!("clock-{}", store.edge_id));
        set_clock(&clock, 0)?;
        let lines = Lines::to(self.nats.addr(), None).await?;
        let listen = format!("127.0.0.1:{}", supervise::free_port().context("no port is free")?);
        let log = self.data_dir.join(format!("edge-{}.log", store.edge_id));
        let plan = ServicePlan::new("pos-edge", log)?
            .setting("identity.tenant_id", identity.tenant_id)
            .setting("identity.branch_id", identity.branch_id)
            .setting("identity.edge_id", identity.edge_id)
            .setting("identity.shards", identity.shards)
            .setting("listen", &listen)
            .setting("data_dir", folder.display())
            .setting("nats.url", format!("nats://{}", lines.broker.addr()))
            .env(pos_edge::TORTURE, "1")
            .arg("--torture-clock")
            .arg(&clock);
        let edge = Part::start(format!("edge of {}", store.name), plan, lines)?;
        let address = EdgeAddress {
            edge_id: store.edge_id,
            store: store.name.clone(),
            url: format!("http://{listen}"),
            folder: Some(folder),
        };
        Ok(Shop { store: store.clone(), edge, address, clock, disk })
    }
}

/// Has a clock be so many milliseconds ahead of the machine's.
pub(super) fn set_clock(file: &Path, millis: i64) -> anyhow::Result<()> {
    let making = file.with_extension("new");
    fs::write(&making, millis.to_string())
        .and_then(|()| fs::rename(&making, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

fn with_streams(plan: ServicePlan, topology: &TopologySettings) -> ServicePlan {
    plan.setting("topology.shards", topology.shards)
        .setting("topology.pos_max_bytes", topology.pos_max_bytes)
        .setting("topology.books_max_bytes", topology.books_max_bytes)
}

fn with_bakong(plan: ServicePlan, stand_in: &BakongStandIn) -> ServicePlan {
    plan.setting("khqr.bakong.base_url", stand_in.url())
        .setting("khqr.bakong.token", stand_in.token())
        .setting("khqr.bakong.email", bakong::EMAIL)
        .setting("khqr.bakong.daily_checks", CHECKS_A_DAY)
}
