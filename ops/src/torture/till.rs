//! A till under torture. It keeps its ticket and asks under the same key until it
//! has an answer, whatever is down meanwhile; it opens and closes drawers, moves
//! orders, has sales undone and codes paid. What it is told it gives to the witness.
//!
//! What it wants is drawn from its own seed; how often it has to ask is not.

use std::{collections::VecDeque, ops::RangeInclusive, sync::Arc, time::Duration};

use anyhow::Context;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::StatusCode;
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, DeviceId, Khr, OrderId, StaffId, TicketId, Usd,
    catalogue::StaffRole,
    edge_api::{FinalizeSale, NewKhqr, OpenCashSession, SaleReceipt, TenderOffer},
    events::{OrderStatus, TenderMethod},
};
use tokio_util::sync::CancellationToken;

use super::witness::{Answered, Witness};
use crate::{
    company::{Shopper, Store},
    drive::{
        client::{EdgeClient, PATIENCE, TillError},
        drawer::{Drawer, hand_over},
        khqr::{self, Asked, Bank},
    },
};

/// How long a customer takes, in milliseconds.
const SERVING_MS: RangeInclusive<u64> = 20..=250;
/// How long a till waits before it asks again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// One in so many pays in riel, by KHQR, thinks better of it.
const PAYS_RIEL: u32 = 4;
const PAYS_KHQR: u32 = 8;
const VOIDS: u32 = 9;
/// Of the requests to void, one in so many is rejected.
const REJECTED: u32 = 4;
/// One in so many tickets is asked for again though it was answered.
const ASKS_TWICE: u32 = 10;
/// Customers of a drawer before it is counted.
const CUSTOMERS: RangeInclusive<u64> = 15..=40;
/// Orders that the kitchen makes at a time, and that wait to be fetched.
const IN_HAND: usize = 2;
const FLOAT_USD: i64 = 50;
const FLOAT_KHR: i64 = 100_000;

/// A till, and who works there.
pub(super) struct Till {
    store: Store,
    edge: EdgeClient,
    bank: Bank,
    witness: Arc<Witness>,
    device_id: DeviceId,
    staff_id: StaffId,
    manager_id: StaffId,
    cashier: EdgeClient,
    manager: EdgeClient,
    name: String,
    chance: StdRng,
    customers: Shopper,
    served: u64,
    sessions: u64,
    drawer: Drawer,
    in_prep: VecDeque<OrderId>,
    ready: VecDeque<OrderId>,
}

impl Till {
    /// Pairs the till in that place of a store and logs its people in.
    pub(super) async fn open(
        store: Store,
        edge: EdgeClient,
        bank: Bank,
        witness: Arc<Witness>,
        (place, seed): (usize, u64),
    ) -> anyhow::Result<Self> {
        let device = store.devices().get(place).context("the store has no such till")?;
        let staff = store.staff();
        let person = staff.get(place % staff.len().max(1)).context("the store has nobody")?;
        let decides = staff.iter().find(|person| person.role != StaffRole::Cashier);
        let manager_id = decides.context("nobody there may decide about voids")?.staff_id;
        let (device_id, staff_id) = (device.device_id, person.staff_id);
        // Each answer is counted, so each is asked for by itself from here on.
        let once = |client: EdgeClient| client.with_patience(Duration::ZERO);
        let cashier = once(edge.at_till(&store, device_id, staff_id).await?);
        let manager = once(edge.at_till(&store, device_id, manager_id).await?);
        let edge = once(edge);
        Ok(Self {
            name: format!("torture-{seed:x}-{}-{place}", store.name.replace(' ', "")),
            chance: StdRng::seed_from_u64(seed),
            customers: Shopper::new(seed, &store.catalogue),
            drawer: Drawer::with(Usd::ZERO, Khr::ZERO),
            in_prep: VecDeque::new(),
            ready: VecDeque::new(),
            served: 0,
            sessions: 0,
            store,
            edge,
            bank,
            witness,
            device_id,
            staff_id,
            manager_id,
            cashier,
            manager,
        })
    }

