//! The tills of one store, selling at the pace of people.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use futures::TryStreamExt;
use rand::RngExt;
use rust_decimal::{Decimal, RoundingStrategy};
use schemas::{
    CashSessionId, Clock, Currency, DeviceId, Khr, Money, TicketId, Usd,
    catalogue::{CatalogueV1, Seller},
    edge_api::{FinalizeSale, OpenCashSession, Quote, SaleReceipt, SyncStatus, TenderOffer},
    events::TenderMethod,
};
use tokio_util::sync::CancellationToken;

use crate::{
    company::{Shopper, Store},
    drive::client::EdgeClient,
};

/// How long a customer takes at a till, in milliseconds.
const SERVING_MS: std::ops::RangeInclusive<u64> = 150..=450;
/// One in so many pays in riel.
const PAYS_RIEL: u32 = 4;
/// Riel notes that people carry.
const RIEL_NOTE: i64 = 5_000;
/// Dollar notes that people carry.
const DOLLAR_NOTE: i64 = 5;

/// One store's tills.
pub(super) struct Counter {
    edge: EdgeClient,
    catalogue: CatalogueV1,
    tills: Vec<(EdgeClient, DeviceId, CashSessionId)>,
    seed: u64,
    clock: Arc<dyn Clock>,
    to_print: AtomicUsize,
    printed: Mutex<Vec<SaleReceipt>>,
}

impl Counter {
    /// Logs someone in on each of the store's devices and opens their cash
    /// session.
    pub(super) async fn open(
        store: &Store,
        url: String,
        place: usize,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let edge = EdgeClient::at_url(&url)?;
        edge.await_catalogue().await.with_context(|| store.name.clone())?;
        let mut tills = Vec::new();
        for (device, person) in store.devices().iter().zip(store.staff()) {
            let session = OpenCashSession {
                device_id: device.device_id,
                staff_id: person.staff_id,
                opening_float_usd: Usd(Decimal::from(50)),
                opening_float_khr: Khr(Decimal::from(100_000)),
            };
            // The same key gives the same session when the demo is shown again.
            let key = format!("demo-{}", device.device_id);
            let till = edge.at_till(store, device.device_id, person.staff_id).await?;
            let opened = till.open_session(&key, &session).await?;
            tills.push((till, device.device_id, opened));
        }
        // Everyone there may see how far the tickets are.
        let edge = tills.first().map_or(edge, |(till, ..)| till.clone());
        Ok(Self {
            edge,
            catalogue: store.catalogue.clone(),
            tills,
            seed: place as u64,
            clock,
            to_print: AtomicUsize::new(0),
            printed: Mutex::default(),
        })
    }

    pub(super) fn store(&self) -> &str {
        &self.seller().branch_name
    }

    pub(super) const fn seller(&self) -> &Seller {
        &self.catalogue.seller
    }

    pub(super) fn devices(&self) -> usize {
        self.tills.len()
    }

    pub(super) async fn sync(&self) -> anyhow::Result<SyncStatus> {
        Ok(self.edge.sync().await?)
    }

    /// Keeps the receipts of the next so many sales, to be printed.
    pub(super) fn print_next(&self, count: usize) {
        self.to_print.store(count, Ordering::Relaxed);
    }

    /// Takes the receipts that were kept.
    pub(super) fn printed(&self) -> Vec<SaleReceipt> {
        std::mem::take(&mut *self.printed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The numbers of all tickets that have one.
    pub(super) async fn numbers(&self) -> anyhow::Result<BTreeMap<TicketId, u64>> {
        let numbers = self
            .edge
            .tickets()
            .try_filter_map(async |row| Ok(row.invoice_no.map(|no| (row.ticket_id, no))))
            .try_collect()
            .await?;
        Ok(numbers)
    }

    /// Sells from all tills until `closed`.
    pub(super) async fn sell(&self, closed: &CancellationToken) -> anyhow::Result<()> {
        let tills = self.tills.iter().enumerate();
        futures::future::try_join_all(tills.map(|(place, till)| self.sell_at(place, till, closed)))
            .await?;
        Ok(())
    }

    async fn sell_at(
        &self,
        place: usize,
        (till, device_id, cash_session_id): &(EdgeClient, DeviceId, CashSessionId),
        closed: &CancellationToken,
    ) -> anyhow::Result<()> {
        let mut customers = Shopper::new(self.seed * 100 + place as u64, &self.catalogue);
        while !closed.is_cancelled() {
            let pause = Duration::from_millis(rand::rng().random_range(SERVING_MS));
            tokio::time::sleep(pause).await;
            let cart = customers.cart();
            let quote = till.quote(&cart).await?;
            let received = hand_over(&quote, customers.one_in(PAYS_RIEL));
            let tender = TenderOffer { method: TenderMethod::Cash, received };
            let sale = FinalizeSale {
                device_id: *device_id,
                cash_session_id: *cash_session_id,
                customer_id: None,
                cart,
                tender,
                draft_id: None,
            };
            let ticket = TicketId::mint(self.clock.now(), rand::rng().random());
            let receipt = till.sell_and_print(&ticket, &sale).await?;
            self.keep(receipt);
        }
        Ok(())
    }

    fn keep(&self, receipt: SaleReceipt) {
        let take = |left: usize| left.checked_sub(1);
        if self.to_print.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            self.printed.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
        }
    }
}

/// What a customer hands over: the next notes above what is owed.
fn hand_over(quote: &Quote, riel: bool) -> Money {
    let up_to = |owed: Decimal, note: i64| {
        let note = Decimal::from(note);
        (owed / note).round_dp_with_strategy(0, RoundingStrategy::AwayFromZero) * note
    };
    if riel {
        let amount = up_to(quote.totals.payable_khr.amount(), RIEL_NOTE);
        Money { amount, currency: Currency::Khr }
    } else {
        let amount = up_to(quote.totals.grand_total_usd.amount(), DOLLAR_NOTE);
        Money { amount, currency: Currency::Usd }
    }
}
