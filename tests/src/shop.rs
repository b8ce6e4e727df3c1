//! A store: its edge as a process, its line, its till.

use std::path::Path;

use pos_edge::journal::EdgeIdentity;
use schemas::{Clock as _, EdgeId, SystemClock, edge_api::LinkState, subjects::DEFAULT_SHARDS};
use store::companies;
use tempfile::TempDir;
use testkit::{BOUND, Line, Nats, Service, ServicePlan, Store, free_port, scratch_dir, wait_until};
use uuid::Uuid;

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

    /// Puts another box in the place of this one, which is killed: its till is paired
    /// again and goes on in its session. Returns the old box.
    pub async fn replace(&mut self, books: &store::Pool) -> OldBox {
        let old = self.replace_in_the_books(books).await;
        let plan = self.plan();
        self.start_replacement(plan).await;
        old
    }

    /// The same, and the new box does not run yet.
    pub async fn replace_in_the_books(&mut self, books: &store::Pool) -> OldBox {
        self.edge.kill();
        let new = EdgeId::from_uuid(Uuid::now_v7());
        let identity = EdgeIdentity {
            tenant_id: self.store.tenant_id,
            branch_id: self.store.branch_id,
            edge_id: new,
            shards: DEFAULT_SHARDS,
        };
        let (store, now) = ((identity.tenant_id, identity.branch_id), SystemClock.now());
        let mut books = books.begin().await.expect("the books answer");
        let why = ("the test", "it burnt down");
        companies::replace_edge(&mut books, store, new, why, now).await.expect("it is enrolled");
        books.commit().await.expect("the books answer");
        let dir = scratch_dir();
        pos_edge::enrol_replacement(dir.path(), identity, &SystemClock).await.expect("a journal");
        let old = OldBox {
            store: self.store.clone(),
            dir: std::mem::replace(&mut self.dir, dir),
            listen: format!("127.0.0.1:{}", free_port().expect("a port is free")),
        };
        self.store.edge_id = new;
        old
    }

    /// Starts the new box as planned; waits until it sells and its till goes on.
    pub async fn start_replacement(&mut self, plan: ServicePlan) {
        self.edge = plan.start();
        healthy(&self.listen).await;
        self.sells().await;
        self.till.pair_and_log_in().await;
    }

    /// Waits until the edge says that it sells.
    pub async fn sells(&self) {
        wait_until("the edge has taken over", BOUND, async || {
            self.till.sync().await?.standing.sells().then_some(())
        })
        .await;
    }

    /// Where tills reach the edge.
    pub fn listen(&self) -> &str {
        &self.listen
    }

    /// Plans a box that was replaced, with this store's line.
    pub fn plan_old(&self, old: &OldBox) -> ServicePlan {
        plan(&old.store, &self.line, &old.listen, old.dir.path())
    }

    /// Where the edge keeps its journal.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// A box that was replaced.
pub struct OldBox {
    /// Whose it was.
    pub store: Store,
    /// Its disk.
    pub dir: TempDir,
    /// Where it listens when it is started again.
    pub listen: String,
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
