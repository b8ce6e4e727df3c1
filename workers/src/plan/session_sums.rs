//! What the books add up to for a session, and where its Z report says
//! otherwise.
//!
//! Only sums are compared: which ticket is the first and which the last is the
//! edge's to say.

use rust_decimal::Decimal;
use schemas::{
    Currency, Usd,
    events::{
        CashMovedV1, CashSessionClosedV1, CashSessionOpenedV1, DrawerSums, MethodSums, PaidKind,
        SaleFinalizedV1, SessionReport, TenderMethod,
    },
};
use store::voids::SoldSale;

/// The sums of a session that was just opened.
pub(super) fn of_opening(event: &CashSessionOpenedV1) -> SessionReport {
    let drawer = |currency, opening_float| DrawerSums {
        opening_float,
        expected: opening_float,
        ..empty(currency)
    };
    SessionReport {
        opened_by: event.opened_by,
        opened_at: event.opened_at,
        as_of: event.opened_at,
        drawers: vec![
            drawer(Currency::Usd, event.opening_float_usd.amount()),
            drawer(Currency::Khr, event.opening_float_khr.amount()),
        ],
        sales: Vec::new(),
        sale_count: 0,
        sales_usd: Usd::ZERO,
        vat_usd: Usd::ZERO,
        void_count: 0,
        voids_usd: Usd::ZERO,
        first_ticket: None,
        last_ticket: None,
    }
}

/// Adds a sale that was booked in the session.
pub(super) fn add_sale(sums: &mut SessionReport, sale: &SaleFinalizedV1) {
    let kept = sale.tender.received.saturating_sub(sale.tender.change);
    let (method, currency) = (sale.tender.method, sale.tender.currency);
    if method == TenderMethod::Cash {
        move_drawer(sums, currency, |drawer| &mut drawer.sales, kept);
    }
    let of = sums.sales.iter_mut().find(|of| (of.method, of.currency) == (method, currency));
    match of {
        Some(of) => {
            of.count += 1;
            of.amount = of.amount.saturating_add(kept);
        }
        None => sums.sales.push(MethodSums { method, currency, count: 1, amount: kept }),
    }
    sums.sale_count += 1;
    sums.sales_usd = plus(sums.sales_usd, sale.grand_total_usd);
    sums.vat_usd = plus(sums.vat_usd, sale.vat.amount_usd);
}

/// Adds that a sale of the session was undone, and `refund` given back.
pub(super) fn add_void(sums: &mut SessionReport, sale: &SoldSale, refund: Option<Decimal>) {
    if let Some(refund) = refund {
        move_drawer(sums, sale.currency, |drawer| &mut drawer.refunds, refund);
    }
    sums.void_count += 1;
    sums.voids_usd = plus(sums.voids_usd, sale.grand_total_usd);
}

/// Adds what was paid in or out.
pub(super) fn add_moved(sums: &mut SessionReport, event: &CashMovedV1) {
    match event.kind {
        PaidKind::PaidIn => {
            move_drawer(sums, event.currency, |drawer| &mut drawer.paid_in, event.amount);
        }
        PaidKind::PaidOut => {
            move_drawer(sums, event.currency, |drawer| &mut drawer.paid_out, event.amount);
        }
    }
}

fn move_drawer(
    sums: &mut SessionReport,
    currency: Currency,
    field: impl Fn(&mut DrawerSums) -> &mut Decimal,
    by: Decimal,
) {
    if let Some(drawer) = sums.drawers.iter_mut().find(|drawer| drawer.currency == currency) {
        let sum = field(drawer);
        *sum = sum.saturating_add(by);
        drawer.expected = expected(drawer);
    }
}

/// What must be in a drawer.
fn expected(drawer: &DrawerSums) -> Decimal {
    drawer
        .opening_float
        .saturating_add(drawer.sales)
        .saturating_sub(drawer.refunds)
        .saturating_add(drawer.paid_in)
        .saturating_sub(drawer.paid_out)
}

fn plus(sum: Usd, amount: Usd) -> Usd {
    Usd(sum.amount().saturating_add(amount.amount()))
}

/// Where a close says otherwise than the books, figure by figure.
pub(super) fn differences(closed: &CashSessionClosedV1, books: &SessionReport) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: String, said: Decimal, known: Decimal| {
        if said != known {
            let (said, known) = (said.normalize(), known.normalize());
            found.push(format!("{what}: the Z report says {said}, the books {known}"));
        }
    };
    let z = &closed.z;
    for currency in [Currency::Usd, Currency::Khr] {
        let (said, known) = (drawer(z, currency), drawer(books, currency));
        let fields = [
            ("opening float", said.opening_float, known.opening_float),
            ("cash of sales", said.sales, known.sales),
            ("refunds", said.refunds, known.refunds),
            ("paid in", said.paid_in, known.paid_in),
            ("paid out", said.paid_out, known.paid_out),
            ("expected", said.expected, known.expected),
        ];
        for (field, said, known) in fields {
            differ(format!("{field} {}", currency.code()), said, known);
        }
        let (counted, difference) = match currency {
            Currency::Usd => (closed.counted.usd.amount(), closed.counted.difference_usd.amount()),
            Currency::Khr => (closed.counted.khr.amount(), closed.counted.difference_khr.amount()),
        };
        let short = counted.saturating_sub(said.expected);
        differ(format!("counted less expected {}", currency.code()), difference, short);
        for method in [TenderMethod::Cash, TenderMethod::Khqr, TenderMethod::Account] {
            let (said, known) = (paid(z, method, currency), paid(books, method, currency));
            differ(format!("{method:?} sales {}", currency.code()), said.1, known.1);
            differ(format!("number of {method:?} sales {}", currency.code()), said.0, known.0);
        }
    }
    differ("number of sales".to_owned(), z.sale_count.into(), books.sale_count.into());
    differ("sales USD".to_owned(), z.sales_usd.amount(), books.sales_usd.amount());
    differ("VAT USD".to_owned(), z.vat_usd.amount(), books.vat_usd.amount());
    differ("number of voids".to_owned(), z.void_count.into(), books.void_count.into());
    differ("voids USD".to_owned(), z.voids_usd.amount(), books.voids_usd.amount());
    found
}

/// The sums of one currency; a report may leave out a drawer that is empty.
fn drawer(report: &SessionReport, currency: Currency) -> DrawerSums {
    let of = report.drawers.iter().find(|drawer| drawer.currency == currency);
    of.copied().unwrap_or_else(|| empty(currency))
}

fn empty(currency: Currency) -> DrawerSums {
    let none = Decimal::ZERO;
    DrawerSums {
        currency,
        opening_float: none,
        sales: none,
        refunds: none,
        paid_in: none,
        paid_out: none,
        expected: none,
    }
}

/// How many sales were paid this way, and what was kept of them.
fn paid(report: &SessionReport, method: TenderMethod, currency: Currency) -> (Decimal, Decimal) {
    let of = report.sales.iter().find(|of| (of.method, of.currency) == (method, currency));
    of.map_or((Decimal::ZERO, Decimal::ZERO), |of| (of.count.into(), of.amount))
}
