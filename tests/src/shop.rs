//! A store: its edge as a process, its line, its till.

use std::path::Path;

use pos_edge::journal::EdgeIdentity;
use schemas::{SystemClock, edge_api::LinkState, subjects::DEFAULT_SHARDS};
use tempfile::TempDir;
use testkit::{BOUND, Line, Nats, Service, ServicePlan, Store, free_port, scratch_dir, wait_until};

use crate::{Till, centre::healthy};

/// A store with its edge.
pub struct Shop {
    /// What the books know of it.
    pub store: Store,
    /// Its line to the broker.
    pub line: Line,
    /// Its edge.
    pub edge: Service,
    /// Its till, with an open session.
    pub till: Till,
    listen: String,
    dir: TempDir,
}

impl Shop {
    /// Enrols the store's edge in a new folder, starts it, waits for its first
    /// catalogue and opens a cash session.
    pub async fn open(store: Store, nats: &Nats) -> Self {
        let dir = scratch_dir();
        let identity = EdgeIdentity {
            tenant_id: store.tenant_id,
            branch_id: store.branch_id,
            edge_id: store.edge_id,
            shards: DEFAULT_SHARDS,
        };
        pos_edge::enrol(dir.path(), identity, &SystemClock).await.expect("an edge can be enrolled");
        let line = Line::to(nats.addr()).await.expect("a line can be laid");
        let listen = format!("127.0.0.1:{}", free_port().expect("a port is free"));
        let edge = plan(&store, &line, &listen, dir.path()).start();
        healthy(&listen).await;
        let mut till = Till::at(&listen);
        till.begin_the_day().await;
        Self { store, line, edge, till, listen, dir }
    }

    /// Another till of this store, with somebody and a session of their own.
    pub async fn second_till(&self, device: &'static str, person: &'static str) -> Till {
        let mut till = self.another_till(device, person);
        till.begin_the_day().await;
        till
    }

    /// Another till, that is not paired yet.
    pub fn another_till(&self, device: &'static str, person: &'static str) -> Till {
        Till::of(&self.listen, device, person)
    }

    /// Waits until the edge sells with this version of its catalogue.
    pub async fn uses(&self, version: u64) {
        wait_until(&format!("the edge uses catalogue {version}"), BOUND, async || {
            (self.till.sync().await?.catalogue?.version == version).then_some(())
        })
        .await;
    }

    /// Waits until the edge knows that its line is down.
    pub async fn knows_it_is_cut_off(&self) {
        wait_until("the edge knows that its line is down", BOUND, async || {
            (self.till.sync().await?.link == LinkState::Down).then_some(())
        })
        .await;
    }

    /// Plans the edge's process: with its folder, its line and its door.
    pub fn plan(&self) -> ServicePlan {
        plan(&self.store, &self.line, &self.listen, self.dir.path())
    }

    /// Kills the edge and starts it again as planned.
    pub async fn restart(&mut self, plan: ServicePlan) {
        self.edge.kill();
        self.edge = plan.start();
        healthy(&self.listen).await;
    }

    /// Where the edge keeps its journal.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

fn plan(store: &Store, line: &Line, listen: &str, dir: &Path) -> ServicePlan {
    Service::plan("pos-edge")
        .setting("identity.tenant_id", store.tenant_id)
        .setting("identity.branch_id", store.branch_id)
        .setting("identity.edge_id", store.edge_id)
        .setting("identity.shards", DEFAULT_SHARDS)
        .setting("listen", listen)
        .setting("data_dir", dir.display())
        .setting("nats.url", format!("nats://{}", line.addr()))
}
