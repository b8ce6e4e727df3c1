//! One store at work: its tills, its manager, and what happened there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use anyhow::Context;
use futures::{TryStreamExt, future::try_join_all};
use schemas::{
    Clock, Currency, Khr, TicketId, Usd,
    catalogue::{CatalogueV1, Seller, StaffRole},
    edge_api::{CloseCashSession, SaleReceipt, SyncStatus},
};
use tokio_util::sync::CancellationToken;

use super::{
    tally::Tally,
    till::{Seat, Till},
};
use crate::{
    company::{Shopper, Store},
    drive::{client::EdgeClient, khqr::Bank},
};

/// Tills of a store that the demo sells from; the others are left to whoever looks on.
const SEATS: usize = 3;

/// One store's tills.
pub(super) struct Counter {
    edge: EdgeClient,
    pub(super) bank: Bank,
    pub(super) clock: Arc<dyn Clock>,
    catalogue: CatalogueV1,
    seats: Vec<Seat>,
    seed: u64,
    shift: AtomicU64,
    requests: AtomicU64,
    tally: Mutex<Tally>,
    to_print: AtomicUsize,
    printed: Mutex<Vec<SaleReceipt>>,
}

impl Counter {
    /// Logs someone in on each of the store's devices. Drawers that were left
    /// open by a demo that was interrupted are closed.
    pub(super) async fn open(
        store: &Store,
        url: String,
        place: usize,
        bank: Bank,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let edge = EdgeClient::at_url(&url)?;
        edge.await_catalogue().await.with_context(|| store.name.clone())?;
        let mut seats = Vec::new();
        for (device, person) in store.devices().iter().zip(store.staff()).take(SEATS) {
            let (device_id, staff_id) = (device.device_id, person.staff_id);
            let client = edge.at_till(store, device_id, staff_id).await?;
            seats.push(Seat { client, device_id, staff_id });
        }
        let counter = Self {
            // Everyone there may see how far the tickets are.
            edge: seats.first().map_or(edge, |seat| seat.client.clone()),
            bank,
            clock,
            catalogue: store.catalogue.clone(),
            seats,
            seed: place as u64,
            shift: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            tally: Mutex::default(),
            to_print: AtomicUsize::new(0),
            printed: Mutex::default(),
        };
        counter.close_what_is_open().await?;
        Ok(counter)
    }

    /// Closes every session with what it must hold: nobody knows better.
    async fn close_what_is_open(&self) -> anyhow::Result<()> {
        let Some(manager) = self.manager() else { return Ok(()) };
        for session in manager.open_sessions().await? {
            let id = session.cash_session_id;
            let drawers = manager.x_report(id).await?.report.drawers;
            let expected = |currency: Currency| {
                drawers.iter().filter(|of| of.currency == currency).map(|of| of.expected).sum()
            };
            let counted = CloseCashSession {
                counted_usd: Usd(expected(Currency::Usd)),
                counted_khr: Khr(expected(Currency::Khr)),
            };
            manager.close_session(id, &counted).await?;
        }
        Ok(())
    }

    /// Who decides about voids, if one of those is logged in.
    pub(super) fn manager(&self) -> Option<&EdgeClient> {
        let approves = |seat: &&Seat| {
            let mut staff = self.catalogue.staff.iter();
            staff.any(|one| one.staff_id == seat.staff_id && one.role != StaffRole::Cashier)
        };
        self.seats.iter().find(approves).map(|seat| &seat.client)
    }

    pub(super) fn store(&self) -> &str {
        &self.seller().branch_name
    }

    pub(super) const fn seller(&self) -> &Seller {
        &self.catalogue.seller
    }

    pub(super) fn devices(&self) -> usize {
        self.seats.len()
    }

    pub(super) async fn sync(&self) -> anyhow::Result<SyncStatus> {
        Ok(self.edge.sync().await?)
    }

    /// Keeps the receipts of the next so many sales, to be printed.
    pub(super) fn print_next(&self, count: usize) {
        self.to_print.store(count, Ordering::Relaxed);
    }

    /// Keeps a receipt, if it is to be printed.
    pub(super) fn keep(&self, receipt: SaleReceipt) {
        let take = |left: usize| left.checked_sub(1);
        if self.to_print.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            self.printed.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
        }
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

    /// Has every till count its drawer after the customer it serves.
    pub(super) fn change_shift(&self) {
        self.shift.fetch_add(1, Ordering::Relaxed);
    }

    /// Which shift it is.
    pub(super) fn shift(&self) -> u64 {
        self.shift.load(Ordering::Relaxed)
    }

    /// How many requests to void there were before this one.
    pub(super) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes something down of what happened.
    pub(super) fn tally(&self, what: impl FnOnce(&mut Tally)) {
        what(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What happened so far.
    pub(super) fn tallied(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sells from all tills until `closed`; their drawers are closed then.
    pub(super) async fn sell(&self, closed: &CancellationToken) -> anyhow::Result<()> {
        try_join_all(self.seats.iter().enumerate().map(|(place, seat)| async move {
            let customers = Shopper::new(self.seed * 100 + place as u64, &self.catalogue);
            Till::open(self, seat, place, customers).await?.work(closed).await
        }))
        .await?;
        Ok(())
    }
}
