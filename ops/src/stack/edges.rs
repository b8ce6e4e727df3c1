//! The edges of a stack: each with its own journal and key under
//! `edges/<id>/`, its own port, and its own line to the broker.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use pos_edge::journal::{EdgeIdentity, Journal};
use schemas::{BranchId, Clock, EdgeId, TenantId};
use serde::{Deserialize, Serialize};
use supervise::Line;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    record::EdgeRecord,
    services::{STOP_LIMIT, watch},
};

/// Says which edge a folder is of; written when its journal is there.
const PLAN: &str = "edge.json";

/// An edge to start: the books must have enrolled it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgePlan {
    /// The store's name.
    pub name: String,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge.
    pub edge_id: EdgeId,
}

/// An edge that runs in this process.
pub struct Edge {
    /// Which it is.
    pub plan: EdgePlan,
    /// Its line to the broker: cut it, stall it, restore it.
    pub line: Line,
    /// Where tills reach it.
    pub address: SocketAddr,
    /// Its journal, for what no till can ask.
    pub journal: Journal,
    folder: PathBuf,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

/// Where an edge is started.
pub(super) struct Place<'a> {
    pub(super) data_dir: &'a Path,
    pub(super) nats: SocketAddr,
    pub(super) shards: u16,
    pub(super) port: SocketAddr,
}

impl Edge {
    /// Its HTTP API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn open(
        plan: EdgePlan,
        place: Place<'_>,
        clock: &Arc<dyn Clock>,
        failing: &mpsc::UnboundedSender<anyhow::Error>,
    ) -> anyhow::Result<Self> {
        let (folder, identity) = enrol(&plan, place.data_dir, place.shards, clock.as_ref()).await?;
        let line = Line::to(place.nats).await.context("no line can be laid to the broker")?;
        let settings = pos_edge::Settings {
            identity,
            listen: place.port,
            data_dir: folder.clone(),
            key_file: None,
            nats: bus::Settings::plain(format!("nats://{}", line.addr())),
            limits: pos_edge::Limits::default(),
            receipts: pos_edge::ReceiptSettings::default(),
            https: None,
        };
        let shutdown = CancellationToken::new();
        let running = pos_edge::start(settings, Arc::clone(clock), shutdown.clone()).await?;
        let (address, journal) = (running.address, running.journal.clone());
        let (_, task) = watch("an edge", running.ended(), failing, &shutdown);
        Ok(Self { plan, line, address, journal, folder, shutdown, task })
    }

    pub(super) fn record(&self) -> EdgeRecord {
        EdgeRecord {
            name: self.plan.name.clone(),
            tenant_id: self.plan.tenant_id,
            branch_id: self.plan.branch_id,
            edge_id: self.plan.edge_id,
            url: self.url(),
            folder: self.folder.clone(),
        }
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        let name = &self.plan.name;
        match timeout(STOP_LIMIT, self.task).await {
            Ok(ended) => ended.with_context(|| format!("the edge of {name} panicked")),
            Err(_) => bail!("the edge of {name} does not stop"),
        }
    }
}

/// Sees to it that an edge has its journal and key in the data directory; says
/// where, and what it is.
pub(crate) async fn enrol(
    plan: &EdgePlan,
    data_dir: &Path,
    shards: u16,
    clock: &dyn Clock,
) -> anyhow::Result<(PathBuf, EdgeIdentity)> {
    let folder = folder_of(data_dir, plan.edge_id);
    let EdgePlan { tenant_id, branch_id, edge_id, .. } = *plan;
    let identity = EdgeIdentity { tenant_id, branch_id, edge_id, shards };
    let told = folder.join(PLAN);
    if !told.exists() {
        // Nothing was ever sold by a journal that was not told of: an
        // enrolment that was cut short is begun again.
        if fs::read_dir(&folder).is_ok_and(|mut within| within.next().is_some()) {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        pos_edge::enrol(&folder, identity, clock).await?;
        let text = serde_json::to_vec_pretty(plan).context("cannot write the edge's plan")?;
        fs::write(&told, text).with_context(|| format!("cannot write {}", told.display()))?;
    }
    Ok((folder, identity))
}

/// Where an edge keeps its journal and key.
pub(crate) fn folder_of(data_dir: &Path, edge_id: EdgeId) -> PathBuf {
    data_dir.join("edges").join(edge_id.to_string())
}

/// The edges that a data directory knows, in the order they came to be.
pub(super) fn known(data_dir: &Path) -> anyhow::Result<Vec<EdgePlan>> {
    let mut known = Vec::new();
    for entry in fs::read_dir(data_dir.join("edges")).into_iter().flatten().flatten() {
        let told = entry.path().join(PLAN);
        if let Ok(text) = fs::read(&told) {
            let plan: EdgePlan = serde_json::from_slice(&text)
                .with_context(|| format!("{} cannot be read", told.display()))?;
            let since = fs::metadata(&told).and_then(|told| told.modified()).ok();
            known.push((since, plan));
        }
    }
    known.sort_by_key(|(since, plan)| (*since, plan.edge_id));
    Ok(known.into_iter().map(|(_, plan)| plan).collect())
}
