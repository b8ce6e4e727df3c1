//! Tills that sell to one edge over HTTP: as fast as they can, or so many sales
//! a second.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, DeviceId, Khr, Money, TicketId, Usd,
    edge_api::{Cart, FinalizeSale, OpenCashSession, TenderOffer},
    events::TenderMethod,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    company::{Shopper, Store},
    drive::{
        client::EdgeClient,
        figures::{Numbers, Times},
    },
};

/// Different carts that are sold over and over.
const CARTS: usize = 1_000;
/// What every customer hands over, in dollars: more than any cart costs.
const HANDED_OVER: i64 = 1_000;

/// The tills of one store.
#[derive(Clone)]
pub(super) struct Load {
    edge: EdgeClient,
    device_id: DeviceId,
    cash_session_id: CashSessionId,
    carts: Arc<[Cart]>,
}

impl Load {
    /// Logs in, opens a drawer and thinks of carts.
    pub(super) async fn open(store: &Store, edge: EdgeClient) -> anyhow::Result<Self> {
        let (device, person) = store
            .devices()
            .first()
            .zip(store.staff().first())
            .context("the store has no till or no staff")?;
        let session = OpenCashSession {
            device_id: device.device_id,
            staff_id: person.staff_id,
            opening_float_usd: Usd::ZERO,
            opening_float_khr: Khr::ZERO,
        };
        let edge = edge.at_till(store, device.device_id, person.staff_id).await?;
        // The same key gives the same session to every part of the bench.
        let cash_session_id = edge.open_session("bench", &session).await?;
        let mut customers = Shopper::new(1, &store.catalogue);
        let carts = (0..CARTS).map(|_| customers.cart()).collect();
        Ok(Self { edge, device_id: device.device_id, cash_session_id, carts })
    }

    /// Sells `count` times, from so many tills, each with one sale under way;
    /// returns how long each took, and all together.
    pub(super) async fn sell(&self, count: u64, tills: u64) -> anyhow::Result<(Times, Duration)> {
        let next = Arc::new(AtomicU64::new(0));
        let begin = Instant::now();
        let mut selling = JoinSet::new();
        for _ in 0..tills {
            let (load, next) = (self.clone(), next.clone());
            selling.spawn(async move {
                let mut times = Times::default();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= count {
                        return anyhow::Ok(times);
                    }
                    times.add(load.sell_one(place, None).await?);
                }
            });
        }
        let mut times = Times::default();
        while let Some(sold) = selling.join_next().await {
            times.add_all(&sold.context("a till broke down")??);
        }
        Ok((times, begin.elapsed()))
    }

    /// Sells `count` times, `per_second` of them each second whether or not the
    /// ones before are done; tells `numbers` of each.
    pub(super) async fn sell_steadily(
        &self,
        count: u64,
        per_second: u32,
        numbers: &Arc<Numbers>,
    ) -> anyhow::Result<Times> {
        let mut tick = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        let times = Arc::new(Mutex::new(Times::default()));
        let mut selling = JoinSet::new();
        for place in 0..count {
            tick.tick().await;
            let (load, times, numbers) = (self.clone(), times.clone(), numbers.clone());
            selling.spawn(async move {
                let took = load.sell_one(place, Some(&numbers)).await?;
                times.lock().unwrap_or_else(PoisonError::into_inner).add(took);
                anyhow::Ok(())
            });
            while let Some(sold) = selling.try_join_next() {
                sold.context("a till broke down")??;
            }
        }
        while let Some(sold) = selling.join_next().await {
            sold.context("a till broke down")??;
        }
        let times = times.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(times)
    }

    async fn sell_one(&self, place: u64, numbers: Option<&Numbers>) -> anyhow::Result<Duration> {
        let cart = usize::try_from(place).unwrap_or_default() % self.carts.len().max(1);
        let sale = FinalizeSale {
            device_id: self.device_id,
            cash_session_id: self.cash_session_id,
            customer_id: None,
            cart: self.carts.get(cart).cloned().context("there are no carts")?,
            tender: TenderOffer {
                method: TenderMethod::Cash,
                received: Money { amount: Decimal::from(HANDED_OVER), currency: Currency::Usd },
            },
            draft_id: None,
            shown: None,
        };
        let ticket = TicketId::parse(format!("bench-{}", Uuid::now_v7()))?;
        let begin = Instant::now();
        self.edge.sell(&ticket, &sale).await?;
        let answered = Instant::now();
        if let Some(numbers) = numbers {
            numbers.captured(ticket, answered);
        }
        Ok(answered.duration_since(begin))
    }
}
