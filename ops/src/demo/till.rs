//! One till and who works there: customers are served, some sales are undone, the
//! kitchen's orders move on, and the drawer is counted.

use std::{collections::VecDeque, time::Duration};

use anyhow::Context;
use rand::RngExt;
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, DeviceId, Khr, OrderId, StaffId, TicketId, Usd,
    edge_api::{
        CloseCashSession, FinalizeSale, NewKhqr, OpenCashSession, SaleReceipt, TenderOffer,
    },
    events::{OrderStatus, TenderMethod},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::counter::Counter;
use crate::{
    company::Shopper,
    drive::{
        client::EdgeClient,
        drawer::{Drawer, hand_over},
        khqr::{self, Asked},
    },
};

/// How long a customer takes at a till, in milliseconds.
const SERVING_MS: std::ops::RangeInclusive<u64> = 150..=450;
/// One in so many pays by KHQR, one in so many in riel.
const PAYS_KHQR: u64 = 5;
const PAYS_RIEL: u64 = 4;
/// One in so many thinks better of it.
const VOIDS: u64 = 9;
/// Of the requests to void at a store, one in so many is rejected.
const REJECTED: u64 = 4;
/// Orders that the kitchen makes at a time, and that wait to be fetched.
const IN_HAND: usize = 2;
/// In each drawer in the morning.
const FLOAT_USD: i64 = 50;
const FLOAT_KHR: i64 = 100_000;

/// A till, and who is logged in there.
pub(super) struct Seat {
    pub(super) client: EdgeClient,
    pub(super) device_id: DeviceId,
    pub(super) staff_id: StaffId,
}

/// A till at work.
pub(super) struct Till<'a> {
    counter: &'a Counter,
    seat: &'a Seat,
    place: usize,
    customers: Shopper,
    /// Customers so far.
    served: u64,
    session: CashSessionId,
    drawer: Drawer,
    in_prep: VecDeque<OrderId>,
    ready: VecDeque<OrderId>,
}

impl<'a> Till<'a> {
    /// Opens a drawer at the till in that place.
    pub(super) async fn open(
        counter: &'a Counter,
        seat: &'a Seat,
        place: usize,
        customers: Shopper,
    ) -> anyhow::Result<Self> {
        let (session, drawer) = open_drawer(seat).await?;
        Ok(Self {
            counter,
            seat,
            place,
            customers,
            served: 0,
            session,
            drawer,
            in_prep: VecDeque::new(),
            ready: VecDeque::new(),
        })
    }

    /// Serves until `closed`; counts and closes the drawer then, and whenever the
    /// store's shift changes.
    pub(super) async fn work(mut self, closed: &CancellationToken) -> anyhow::Result<()> {
        let mut shift = self.counter.shift();
        while !closed.is_cancelled() {
            let pause = Duration::from_millis(rand::rng().random_range(SERVING_MS));
            tokio::time::sleep(pause).await;
            if self.counter.shift() != shift {
                shift = self.counter.shift();
                // Somebody at the second till gave a dollar too much change.
                self.close(if self.place == 1 { Decimal::ONE } else { Decimal::ZERO }).await?;
                (self.session, self.drawer) = open_drawer(self.seat).await?;
            }
            self.serve().await?;
        }
        self.close(Decimal::ZERO).await
    }

    async fn serve(&mut self) -> anyhow::Result<()> {
        let nth = self.served + self.place as u64;
        self.served += 1;
        let cart = self.customers.cart();
        let quote = self.seat.client.quote(&cart).await?;
        let mut sale = FinalizeSale {
            device_id: self.seat.device_id,
            cash_session_id: self.session,
            customer_id: None,
            cart,
            tender: TenderOffer {
                method: TenderMethod::Cash,
                received: hand_over(&quote, nth.is_multiple_of(PAYS_RIEL)),
            },
            draft_id: None,
            shown: None,
        };
        let ticket = TicketId::mint(self.counter.clock.now(), rand::rng().random());
        if nth.is_multiple_of(PAYS_KHQR) {
            self.offer_khqr(&ticket, &mut sale).await?;
        }
        let receipt = self.seat.client.sell_and_print(&ticket, &sale).await?;
        self.drawer.take(&receipt.tender);
        self.counter.tally(|tally| tally.sold(receipt.tender.method));
        let in_cash = receipt.tender.method == TenderMethod::Cash;
        let undone = in_cash && nth.is_multiple_of(VOIDS) && self.void(&receipt).await?;
        if !undone {
            self.in_prep.push_back(receipt.order_id);
        }
        self.counter.keep(receipt);
        self.kitchen(IN_HAND).await
    }

