//! Entries that an edge could have written, without an edge.

mod drawer;
mod sessions;

use std::sync::Arc;

use domain::{
    catalogue::{self, CatalogueIndex, content_hash},
    journal_chain, pricing, tender,
};
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, DeviceId, EdgeId, Entry, EntryKind, Khr, Money, OrderId, Quantity,
    SaleId, StaffId, TicketId, Timestamp, Usd,
    catalogue::CatalogueRef,
    edge_api::{Cart, CartLine, TenderOffer},
    events::{
        CashSessionOpenedV1, OrderStatus, OrderStatusChangedV1, SaleFinalizedV1, SaleStatus,
        SaleType, TenderMethod,
    },
    requests::JournalHead,
};
use serde::Serialize;

use crate::{OrFail as _, sample_id};
use drawer::Drawer;

/// When the first entry is written: 2026-01-05T01:00Z, a Monday morning.
const OPENING: Timestamp = Timestamp::from_unix_micros(1_767_574_800_000_000);

/// The time between two entries, in microseconds.
const STEP_MICROS: i64 = 1_000_000;

/// The journal of one edge as it would have written it: each entry follows the
/// one before. All ids derive from the edge and the place in the journal.
#[derive(Debug, Clone)]
pub struct JournalWriter {
    edge_id: EdgeId,
    catalogue: Arc<CatalogueIndex>,
    reference: CatalogueRef,
    head: JournalHead,
    session: Option<CashSessionId>,
    drawer: Option<Drawer>,
}

impl JournalWriter {
    /// Begins a journal that prices with the catalogue published as `bytes`.
    ///
    /// # Panics
    /// If that is no catalogue.
    pub fn new(edge_id: EdgeId, bytes: &[u8]) -> Self {
        let (catalogue, reference) = catalogue::parse(bytes).or_fail("read the catalogue");
        Self {
            edge_id,
            catalogue: Arc::new(catalogue),
            reference,
            head: JournalHead::EMPTY,
            session: None,
            drawer: None,
        }
    }

    /// The newest entry.
    pub fn head(&self) -> JournalHead {
        self.head
    }

    /// The session that sales are made in, once opened.
    pub fn session(&self) -> Option<CashSessionId> {
        self.session
    }

    /// When the next entry will be written.
    pub fn now(&self) -> Timestamp {
        let steps = i64::try_from(self.head.seq).or_fail("count entries");
        OPENING.plus_micros(steps * STEP_MICROS)
    }

    /// Appends any payload.
    ///
    /// # Panics
    /// If it is no JSON.
    pub fn append(&mut self, kind: EntryKind, payload: &impl Serialize) -> Entry {
        let payload = serde_json::to_vec(payload).or_fail("write a payload");
        self.append_bytes(kind, kind.newest_version(), payload)
    }

    /// Appends bytes that may make no sense, properly chained.
    pub fn append_bytes(&mut self, kind: EntryKind, version: u16, payload: Vec<u8>) -> Entry {
        let at = self.now();
        let entry = journal_chain::seal(self.edge_id, self.head, kind, version, at, payload);
        self.head = journal_chain::head_of(&entry);
        self.note(&entry);
        entry
    }

    /// Opens a cash session, in which the sales that follow are made.
    pub fn open_session(&mut self) -> Entry {
        let session = self.id("session");
        let document = self.catalogue.document();
        let opened = CashSessionOpenedV1 {
            imported_from: None,
            tenant_id: document.tenant_id,
            branch_id: document.branch_id,
            edge_id: self.edge_id,
            device_id: self.device(),
            cash_session_id: session,
            opened_by: self.cashier().0,
            opened_at: self.now(),
            opening_float_usd: Usd(Decimal::from(50)),
            opening_float_khr: Khr(Decimal::from(200_000)),
        };
        self.append(EntryKind::CashSessionOpened, &opened)
    }

    /// Sells one latte with oat milk and one water for exact cash, and tells
    /// the sale as well.
    pub fn sell(&mut self) -> (SaleFinalizedV1, Entry) {
        let sale = self.next_sale();
        let entry = self.append(EntryKind::SaleFinalized, &sale);
        (sale, entry)
    }

    /// `count` sales.
    pub fn sell_many(&mut self, count: usize) -> Vec<Entry> {
        (0..count).map(|_| self.sell().1).collect()
    }

