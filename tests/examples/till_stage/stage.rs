//! What is on the stage, and how it is put there.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use domain::secrets::{self, Cost};
use ops::{
    commands::verify::EdgeAddress,
    company::{self, Company, Store},
    drive::client::EdgeClient,
    stack::{EdgePlan, Stack, StackOptions},
};
use pos_edge::journal::EdgeIdentity;
use schemas::{
    CashSessionId, CategoryId, Clock as _, DeviceId, Khr, MenuItemId, StaffId, SystemClock, Usd,
    catalogue::{Category, Device, DevicePairing, MenuItem, StaffRole, StockUse},
    edge_api::OpenCashSession,
    subjects::DEFAULT_SHARDS,
};
use serde::Serialize;
use supervise::{Line, Service, ServicePlan};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// The store under test, and the one that sells meanwhile.
const HERE: usize = 0;
const ELSEWHERE: usize = 1;

/// How long the edge may take to serve.
const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) stack: Stack,
    pub(crate) company: Company,
    pub(crate) line: Line,
    pub(crate) edge: Service,
    pub(crate) elsewhere: Seat,
    url: String,
    edge_dir: PathBuf,
    _scratch: TempDir,
}

/// Somebody who sells at the other store.
pub(crate) struct Seat {
    pub(crate) till: EdgeClient,
    pub(crate) device_id: DeviceId,
    pub(crate) session: CashSessionId,
}

/// What a test must know.
#[derive(Serialize)]
pub(crate) struct Told {
    /// Where the store's edge is: the page and its API.
    edge: String,
    /// The centre's API.
    centre: String,
    /// The store's tills.
    devices: Vec<ToldDevice>,
    /// Who works there.
    staff: Vec<ToldPerson>,
}

#[derive(Serialize)]
struct ToldDevice {
    device_id: DeviceId,
    name: String,
    code: String,
}

#[derive(Serialize)]
struct ToldPerson {
    staff_id: StaffId,
    name: String,
    role: StaffRole,
    pin: String,
}

impl Stage {
    /// Starts everything and returns when both stores sell.
    pub(crate) async fn start(more_items: u32) -> anyhow::Result<Self> {
        let scratch = testkit::scratch_dir();
        let clock = Arc::new(SystemClock);
        let options = StackOptions::throw_away(scratch.path().join("stack"));
        let mut stack = Stack::start(options, clock.clone()).await?;
        let mut company = company::company_like_demo("Sora Coffee");
        put_on_the_menu(&mut company.stores[HERE], more_items)?;
        one_more_till(&mut company.stores[HERE])?;
        company::seed(stack.pool(), company.clone(), clock.clone()).await?;
        let elsewhere = Seat::take(&mut stack, &company).await?;

        let store = &company.stores[HERE];
        let identity = EdgeIdentity {
            tenant_id: company.tenant_id,
            branch_id: store.branch_id,
            edge_id: store.edge_id,
            shards: DEFAULT_SHARDS,
        };
        let edge_dir = scratch.path().join("edge");
        pos_edge::enrol(&edge_dir, identity, clock.as_ref()).await?;
        let line = Line::to(stack.nats_addr()?).await.context("no line can be laid")?;
        let listen = format!("127.0.0.1:{}", supervise::free_port().context("no port is free")?);
        let edge = ServicePlan::new("pos-edge", scratch.path().join("edge.log"))?
            .setting("identity.tenant_id", identity.tenant_id)
            .setting("identity.branch_id", identity.branch_id)
            .setting("identity.edge_id", identity.edge_id)
            .setting("identity.shards", identity.shards)
            .setting("listen", &listen)
            .setting("data_dir", edge_dir.display())
            .setting("nats.url", format!("nats://{}", line.addr()))
            .start()?;
        let url = format!("http://{listen}");
        let stage =
            Self { stack, company, line, edge, elsewhere, url, edge_dir, _scratch: scratch };
        stage.serves().await?;
        stage.client()?.await_catalogue().await?;
        Ok(stage)
    }

    /// What a test must know.
    pub(crate) fn told(&self) -> anyhow::Result<Told> {
        let store = self.here();
        let devices = store.devices().iter().map(|device| {
            let code = store.code(device.device_id).context("a till without a code")?;
            Ok(ToldDevice { device_id: device.device_id, name: device.name.clone(), code })
        });
        let staff = store.staff().iter().map(|person| {
            let pin = store.pin(person.staff_id).context("somebody without a PIN")?;
            let (staff_id, name) = (person.staff_id, person.name.clone());
            Ok(ToldPerson { staff_id, name, role: person.role, pin })
        });
        Ok(Told {
            edge: self.url.clone(),
            centre: self.stack.record().centre_url.clone(),
            devices: devices.collect::<anyhow::Result<_>>()?,
            staff: staff.collect::<anyhow::Result<_>>()?,
        })
    }

