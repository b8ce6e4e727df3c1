//! The tills of one store: who sells in which session, and how a receipt of
//! the data becomes a sale.

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
    CashSessionId, Currency, DeviceId, Khr, Money, Quantity, StaffId, TenantId, TicketId, Usd,
    edge_api::{Cart, CartLine, FinalizeSale, OpenCashSession, TenderOffer},
    events::{SaleType, TenderMethod},
};
use uuid::Uuid;

use super::{
    client::EdgeClient,
    figures::{Numbers, Times},
    input::Receipt,
};
use crate::company::{Plan, Store};

/// Dollars in each drawer in the morning.
const FLOAT_USD: i64 = 100;
/// Failures that are kept in words.
const MAX_FAILURES: usize = 20;

/// The tills of one store, and what they have done so far.
#[derive(Debug)]
pub struct Tills {
    tenant_id: TenantId,
    outlet: String,
    sessions: HashMap<StaffId, (EdgeClient, DeviceId, CashSessionId)>,
    /// The numbers that the store hears of.
    pub numbers: Arc<Numbers>,
    done: Mutex<Done>,
    finished: AtomicU64,
}

/// What a store's tills have done.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Sales that were answered.
    pub captured: u64,
    /// Their totals, in dollars.
    pub total_usd: Decimal,
    /// How long each took, from request to answer.
    pub times: Times,
    /// Sales that could not be made.
    pub failed: u64,
    /// The first of these, in words.
    pub failures: Vec<String>,
}

impl Tills {
    /// Logs each of the store's staff in and opens a cash session for them,
    /// everyone at a till of their own as far as there are tills.
    ///
    /// # Errors
    /// If the edge refuses someone or stays away.
    pub async fn open(
        tenant_id: TenantId,
        outlet: &str,
        store: &Store,
        edge: &EdgeClient,
    ) -> anyhow::Result<Self> {
        let mut sessions = HashMap::new();
        let devices = store.devices().iter().map(|device| device.device_id).cycle();
        for (person, device_id) in store.staff().iter().zip(devices) {
            let session = OpenCashSession {
                device_id,
                staff_id: person.staff_id,
                opening_float_usd: Usd(Decimal::from(FLOAT_USD)),
                opening_float_khr: Khr::ZERO,
            };
            let name = format!("session/{}", person.staff_id);
            let key = Uuid::new_v5(&tenant_id.as_uuid(), name.as_bytes());
            let till = edge
                .at_till(store, device_id, person.staff_id)
                .await
                .with_context(|| format!("{} cannot log in at {outlet}", person.name))?;
            let opened = till
                .open_session(&format!("open-{key}"), &session)
                .await
                .with_context(|| format!("{} cannot open a drawer at {outlet}", person.name))?;
            sessions.insert(person.staff_id, (till, device_id, opened));
        }
        Ok(Self {
            tenant_id,
            outlet: outlet.to_owned(),
            sessions,
            numbers: Arc::default(),
            done: Mutex::default(),
            finished: AtomicU64::new(0),
        })
    }

    /// Sells one receipt, under a ticket that the same run always gives it.
    pub async fn sell(&self, receipt: &Receipt) {
        let begin = Instant::now();
        let outcome = self.try_sell(receipt).await;
        let took = begin.elapsed();
        let mut done = self.locked();
        match outcome {
            Ok(total) => {
                done.captured += 1;
                done.total_usd += total.amount();
                done.times.add(took);
            }
            Err(error) => {
                done.failed += 1;
                if done.failures.len() < MAX_FAILURES {
                    let (line, number) = (receipt.first_line, &receipt.number);
                    done.failures.push(format!("receipt {number} (line {line}): {error:#}"));
                }
            }
        }
        drop(done);
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    async fn try_sell(&self, receipt: &Receipt) -> anyhow::Result<Usd> {
        let ticket = self.ticket(receipt)?;
        let (till, sale) = self.sale(receipt)?;
        let sold = till.sell(&ticket, &sale).await?;
        self.numbers.captured(ticket, Instant::now());
        Ok(sold.grand_total_usd)
    }

    fn ticket(&self, receipt: &Receipt) -> anyhow::Result<TicketId> {
        let name = format!("ticket/{}/{}", self.outlet, receipt.number);
        let id = Uuid::new_v5(&self.tenant_id.as_uuid(), name.as_bytes());
        Ok(TicketId::parse(format!("drive-{id}"))?)
    }

    /// What is sold, and by whose till.
    fn sale(&self, receipt: &Receipt) -> anyhow::Result<(&EdgeClient, FinalizeSale)> {
        let staff_id = Plan::staff_id(self.tenant_id, &receipt.staff);
        let (till, device_id, cash_session_id) = self
            .sessions
            .get(&staff_id)
            .with_context(|| format!("staff {} has no open drawer", receipt.staff))?;
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
        // Whole notes, so that there is change to give.
        let received = total.round_dp_with_strategy(0, RoundingStrategy::AwayFromZero);
        let sale = FinalizeSale {
            device_id: *device_id,
            cash_session_id: *cash_session_id,
            customer_id: None,
            cart: Cart { sale_type: SaleType::Takeaway, lines },
            tender: TenderOffer {
                method: TenderMethod::Cash,
                received: Money { amount: received, currency: Currency::Usd },
            },
            draft_id: None,
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
        self.locked().captured
    }

    fn locked(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