    /// The sale that [`Self::sell`] would append: change it and append it.
    pub fn next_sale(&self) -> SaleFinalizedV1 {
        let line = |item: &str, add_ons: &[&str]| CartLine {
            menu_item_id: sample_id(item),
            add_on_ids: add_ons.iter().map(|name| sample_id(name)).collect(),
            quantity: quantity(1),
        };
        let lines = vec![line("latte", &["oat milk"]), line("water", &[])];
        self.sale_of(&Cart { sale_type: SaleType::DineIn, lines })
    }

    /// A sale of this cart, paid in exact dollars, in the open session (or in
    /// one that the books do not know, if none was opened). If it is closed, the
    /// sale is late: the next supplement.
    ///
    /// # Panics
    /// If the cart cannot be priced with the catalogue.
    pub fn sale_of(&self, cart: &Cart) -> SaleFinalizedV1 {
        let at = self.now();
        let priced = pricing::price(&self.catalogue, cart, at).or_fail("price the cart");
        let totals = priced.totals;
        let tender =
            tender::settle(&totals, &cash_usd(totals.grand_total_usd)).or_fail("settle the sale");
        let request = serde_json::to_vec(cart).or_fail("write the cart");
        let document = self.catalogue.document();
        let (cashier_id, cashier_name) = self.cashier();
        SaleFinalizedV1 {
            imported_from: None,
            tenant_id: document.tenant_id,
            branch_id: document.branch_id,
            edge_id: self.edge_id,
            device_id: self.device(),
            cash_session_id: Some(self.session.unwrap_or_else(|| self.id("session"))),
            cashier_id,
            cashier_name,
            customer_id: None,
            seller: document.seller.clone(),
            sale_id: self.id::<SaleId>("sale"),
            order_id: self.id::<OrderId>("order"),
            ticket_id: TicketId::parse(format!("t-{}-{}", self.edge_id, self.head.seq + 1))
                .or_fail("make a ticket id"),
            request_hash: content_hash(&request),
            status: SaleStatus::Finalized,
            sale_type: cart.sale_type,
            finalized_at: at,
            lines: totals.lines,
            discounts: totals.discounts,
            subtotal_usd: totals.subtotal_usd,
            vat: totals.vat,
            fx_rate_khr_per_usd: totals.fx_rate_khr_per_usd,
            grand_total_usd: totals.grand_total_usd,
            grand_total_khr: totals.grand_total_khr,
            khr_rounding: totals.khr_rounding,
            payable_khr: totals.payable_khr,
            tender,
            deductions: priced.deductions,
            catalogue: self.reference,
            late: self.lateness(),
        }
    }

    /// Moves the order of `sale` on.
    pub fn move_order(
        &mut self,
        sale: &SaleFinalizedV1,
        from: OrderStatus,
        to: OrderStatus,
    ) -> Entry {
        let moved = OrderStatusChangedV1 {
            imported_from: None,
            tenant_id: sale.tenant_id,
            branch_id: sale.branch_id,
            edge_id: self.edge_id,
            device_id: sale.device_id,
            order_id: sale.order_id,
            sale_id: sale.sale_id,
            from,
            to,
            changed_by: sale.cashier_id,
            changed_at: self.now(),
        };
        self.append(EntryKind::OrderStatusChanged, &moved)
    }

    /// The id of `what` in the next entry.
    fn id<Id: From<uuid::Uuid>>(&self, what: &str) -> Id {
        let name = format!("{what} {}", self.head.seq + 1);
        Id::from(uuid::Uuid::new_v5(&self.edge_id.as_uuid(), name.as_bytes()))
    }

    fn device(&self) -> DeviceId {
        match self.catalogue.document().devices.first() {
            Some(device) => device.device_id,
            None => panic!("the catalogue has no till"),
        }
    }

    fn cashier(&self) -> (StaffId, String) {
        match self.catalogue.document().staff.first() {
            Some(staff) => (staff.staff_id, staff.name.clone()),
            None => panic!("the catalogue has no staff"),
        }
    }
}

/// Exactly this much cash.
pub fn cash_usd(amount: Usd) -> TenderOffer {
    let received = Money { amount: amount.amount(), currency: Currency::Usd };
    TenderOffer { method: TenderMethod::Cash, received }
}

fn quantity(quantity: u32) -> Quantity {
    Quantity::try_from(quantity).or_fail("make a quantity")
}
