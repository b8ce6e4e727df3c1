//! A whole drive: a company of its own, its stores side by side, to the last
//! number.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use futures::future::try_join_all;
use rust_decimal::Decimal;
use schemas::{Clock, Percent, TenantId};
use store::Pool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    choices::Choices,
    done::Done,
    figures::Times,
    input::{Input, Receipt},
    khqr::Bank,
    outage::Outage,
    progress::Progress,
    replay::{Beginning, replay},
    schedule::schedule,
    speed::Speed,
    stores::OpenStore,
    till::{Manner, Tills},
    watch::{self, Numbered},
};
use crate::company::{Item, Outlet, Plan, imported, seed};

/// How long the last numbers are waited for while none arrives.
const SETTLE_LIMIT: Duration = Duration::from_secs(120);
/// How long the tills may take to hear of a number that their edge knows.
const HEARING_LIMIT: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The middle of everything that a drive sells into.
#[derive(Debug, Clone)]
pub struct Centre {
    /// The books.
    pub pool: Pool,
    /// The broker.
    pub nats: SocketAddr,
    /// The stand-in for Bakong, where KHQR codes are paid.
    pub bakong_url: String,
}

/// How to sell.
#[derive(Debug, Clone)]
pub struct Job {
    /// How fast the data's time passes.
    pub speed: Speed,
    /// When which outlet has no line.
    pub outages: Vec<Outage>,
    /// Sales under way at a time, at each outlet.
    pub tills: usize,
    /// Which receipts are voided or paid by KHQR.
    pub choices: Choices,
    /// What the company takes off each sale.
    pub discount: Percent,
    /// What comes on top of each sale.
    pub vat: Percent,
}

/// What a drive has done. Its stores are still open, to be looked at.
pub struct Driven {
    /// The company it made.
    pub tenant_id: TenantId,
    /// Its stores.
    pub stores: Vec<OpenStore>,
    /// Sales that should have been made.
    pub receipts: u64,
    /// What their tills have done.
    pub done: Done,
    /// Sales that the edges know to be in the books.
    pub confirmed: u64,
    /// Sales that the edges know the number of.
    pub numbered: Numbered,
    /// From answer to number.
    pub number: Times,
}

/// Sells everything. Returns when every captured sale has its number at its
/// edge, or when nothing has moved for two minutes.
///
/// # Errors
/// If the company cannot be made or an edge does not work. Sales that cannot be
/// made are counted.
pub async fn run(
    input: Input,
    job: &Job,
    centre: &Centre,
    folder: &Path,
    clock: Arc<dyn Clock>,
    progress: &Progress,
    shutdown: &CancellationToken,
) -> anyhow::Result<Driven> {
    check_outages(&input, &job.outages)?;
    let tenant_id = TenantId::from_uuid(Uuid::now_v7());
    let company = imported(tenant_id, &plan(&input, job));
    seed(&centre.pool, company.clone(), clock.clone()).await?;
    let open = company
        .stores
        .into_iter()
        .map(|store| OpenStore::open(tenant_id, store, centre.nats, folder, clock.clone()));
    let stores = try_join_all(open).await?;
    let bank = Bank::at_url(&centre.bakong_url).context("no HTTP client can be made")?;
    let (choices, vat, at_once) = (job.choices, job.vat, job.tills);
    let manner = Manner { choices, bank, vat, at_once };
    let keys = input.outlets.iter().map(|outlet| outlet.key.as_str());
    let tills =
        try_join_all(stores.iter().zip(keys).map(|(store, key)| {
            let manner = manner.clone();
            async move {
                Tills::open(tenant_id, key, &store.store, &store.edge, manner).await.map(Arc::new)
            }
        }))
        .await?;
    let stop_hearing = shutdown.child_token();
    let hearing: Vec<_> = stores
        .iter()
        .zip(&tills)
        .map(|(store, tills)| {
            watch::hear_numbers(store.edge.clone(), tills.numbers.clone(), stop_hearing.clone())
        })
        .collect();

    let receipts = input.receipts.len() as u64;
    progress.begin(receipts);
    let selling = sell(input, job, &stores, &tills, shutdown);
    let shown = progress.follow(&stores, &tills);
    tokio::select! {
        sold = selling => sold?,
        () = shown => {}
    }
    for (store, tills) in stores.iter().zip(&tills) {
        tills.restore(&store.line).await;
    }
    let settled = settle(&stores, &tills, shutdown);
    tokio::select! {
        settled = settled => settled?,
        () = progress.follow(&stores, &tills) => {}
    }
    stop_hearing.cancel();
    for heard in hearing {
        heard.await.context("hearing of numbers broke down")?;
    }
    progress.end();
    outcome(tenant_id, stores, &tills, receipts).await
}

