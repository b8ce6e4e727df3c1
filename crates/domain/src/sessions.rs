//! What a drawer must hold, and what a session took: sums of what was captured,
//! never of prices computed again.

use rust_decimal::Decimal;
use schemas::{
    Currency, Khr, StaffId, TicketId, Timestamp, Usd,
    events::{
        DrawerCount, DrawerSums, MethodSums, PaidKind, SaleStatus, SessionReport, TenderMethod,
    },
};

/// How a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whose it is.
    pub opened_by: StaffId,
    /// When.
    pub opened_at: Timestamp,
    /// Dollars counted.
    pub float_usd: Usd,
    /// Riel counted.
    pub float_khr: Khr,
}

/// Sales of a session that have method, currency and status in common: one
/// sale, or the sum of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold {
    /// By what they were paid.
    pub method: TenderMethod,
    /// The currency of the tender.
    pub currency: Currency,
    /// Where they stand.
    pub status: SaleStatus,
    /// How many.
    pub count: u64,
    /// What was kept of them, in that currency: received − change.
    pub kept: Decimal,
    /// The sum of their totals.
    pub total_usd: Usd,
    /// The VAT in them.
    pub vat_usd: Usd,
}

/// Money that was paid in or out: one movement, or the sum of many of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Which way.
    pub kind: PaidKind,
    /// In which currency.
    pub currency: Currency,
    /// How much, above zero.
    pub amount: Decimal,
}

/// The first and the last ticket of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// The first; `None` if nothing was sold.
    pub first: Option<TicketId>,
    /// The last.
    pub last: Option<TicketId>,
}

/// The report of a session up to `as_of`. Sales that were voided since are
/// among the sales; what went back for them is a refund in their currency.
/// Supplements to a Z report are no part of it: leave them out.
pub fn report(
    opening: &Opening,
    sold: &[Sold],
    paid: &[Paid],
    span: Span,
    as_of: Timestamp,
) -> SessionReport {
    let voided = || sold.iter().filter(|sold| sold.status == SaleStatus::Voided);
    SessionReport {
        opened_by: opening.opened_by,
        opened_at: opening.opened_at,
        as_of,
        drawers: vec![
            drawer(Currency::Usd, opening.float_usd.amount(), sold, paid),
            drawer(Currency::Khr, opening.float_khr.amount(), sold, paid),
        ],
        sales: by_method(sold),
        sale_count: count(sold.iter()),
        sales_usd: Usd(sum(sold.iter().map(|sold| sold.total_usd.amount()))),
        vat_usd: Usd(sum(sold.iter().map(|sold| sold.vat_usd.amount()))),
        void_count: count(voided()),
        voids_usd: Usd(sum(voided().map(|sold| sold.total_usd.amount()))),
        first_ticket: span.first,
        last_ticket: span.last,
    }
}

/// What was counted against what a report expects.
pub fn count_drawer(report: &SessionReport, usd: Usd, khr: Khr) -> DrawerCount {
    let expected = |currency: Currency| {
        sum(report
            .drawers
            .iter()
            .filter(|drawer| drawer.currency == currency)
            .map(|drawer| drawer.expected))
    };
    let difference =
        |counted: Decimal, currency| counted.saturating_sub(expected(currency)).normalize();
    DrawerCount {
        usd,
        khr,
        difference_usd: Usd(difference(usd.amount(), Currency::Usd)),
        difference_khr: Khr(difference(khr.amount(), Currency::Khr)),
    }
}

fn drawer(currency: Currency, opening_float: Decimal, sold: &[Sold], paid: &[Paid]) -> DrawerSums {
    let cash = || {
        sold.iter().filter(|sold| sold.method == TenderMethod::Cash && sold.currency == currency)
    };
    let moved = |kind: PaidKind| {
        sum(paid
            .iter()
            .filter(|paid| paid.kind == kind && paid.currency == currency)
            .map(|paid| paid.amount))
    };
    let opening_float = opening_float.normalize();
    let sales = sum(cash().map(|sold| sold.kept));
    let refunds =
        sum(cash().filter(|sold| sold.status == SaleStatus::Voided).map(|sold| sold.kept));
    let (paid_in, paid_out) = (moved(PaidKind::PaidIn), moved(PaidKind::PaidOut));
    let expected = opening_float
        .saturating_add(sales)
        .saturating_sub(refunds)
        .saturating_add(paid_in)
        .saturating_sub(paid_out)
        .normalize();
    DrawerSums { currency, opening_float, sales, refunds, paid_in, paid_out, expected }
}

/// Sales by method, then currency, each at most once.
fn by_method(sold: &[Sold]) -> Vec<MethodSums> {
    let mut sums: Vec<MethodSums> = Vec::new();
    for sold in sold.iter().filter(|sold| sold.count > 0) {
        let known = sums
            .iter_mut()
            .find(|sums| sums.method == sold.method && sums.currency == sold.currency);
        match known {
            Some(sums) => {
                sums.count = sums.count.saturating_add(sold.count);
                sums.amount = sums.amount.saturating_add(sold.kept).normalize();
            }
            None => sums.push(MethodSums {
                method: sold.method,
                currency: sold.currency,
                count: sold.count,
                amount: sold.kept.normalize(),
            }),
        }
    }
    sums.sort_by_key(|sums| (sums.method != TenderMethod::Cash, sums.currency));
    sums
}

fn count<'a>(sold: impl Iterator<Item = &'a Sold>) -> u64 {
    sold.fold(0, |count, sold| count.saturating_add(sold.count))
}

fn sum(amounts: impl Iterator<Item = Decimal>) -> Decimal {
    amounts.fold(Decimal::ZERO, Decimal::saturating_add).normalize()
}
