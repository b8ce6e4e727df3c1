//! An edge that has been cut off for long: how soon it serves after a restart,
//! and how much memory it takes, as a process of its own.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use schemas::SystemClock;
use serde::Serialize;
use tokio::{
    process::{Child, Command},
    time::sleep,
};

use super::{load::Load, site::Site};
use crate::{
    company::{self, Store},
    drive::{client::EdgeClient, stores::OpenStore},
};

const TILLS: u64 = 32;
/// How long the restart may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How long its memory is watched, while it checks its journal to the end.
const WATCHED: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What was measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Restart {
    /// Tickets that the books have not heard of.
    pub unsynced: u64,
    /// From the start of the process to the first sale it answered.
    pub serving_ms: u64,
    /// The most memory that was resident, in MiB.
    pub resident_mib: u64,
}

/// Journals `tickets` sales at a store with no line, and starts its edge again.
pub(super) async fn measure(site: &Site, tickets: u64) -> anyhow::Result<Restart> {
    let mut company = company::company_like_demo("Bench restart");
    let store: Store = company.stores.swap_remove(0);
    company.stores = vec![store.clone()];
    let tenant_id = company.tenant_id;
    company::seed(site.pool(), company, Arc::new(SystemClock)).await?;
    let open =
        OpenStore::open(tenant_id, store.clone(), site.nats, site.folder(), Arc::new(SystemClock))
            .await?;
    open.line.cut();
    Load::open(&store, open.edge.clone()).await?.sell(tickets, TILLS).await?;
    let folder = open.folder().to_path_buf();
    open.close().await?;

    let listen = SocketAddr::from(([127, 0, 0, 1], supervise::free_port()?));
    let config = folder.join("edge.toml");
    fs::write(&config, settings(tenant_id, &store, listen, &folder)?)
        .with_context(|| format!("cannot write {}", config.display()))?;
    let begin = Instant::now();
    let mut edge = spawn(&config)?;
    let served = first_sale(&mut edge, listen, &store, begin).await?;
    let pid = edge.id().context("the edge ended")?;
    let resident_mib = most_resident(pid).await?;
    edge.kill().await.context("the edge cannot be stopped")?;
    Ok(Restart {
        unsynced: tickets,
        serving_ms: u64::try_from(served.as_millis()).unwrap_or(u64::MAX),
        resident_mib,
    })
}

/// The edge's settings, with a broker that nobody answers for.
fn settings(
    tenant_id: schemas::TenantId,
    store: &Store,
    listen: SocketAddr,
    folder: &Path,
) -> anyhow::Result<String> {
    let nobody = supervise::free_port()?;
    let folder = folder.to_str().context("the folder's name is not UTF-8")?;
    Ok(format!(
        "listen = \"{listen}\"\ndata_dir = {folder:?}\n\n[identity]\ntenant_id = \"{tenant_id}\"\n\
         branch_id = \"{}\"\nedge_id = \"{}\"\n\n[nats]\nurl = \"nats://127.0.0.1:{nobody}\"\n",
        store.branch_id, store.edge_id,
    ))
}

fn spawn(config: &Path) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("this program cannot be found")?;
    Command::new(program)
        .arg("edge")
        .arg("--config")
        .arg(config)
        .env(telemetry::DIE_WITH_PARENT, "1")
        .env("RUST_LOG", "error,async_nats=off")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the edge cannot be started")
}

async fn first_sale(
    edge: &mut Child,
    listen: SocketAddr,
    store: &Store,
    begin: Instant,
) -> anyhow::Result<Duration> {
    let client = EdgeClient::at(listen)?;
    while !client.is_well().await {
        if let Some(status) = edge.try_wait().context("the edge cannot be asked")? {
            bail!("the edge ended: {status}");
        }
        if begin.elapsed() > LIMIT {
            bail!("the edge does not serve after {} s", LIMIT.as_secs());
        }
        sleep(LOOK_EVERY).await;
    }
    Load::open(store, client).await?.sell(1, 1).await?;
    Ok(begin.elapsed())
}

/// The highest resident memory so far (`VmHWM` of proc(5)), some time later.
async fn most_resident(pid: u32) -> anyhow::Result<u64> {
    sleep(WATCHED).await;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .context("the edge's memory cannot be told (only on Linux)")?;
    let kib: u64 = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok()
        })
        .context("the edge's memory cannot be told")?;
    Ok(kib.div_ceil(1_024))
}