/// Refuses an outage of an outlet that is not there.
fn check_outages(input: &Input, outages: &[Outage]) -> anyhow::Result<()> {
    for outage in outages {
        if !input.outlets.iter().any(|outlet| outlet.key == outage.outlet) {
            bail!("there is no outlet {} to cut the line of", outage.outlet);
        }
    }
    Ok(())
}

/// The company that sold what is in the data: one item for each product and
/// unit price that was charged, and a till for everyone who sold.
fn plan(input: &Input, job: &Job) -> Plan {
    let mut sold: BTreeSet<(&str, Decimal)> = BTreeSet::new();
    let mut staff: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for receipt in &input.receipts {
        staff.entry(receipt.outlet).or_default().insert(&receipt.staff);
        sold.extend(receipt.lines.iter().map(|line| (line.product.as_str(), line.unit_price)));
    }
    let items = sold
        .into_iter()
        .filter_map(|(key, unit_price)| {
            let product = input.products.get(key)?;
            Some(Item {
                product: key.to_owned(),
                name: product.name.clone(),
                category: product.category.clone(),
                unit_price,
            })
        })
        .collect();
    let people = |place| staff.get(&place).into_iter().flatten().map(|key| (*key).to_owned());
    let outlets: Vec<Outlet> = input
        .outlets
        .iter()
        .enumerate()
        .map(|(place, outlet)| Outlet {
            key: outlet.key.clone(),
            name: outlet.name.clone(),
            city: outlet.city.clone(),
            staff: people(place).collect(),
        })
        .collect();
    let tills = outlets.iter().map(|outlet| outlet.staff.len()).max().unwrap_or(1);
    let (discount, vat) = (job.discount, job.vat);
    Plan { name: "Drive".to_owned(), outlets, items, tills, discount, vat }
}

async fn sell(
    input: Input,
    job: &Job,
    stores: &[OpenStore],
    tills: &[Arc<Tills>],
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let times = || input.receipts.iter().map(|receipt| receipt.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(()) };
    let beginning = Beginning { at: Instant::now(), data: first };
    let mut by_outlet: Vec<Vec<Receipt>> = vec![Vec::new(); input.outlets.len()];
    for receipt in input.receipts {
        let outlet = receipt.outlet;
        by_outlet[outlet].push(receipt);
    }
    let replays = by_outlet.into_iter().enumerate().map(|(place, receipts)| {
        let key = &input.outlets[place].key;
        let outages = job.outages.iter().filter(|outage| outage.outlet == *key);
        let windows = outages.flat_map(|outage| outage.windows(first, last)).collect();
        let steps = schedule(receipts, windows);
        let (store, tills) = (&stores[place], tills[place].clone());
        replay(store, tills, steps, job.speed, beginning, shutdown)
    });
    try_join_all(replays).await?;
    Ok(())
}

/// Waits until every edge knows the numbers of all of its sales.
async fn settle(
    stores: &[OpenStore],
    tills: &[Arc<Tills>],
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let (mut best, mut moved_at) = (0, Instant::now());
    let mut level_since = None;
    while !shutdown.is_cancelled() {
        let (mut moved, mut level, mut heard) = (0, true, true);
        for (store, tills) in stores.iter().zip(tills) {
            match store.edge.sync().await {
                Ok(sync) => {
                    moved += sync.numbered + sync.confirmed_seq;
                    level &=
                        sync.numbered == sync.captured && sync.confirmed_seq == sync.journal_seq;
                }
                Err(_) => level = false,
            }
            heard &= tills.numbers.count() == tills.captured();
        }
        if moved > best {
            (best, moved_at) = (moved, Instant::now());
        }
        if level {
            let since = *level_since.get_or_insert_with(Instant::now);
            if heard || since.elapsed() > HEARING_LIMIT {
                break;
            }
        }
        if moved_at.elapsed() > SETTLE_LIMIT {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn outcome(
    tenant_id: TenantId,
    stores: Vec<OpenStore>,
    tills: &[Arc<Tills>],
    receipts: u64,
) -> anyhow::Result<Driven> {
    let mut driven = Driven {
        tenant_id,
        stores: Vec::new(),
        receipts,
        done: Done::default(),
        confirmed: 0,
        numbered: Numbered::default(),
        number: Times::default(),
    };
    for (store, tills) in stores.iter().zip(tills) {
        driven.done.add_all(tills.done());
        driven.number.add_all(&tills.numbers.times());
        driven.confirmed += store.edge.sync().await?.confirmed;
        driven.numbered = driven.numbered.and(watch::numbered(&store.edge).await?);
    }
    driven.stores = stores;
    Ok(driven)
}
