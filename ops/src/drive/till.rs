//! The tills of one store: who sells where, and how a receipt of the data becomes
//! a sale. Drawers are opened and closed in `days.rs`.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::Context;
use rust_decimal::{Decimal, RoundingStrategy};
use schemas::{
    CashSessionId, Currency, DeviceId, Money, Percent, Quantity, StaffId, TenantId, TicketId,
    catalogue::StaffRole,
    edge_api::{Cart, CartLine, FinalizeSale, NewKhqr, TenderOffer},
    events::{SaleType, TenderMethod},
};
use supervise::Line;
use tokio::sync::{OwnedSemaphorePermit, RwLock, Semaphore};
use uuid::Uuid;

use super::{
    choices::{Choice, Choices},
    client::EdgeClient,
    done::Done,
    drawer::Drawer,
    figures::Numbers,
    input::Receipt,
    khqr::{self, Asked, Bank},
};
use crate::company::{Plan, Store};

/// Why sales are voided.
const VOID_REASON: &str = "the customer changed their mind";
/// Customers of a store who pay by phone at a time: all stores together stay below
/// the checks that the centre makes at once.
const PHONES: usize = 8;

/// How a store's tills sell.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Which receipts are voided or paid by KHQR.
    pub choices: Choices,
    /// Where customers pay codes.
    pub bank: Bank,
    /// The VAT that comes on top of the data's prices.
    pub vat: Percent,
    /// Sales under way at a time.
    pub at_once: usize,
}

/// The tills of one store, and what they have done so far.
pub struct Tills {
    pub(super) tenant_id: TenantId,
    pub(super) outlet: String,
    pub(super) people: HashMap<StaffId, (EdgeClient, DeviceId)>,
    /// Who decides about voids.
    approver: Option<EdgeClient>,
    pub(super) drawers: Mutex<HashMap<StaffId, (CashSessionId, Drawer)>>,
    manner: Manner,
    free: Arc<Semaphore>,
    phones: Semaphore,
    /// Whether there is a line. Held by each customer who pays by KHQR, so that
    /// it is never cut between code and confirmation.
    line_is_up: RwLock<bool>,
    /// The numbers that the store hears of.
    pub numbers: Arc<Numbers>,
    done: Mutex<Done>,
    finished: AtomicU64,
}