    /// Serves customers until `closed`, then finishes what was begun: nothing is
    /// left without its answer.
    pub(super) async fn work(&mut self, closed: &CancellationToken) -> anyhow::Result<()> {
        while !closed.is_cancelled() {
            let session = self.open_drawer().await?;
            let customers = self.chance.random_range(CUSTOMERS);
            for _ in 0..customers {
                let pause = Duration::from_millis(self.chance.random_range(SERVING_MS));
                tokio::time::sleep(pause).await;
                if closed.is_cancelled() {
                    break;
                }
                self.serve(session).await?;
            }
            self.close_drawer(session).await?;
        }
        Ok(())
    }

    async fn serve(&mut self, session: CashSessionId) -> anyhow::Result<()> {
        let ticket = TicketId::parse(format!("{}-{}", self.name, self.served))?;
        self.served += 1;
        let cart = self.customers.cart();
        let riel = self.one_in(PAYS_RIEL);
        let (by_khqr, voids, rejects, twice) = (
            self.one_in(PAYS_KHQR),
            self.one_in(VOIDS),
            self.one_in(REJECTED),
            self.one_in(ASKS_TWICE),
        );
        let quote = self.surely(async |till| till.cashier.quote(&cart).await).await?;
        let mut sale = FinalizeSale {
            device_id: self.device_id,
            cash_session_id: session,
            customer_id: None,
            cart,
            tender: TenderOffer { method: TenderMethod::Cash, received: hand_over(&quote, riel) },
            draft_id: None,
            shown: None,
        };
        if by_khqr {
            self.offer_khqr(&ticket, &mut sale).await;
        }
        self.witness.seen().asks(&ticket, self.store.branch_id);
        let Some(receipt) = self.sell(&ticket, &sale).await? else { return Ok(()) };
        self.drawer.take(&receipt.tender);
        if twice {
            self.sell(&ticket, &sale).await?;
        }
        let in_cash = receipt.tender.method == TenderMethod::Cash;
        if !in_cash {
            self.witness.seen().by_khqr += 1;
        }
        if !(in_cash && voids && self.void(&receipt, rejects).await?) {
            self.in_prep.push_back(receipt.order_id);
        }
        self.kitchen(IN_HAND).await
    }