    /// The store under test.
    pub(crate) fn here(&self) -> &Store {
        &self.company.stores[HERE]
    }

    /// The store under test, to change its menu.
    pub(crate) fn here_mut(&mut self) -> &mut Store {
        &mut self.company.stores[HERE]
    }

    /// The other one.
    pub(crate) fn other_store(&self) -> &Store {
        &self.company.stores[ELSEWHERE]
    }

    /// The edge of the store under test.
    pub(crate) fn client(&self) -> anyhow::Result<EdgeClient> {
        Ok(EdgeClient::at_url(&self.url)?)
    }

    /// Waits until the edge of the store under test answers.
    pub(crate) async fn serves(&self) -> anyhow::Result<()> {
        let edge = self.client()?;
        let well = look(START_LIMIT, async || Ok(edge.is_well().await.then_some(()))).await?;
        well.with_context(|| format!("the edge does not answer:\n{}", self.edge.log_tail()))
    }

    /// Both edges, for `verify`.
    pub(crate) fn edges(&self) -> Vec<EdgeAddress> {
        let mut edges: Vec<EdgeAddress> = self
            .stack
            .record()
            .edges
            .iter()
            .map(|edge| EdgeAddress {
                edge_id: edge.edge_id,
                store: edge.name.clone(),
                url: edge.url.clone(),
                folder: Some(edge.folder.clone()),
            })
            .collect();
        edges.push(EdgeAddress {
            edge_id: self.here().edge_id,
            store: self.here().name.clone(),
            url: self.url.clone(),
            folder: Some(self.edge_dir.clone()),
        });
        edges
    }

    /// Stops everything.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        self.edge.kill()?;
        self.stack.shutdown().await
    }
}

impl Seat {
    /// Opens the other store, with somebody at its first till.
    async fn take(stack: &mut Stack, company: &Company) -> anyhow::Result<Self> {
        let store = &company.stores[ELSEWHERE];
        let plan = EdgePlan {
            name: store.name.clone(),
            tenant_id: company.tenant_id,
            branch_id: store.branch_id,
            edge_id: store.edge_id,
        };
        let edge = EdgeClient::at_url(&stack.add_edge(plan).await?.url())?;
        edge.await_catalogue().await?;
        let (Some(device), Some(person)) = (store.devices().first(), store.staff().first()) else {
            bail!("nobody sells at {}", store.name);
        };
        let (device_id, staff_id) = (device.device_id, person.staff_id);
        let till = edge.at_till(store, device_id, staff_id).await?;
        let session = OpenCashSession {
            device_id,
            staff_id,
            opening_float_usd: Usd(50.into()),
            opening_float_khr: Khr(100_000.into()),
        };
        let session = till.open_session("the-day", &session).await?;
        Ok(Self { till, device_id, session })
    }
}

/// A fourth till, `Garden tablet`, with the code that its place gives it.
fn one_more_till(store: &mut Store) -> anyhow::Result<()> {
    let device_id = DeviceId::derived(store.branch_id.as_uuid(), "garden");
    store.catalogue.devices.push(Device::new(device_id, "Garden tablet".to_owned()));
    let code = store.code(device_id).context("the till has no place")?;
    let code_hash = secrets::hash(&code, *device_id.as_uuid().as_bytes(), Cost::MADE_UP)?;
    let expires_at = now().plus_micros(86_400_000_000);
    for device in &mut store.catalogue.devices {
        if device.device_id == device_id {
            device.pairing = Some(DevicePairing { code_hash: code_hash.clone(), expires_at });
        }
    }
    Ok(())
}

/// So many items more, all in one category.
fn put_on_the_menu(store: &mut Store, count: u32) -> anyhow::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let space = store.branch_id.as_uuid();
    let category_id = CategoryId::derived(space, "much");
    let menu = &mut store.catalogue;
    menu.categories.push(Category { category_id, name: "Much".to_owned() });
    let like = menu.items.first().context("the menu is empty")?.clone();
    for nth in 1..=count {
        menu.items.push(MenuItem {
            menu_item_id: MenuItemId::derived(space, &format!("much/{nth}")),
            name: format!("Item {nth}"),
            category_id: Some(category_id),
            stock: StockUse::Untracked,
            ..like.clone()
        });
    }
    Ok(())
}

/// Looks again and again, no longer than `limit`: what was found, if anything.
pub(crate) async fn look<T>(
    limit: Duration,
    mut probe: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let begin = Instant::now();
    loop {
        let found = probe().await?;
        if found.is_some() || begin.elapsed() > limit {
            return Ok(found);
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Now, by the machine's clock.
pub(crate) fn now() -> schemas::Timestamp {
    SystemClock.now()
}