    /// Has the customer pay by KHQR, in dollars or riel as their notes are; one who
    /// cannot keeps to cash.
    async fn offer_khqr(&self, ticket: &TicketId, sale: &mut FinalizeSale) -> anyhow::Result<()> {
        let cart = NewKhqr {
            ticket_id: ticket.clone(),
            device_id: sale.device_id,
            cash_session_id: sale.cash_session_id,
            customer_id: None,
            cart: sale.cart.clone(),
            currency: sale.tender.received.currency,
        };
        match khqr::pay(&self.seat.client, &self.counter.bank, &cart).await? {
            Asked::Paid(tender) => sale.tender = tender,
            Asked::TakeCash(_) => self.counter.tally(|tally| tally.turned_to_cash += 1),
        }
        Ok(())
    }

    /// Asks for the void of a sale and has the manager decide; whether it was
    /// undone.
    async fn void(&mut self, receipt: &SaleReceipt) -> anyhow::Result<bool> {
        let manager = self.counter.manager().context("nobody there may approve a void")?;
        let reason = "the customer thought better of it";
        let asked = self.seat.client.request_void(&receipt.ticket_id, reason).await?;
        let request = asked.void_request_id;
        if self.counter.next_request() % REJECTED == 1 {
            manager.reject_void(request, "it is made already").await?;
            self.counter.tally(|tally| tally.rejected += 1);
            return Ok(false);
        }
        let void = manager.approve_void(request).await?;
        self.drawer.give_back(&void);
        self.counter.tally(|tally| tally.voided += 1);
        Ok(true)
    }

    /// Moves orders on until at most so many are in each hand.
    async fn kitchen(&mut self, in_hand: usize) -> anyhow::Result<()> {
        while self.in_prep.len() > in_hand {
            let Some(order) = self.in_prep.pop_front() else { break };
            self.seat.client.move_order(order, OrderStatus::Ready).await?;
            self.ready.push_back(order);
        }
        while self.ready.len() > in_hand {
            let Some(order) = self.ready.pop_front() else { break };
            self.seat.client.move_order(order, OrderStatus::Delivered).await?;
            self.counter.tally(|tally| tally.delivered += 1);
        }
        Ok(())
    }

    /// Hands out what was ordered, counts the drawer, of which some dollars are
    /// missing, and closes it.
    async fn close(&mut self, missing: Decimal) -> anyhow::Result<()> {
        self.kitchen(0).await?;
        let CloseCashSession { counted_usd, counted_khr } = self.drawer.count();
        let counted_usd = Usd(counted_usd.amount() - missing);
        let counted = CloseCashSession { counted_usd, counted_khr };
        let z = self.seat.client.close_session(self.session, &counted).await?;
        self.counter.tally(|tally| tally.closed(&z));
        Ok(())
    }
}

async fn open_drawer(seat: &Seat) -> anyhow::Result<(CashSessionId, Drawer)> {
    let session = OpenCashSession {
        device_id: seat.device_id,
        staff_id: seat.staff_id,
        opening_float_usd: Usd(Decimal::from(FLOAT_USD)),
        opening_float_khr: Khr(Decimal::from(FLOAT_KHR)),
    };
    let opened = seat.client.open_session(&format!("demo-{}", Uuid::now_v7()), &session).await?;
    Ok((opened, Drawer::with(session.opening_float_usd, session.opening_float_khr)))
}