    /// Sells under one ticket until there is an answer; nothing if it is refused
    /// for good, which the witness is told of.
    async fn sell(
        &mut self,
        ticket: &TicketId,
        sale: &FinalizeSale,
    ) -> anyhow::Result<Option<SaleReceipt>> {
        let branch_id = self.store.branch_id;
        let answer = self.surely(async |till| till.cashier.try_sell(ticket, sale).await).await;
        match answer {
            Ok(receipt) => {
                self.witness.seen().answers(ticket, Answered::by_edge(branch_id, &receipt));
                Ok(Some(receipt))
            }
            Err(TillError::Refused { problem, .. }) => {
                let why = format!("{}: {}", problem.code, problem.detail);
                self.witness.seen().refuses(ticket, why);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Has a customer pay by KHQR; one who cannot keeps to cash.
    async fn offer_khqr(&self, ticket: &TicketId, sale: &mut FinalizeSale) {
        let cart = NewKhqr {
            ticket_id: ticket.clone(),
            device_id: sale.device_id,
            cash_session_id: sale.cash_session_id,
            customer_id: None,
            cart: sale.cart.clone(),
            currency: sale.tender.received.currency,
        };
        // Who has paid waits to be told so. Otherwise cash it is, which needs no line.
        let cashier = self.cashier.with_patience(PATIENCE);
        if let Ok(Asked::Paid(tender)) = khqr::pay(&cashier, &self.bank, &cart).await {
            sale.tender = tender;
        }
    }

    /// Asks for the void of a sale and has it decided; whether it was undone.
    async fn void(&mut self, receipt: &SaleReceipt, rejects: bool) -> anyhow::Result<bool> {
        let ticket = &receipt.ticket_id;
        let reason = "the customer thought better of it";
        let asked = self.surely(async |till| till.cashier.request_void(ticket, reason).await);
        let request = asked.await?.void_request_id;
        if rejects {
            let why = "it is made already";
            self.surely(async |till| till.manager.reject_void(request, why).await).await?;
            return Ok(false);
        }
        let void = self.surely(async |till| till.manager.approve_void(request).await).await?;
        self.drawer.give_back(&void);
        self.witness.seen().undoes(ticket);
        Ok(true)
    }

    /// Moves orders on until at most so many are in each hand.
    async fn kitchen(&mut self, in_hand: usize) -> anyhow::Result<()> {
        while self.in_prep.len() > in_hand {
            let Some(order) = self.in_prep.pop_front() else { break };
            let ready = OrderStatus::Ready;
            self.surely(async |till| till.cashier.move_order(order, ready).await).await?;
            self.ready.push_back(order);
        }
        while self.ready.len() > in_hand {
            let Some(order) = self.ready.pop_front() else { break };
            let delivered = OrderStatus::Delivered;
            self.surely(async |till| till.cashier.move_order(order, delivered).await).await?;
        }
        Ok(())
    }

    async fn open_drawer(&mut self) -> anyhow::Result<CashSessionId> {
        let session = OpenCashSession {
            device_id: self.device_id,
            staff_id: self.staff_id,
            opening_float_usd: Usd(Decimal::from(FLOAT_USD)),
            opening_float_khr: Khr(Decimal::from(FLOAT_KHR)),
        };
        let key = format!("{}-session-{}", self.name, self.sessions);
        self.sessions += 1;
        self.drawer = Drawer::with(session.opening_float_usd, session.opening_float_khr);
        Ok(self.surely(async |till| till.cashier.open_session(&key, &session).await).await?)
    }

    /// Counts the drawer: what was sold in it must be in it.
    async fn close_drawer(&mut self, session: CashSessionId) -> anyhow::Result<()> {
        self.kitchen(0).await?;
        let counted = self.drawer.count();
        let z = self.surely(async |till| till.cashier.close_session(session, &counted).await);
        let z = z.await?.counted;
        let mut seen = self.witness.seen();
        seen.sessions_closed += 1;
        if !z.difference_usd.amount().is_zero() || !z.difference_khr.amount().is_zero() {
            let text = format!("the drawer of session {session} is not as its edge says: {z:?}");
            seen.wrong.push(text);
        }
        Ok(())
    }

    /// Asks until there is an answer. Who is not logged in any more (a clock went
    /// past it) logs in again.
    async fn surely<T>(
        &mut self,
        mut ask: impl AsyncFnMut(&Self) -> Result<T, TillError>,
    ) -> Result<T, TillError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match ask(self).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match &error {
                TillError::Refused { status: StatusCode::UNAUTHORIZED, .. } => self.log_in().await,
                error if !error.passes() => {}
                error => {
                    let mut seen = self.witness.seen();
                    seen.retried += 1;
                    if error.code() == Some("storage_full") {
                        *seen.no_room.entry(self.store.branch_id).or_default() += 1;
                    }
                }
            }
            if !error.passes() && !is_logged_out(&error) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gets new tokens; what is refused now is tried again by who needs it.
    async fn log_in(&mut self) {
        for (person, is_manager) in [(self.staff_id, false), (self.manager_id, true)] {
            match self.edge.at_till(&self.store, self.device_id, person).await {
                Ok(client) if is_manager => self.manager = client,
                Ok(client) => self.cashier = client,
                Err(error) => tracing::warn!(%error, "nobody can log in"),
            }
        }
    }

    fn one_in(&mut self, so_many: u32) -> bool {
        self.chance.random_ratio(1, so_many)
    }
}

const fn is_logged_out(error: &TillError) -> bool {
    matches!(error, TillError::Refused { status: StatusCode::UNAUTHORIZED, .. })
}