/// A till that serves nobody else, until this is dropped.
#[derive(Debug)]
pub struct FreeTill(#[expect(dead_code, reason = "its end is what counts")] OwnedSemaphorePermit);

impl Tills {
    /// Logs each of the store's staff in, everyone at a till of their own as far
    /// as there are tills.
    ///
    /// # Errors
    /// If the edge refuses someone or stays away.
    pub async fn open(
        tenant_id: TenantId,
        outlet: &str,
        store: &Store,
        edge: &EdgeClient,
        manner: Manner,
    ) -> anyhow::Result<Self> {
        let mut people = HashMap::new();
        let mut approver = None;
        let devices = store.devices().iter().map(|device| device.device_id).cycle();
        for (person, device_id) in store.staff().iter().zip(devices) {
            let till = edge
                .at_till(store, device_id, person.staff_id)
                .await
                .with_context(|| format!("{} cannot log in at {outlet}", person.name))?;
            if person.role != StaffRole::Cashier {
                approver.get_or_insert_with(|| till.clone());
            }
            people.insert(person.staff_id, (till, device_id));
        }
        Ok(Self {
            tenant_id,
            outlet: outlet.to_owned(),
            people,
            approver,
            drawers: Mutex::default(),
            free: Arc::new(Semaphore::new(manner.at_once)),
            phones: Semaphore::new(PHONES),
            manner,
            line_is_up: RwLock::new(true),
            numbers: Arc::default(),
            done: Mutex::default(),
            finished: AtomicU64::new(0),
        })
    }

    /// Cuts the store's line, once no customer is paying over it.
    pub async fn cut(&self, line: &Line) {
        *self.line_is_up.write().await = false;
        line.cut();
    }

    /// Lets the store's line return.
    pub async fn restore(&self, line: &Line) {
        *self.line_is_up.write().await = true;
        line.restore();
    }

    /// Waits for a till that is free, unless the customer is first to pay by phone:
    /// they step aside, and the tills go on.
    ///
    /// # Errors
    /// Never, as long as there are tills.
    pub async fn till_for(&self, receipt: &Receipt) -> anyhow::Result<Option<FreeTill>> {
        let by_phone = self.choice(receipt) == Choice::Khqr;
        if by_phone { Ok(None) } else { Ok(Some(self.free_till().await?)) }
    }

    /// Sells one receipt, under a ticket that the same run always gives it, and
    /// undoes it if it is one of those.
    pub async fn sell(&self, receipt: &Receipt, till: Option<FreeTill>) {
        if let Err(error) = self.try_sell(receipt, till).await {
            let (line, number) = (receipt.first_line, &receipt.number);
            self.locked().failed(format!("receipt {number} (line {line}): {error:#}"));
        }
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    async fn try_sell(&self, receipt: &Receipt, free: Option<FreeTill>) -> anyhow::Result<()> {
        let ticket = self.ticket(receipt)?;
        let staff_id = Plan::staff_id(self.tenant_id, &receipt.staff);
        let (till, mut sale) = self.sale(receipt, staff_id)?;
        let choice = self.choice(receipt);
        let mut paid = choice;
        if choice == Choice::Khqr {
            match self.pay_by_khqr(till, &ticket, &sale).await? {
                Some(tender) => sale.tender = tender,
                None => {
                    paid = Choice::Cash;
                    self.locked().turned_to_cash += 1;
                }
            }
        }
        let _free = match free {
            Some(free) => free,
            None => self.free_till().await?,
        };
        let begin = Instant::now();
        let sold = till.sell(&ticket, &sale).await?;
        let answered = Instant::now();
        self.numbers.captured(ticket.clone(), answered);
        let total = sold.grand_total_usd.amount();
        self.locked().sold(total, paid, answered.duration_since(begin));
        self.in_drawer(staff_id, |drawer| drawer.take(&sold.tender));
        if choice == Choice::Void {
            self.void(till, staff_id, &ticket, total).await?;
        }
        Ok(())
    }

    async fn free_till(&self) -> anyhow::Result<FreeTill> {
        self.free.clone().acquire_owned().await.map(FreeTill).context("the tills are closed")
    }

    fn choice(&self, receipt: &Receipt) -> Choice {
        self.manner.choices.of(&self.outlet, &receipt.number)
    }

    /// Asks for the void of a sale and has it approved.
    async fn void(
        &self,
        till: &EdgeClient,
        staff_id: StaffId,
        ticket: &TicketId,
        total: Decimal,
    ) -> anyhow::Result<()> {
        let approver = self.approver.as_ref().context("nobody there may approve a void")?;
        let asked = till.request_void(ticket, VOID_REASON).await?;
        let void = approver.approve_void(asked.void_request_id).await?;
        self.in_drawer(staff_id, |drawer| drawer.give_back(&void));
        self.locked().voided.add(total);
        Ok(())
    }

    /// What a customer has paid; nothing if they must pay in cash.
    async fn pay_by_khqr(
        &self,
        till: &EdgeClient,
        ticket: &TicketId,
        sale: &FinalizeSale,
    ) -> anyhow::Result<Option<TenderOffer>> {
        let _phone = self.phones.acquire().await.context("nobody has a phone")?;
        let line_is_up = self.line_is_up.read().await;
        if !*line_is_up {
            return Ok(None);
        }
        let cart = NewKhqr {
            ticket_id: ticket.clone(),
            device_id: sale.device_id,
            cash_session_id: sale.cash_session_id,
            customer_id: sale.customer_id,
            cart: sale.cart.clone(),
            currency: Currency::Usd,
        };
        match khqr::pay(till, &self.manner.bank, &cart).await? {
            Asked::Paid(tender) => Ok(Some(tender)),
            Asked::TakeCash(why) => {
                tracing::debug!(ticket.id = %ticket, why, "a customer pays in cash");
                Ok(None)
            }
        }
    }

    fn ticket(&self, receipt: &Receipt) -> anyhow::Result<TicketId> {
        let name = format!("ticket/{}/{}", self.outlet, receipt.number);
        let id = Uuid::new_v5(&self.tenant_id.as_uuid(), name.as_bytes());
        Ok(TicketId::parse(format!("drive-{id}"))?)
    }

    /// What is sold for cash, and by whose till.
    fn sale(
        &self,
        receipt: &Receipt,
        staff_id: StaffId,
    ) -> anyhow::Result<(&EdgeClient, FinalizeSale)> {
        let nobody = || format!("staff {} has no open drawer", receipt.staff);
        let (till, device_id) = self.people.get(&staff_id).with_context(nobody)?;
        let cash_session_id = self.session_of(staff_id).with_context(nobody)?;
        let mut total = Decimal::ZERO;
        let mut lines = Vec::with_capacity(receipt.lines.len());
        for line in &receipt.lines {
            total += line.unit_price * Decimal::from(line.quantity);
            lines.push(CartLine {
                menu_item_id: Plan::item_id(self.tenant_id, &line.product, line.unit_price),
                add_on_ids: Vec::new(),
                quantity: Quantity::try_from(u32::from(line.quantity))?,
            });
        }
        // Whole notes, so that there is change to give: enough with VAT, and more
        // than that with a discount.
        let with_vat =
            total * (Decimal::ONE_HUNDRED + Decimal::from(self.manner.vat)) / Decimal::ONE_HUNDRED;
        let received = with_vat.round_dp_with_strategy(0, RoundingStrategy::AwayFromZero);
        let sale = FinalizeSale {
            device_id: *device_id,
            cash_session_id,
            customer_id: None,
            cart: Cart { sale_type: SaleType::Takeaway, lines },
            tender: TenderOffer {
                method: TenderMethod::Cash,
                received: Money { amount: received, currency: Currency::Usd },
            },
            draft_id: None,
            shown: None,
        };
        Ok((till, sale))
    }

    /// How many receipts are done with, sold or not.
    pub fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// What has been done so far.
    pub fn done(&self) -> Done {
        self.locked().clone()
    }

    /// How many sales were captured so far.
    pub fn captured(&self) -> u64 {
        self.locked().captured.count
    }

    pub(super) fn locked(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
