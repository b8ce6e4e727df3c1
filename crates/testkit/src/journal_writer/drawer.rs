//! What an edge knows of its open session: enough for a Z report.

use std::collections::HashMap;

use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, SaleId, Timestamp, Usd, VoidRequestId,
    events::{
        CashSessionOpenedV1, ClosedVoid, DrawerCount, DrawerSums, MethodSums, PaidKind,
        SaleFinalizedV1, SessionReport, TenderMethod,
    },
    versions::Event,
};

/// One session, from its opening on.
#[derive(Debug, Clone)]
pub(super) struct Drawer {
    pub(super) session: CashSessionId,
    pub(super) closed: bool,
    pub(super) supplements: u32,
    opened: CashSessionOpenedV1,
    sales: HashMap<SaleId, SaleFinalizedV1>,
    order: Vec<SaleId>,
    voided: Vec<SaleId>,
    pub(super) pending: Vec<ClosedVoid>,
    paid: Vec<(PaidKind, Currency, Decimal)>,
}

impl Drawer {
    pub(super) fn open(opened: &CashSessionOpenedV1) -> Self {
        Self {
            session: opened.cash_session_id,
            closed: false,
            supplements: 0,
            opened: opened.clone(),
            sales: HashMap::new(),
            order: Vec::new(),
            voided: Vec::new(),
            pending: Vec::new(),
            paid: Vec::new(),
        }
    }

    /// Takes what the journal told.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::SaleFinalized(sale) if sale.cash_session_id == Some(self.session) => {
                match sale.late {
                    Some(late) => self.supplements = self.supplements.max(late.supplement_no),
                    None if !self.closed => {
                        self.order.push(sale.sale_id);
                        self.sales.insert(sale.sale_id, (**sale).clone());
                    }
                    None => {}
                }
            }
            Event::CashMoved(moved) if moved.cash_session_id == self.session => {
                self.paid.push((moved.kind, moved.currency, moved.amount));
            }
            Event::VoidRequested(asked) if asked.cash_session_id == self.session => {
                let void_request_id = asked.void_request_id;
                self.pending.push(ClosedVoid { void_request_id, sale_id: asked.sale_id });
            }
            Event::VoidApproved(approved) if approved.cash_session_id == self.session => {
                self.decided(approved.void_request_id);
                if !self.voided.contains(&approved.sale_id) {
                    self.voided.push(approved.sale_id);
                }
            }
            Event::VoidRejected(rejected) => self.decided(rejected.void_request_id),
            Event::CashSessionClosed(closed) if closed.cash_session_id == self.session => {
                self.closed = true;
                self.pending.clear();
            }
            _ => {}
        }
    }

    fn decided(&mut self, request: VoidRequestId) {
        self.pending.retain(|void| void.void_request_id != request);
    }

    /// The report as of `as_of`.
    pub(super) fn report(&self, as_of: Timestamp) -> SessionReport {
        let sales = || self.order.iter().map(|id| &self.sales[id]);
        let voided = || self.voided.iter().filter_map(|id| self.sales.get(id));
        let total = |sales: &mut dyn Iterator<Item = &SaleFinalizedV1>| {
            Usd(sales.map(|sale| sale.grand_total_usd.amount()).sum())
        };
        let ticket = |sale: Option<&SaleFinalizedV1>| sale.map(|sale| sale.ticket_id.clone());
        SessionReport {
            opened_by: self.opened.opened_by,
            opened_at: self.opened.opened_at,
            as_of,
            drawers: [Currency::Usd, Currency::Khr].map(|currency| self.sums(currency)).to_vec(),
            sales: self.methods(),
            sale_count: sales().count() as u64,
            sales_usd: total(&mut sales()),
            vat_usd: Usd(sales().map(|sale| sale.vat.amount_usd.amount()).sum()),
            void_count: voided().count() as u64,
            voids_usd: total(&mut voided()),
            first_ticket: ticket(sales().next()),
            last_ticket: ticket(sales().next_back()),
        }
    }

    /// A count that finds what is expected, but for `missing` dollars.
    pub(super) fn count(&self, missing: Decimal) -> DrawerCount {
        let counted = self.sums(Currency::Usd).expected - missing;
        DrawerCount {
            usd: Usd(counted),
            khr: schemas::Khr(self.sums(Currency::Khr).expected),
            difference_usd: Usd(-missing),
            difference_khr: schemas::Khr::ZERO,
        }
    }

    fn sums(&self, currency: Currency) -> DrawerSums {
        let kept = |sale: &SaleFinalizedV1| {
            let cash = sale.tender.method == TenderMethod::Cash && sale.tender.currency == currency;
            if cash { sale.tender.received - sale.tender.change } else { Decimal::ZERO }
        };
        let paid = |wanted: PaidKind| -> Decimal {
            let fits =
                |paid: &&(PaidKind, Currency, Decimal)| (paid.0, paid.1) == (wanted, currency);
            self.paid.iter().filter(fits).map(|paid| paid.2).sum()
        };
        let opening_float = match currency {
            Currency::Usd => self.opened.opening_float_usd.amount(),
            Currency::Khr => self.opened.opening_float_khr.amount(),
        };
        let sales: Decimal = self.order.iter().map(|id| kept(&self.sales[id])).sum();
        let refunds: Decimal =
            self.voided.iter().filter_map(|id| self.sales.get(id)).map(kept).sum();
        let (paid_in, paid_out) = (paid(PaidKind::PaidIn), paid(PaidKind::PaidOut));
        let expected = opening_float + sales - refunds + paid_in - paid_out;
        DrawerSums { currency, opening_float, sales, refunds, paid_in, paid_out, expected }
    }

    fn methods(&self) -> Vec<MethodSums> {
        let mut methods: Vec<MethodSums> = Vec::new();
        for tender in self.order.iter().map(|id| &self.sales[id].tender) {
            let (method, currency) = (tender.method, tender.currency);
            let same = methods.iter().position(|of| (of.method, of.currency) == (method, currency));
            let place = same.unwrap_or_else(|| {
                methods.push(MethodSums { method, currency, count: 0, amount: Decimal::ZERO });
                methods.len() - 1
            });
            methods[place].count += 1;
            methods[place].amount += tender.received - tender.change;
        }
        methods
    }
}
