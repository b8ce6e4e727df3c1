//! What a session adds up to, from the rows themselves.

use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, Usd,
    events::{DrawerSums, MethodSums, SaleFinalizedV1, SaleStatus, SessionReport, TenderMethod},
};

use super::Tables;

/// The sums of a session that is in the books.
pub(super) fn of(tables: &Tables, session: CashSessionId) -> Option<SessionReport> {
    let opened = tables.openings.get(&session)?;
    let in_session = |sale: &&SaleFinalizedV1| {
        (sale.cash_session_id, sale.branch_id) == (Some(session), opened.branch_id)
    };
    let sales: Vec<_> = tables.sales.values().filter(in_session).collect();
    let is_voided =
        |sale: &&&SaleFinalizedV1| tables.orders[&sale.order_id].sale_status == SaleStatus::Voided;
    let voided: Vec<_> = sales.iter().filter(is_voided).collect();
    let mut drawers = Vec::new();
    let mut methods = Vec::new();
    for currency in [Currency::Usd, Currency::Khr] {
        let moved = |kind: &str| -> Decimal {
            let rows = tables.books.cash.iter();
            let of_kind = rows.filter(|(id, row)| {
                row.0 == session.as_uuid() && row.2 == kind && tables.currencies[id] == currency
            });
            of_kind.map(|(_, row)| row.1).sum()
        };
        let opening_float = match currency {
            Currency::Usd => opened.opening_float_usd.amount(),
            Currency::Khr => opened.opening_float_khr.amount(),
        };
        let (taken, refunds) = (moved("SALE_CASH"), -moved("REFUND_CASH"));
        let (paid_in, paid_out) = (moved("PAID_IN"), -moved("PAID_OUT"));
        let expected = opening_float + taken - refunds + paid_in - paid_out;
        drawers.push(DrawerSums {
            currency,
            opening_float,
            sales: taken,
            refunds,
            paid_in,
            paid_out,
            expected,
        });
        for method in [TenderMethod::Cash, TenderMethod::Khqr] {
            let paid = |sale: &&&SaleFinalizedV1| {
                (sale.tender.method, sale.tender.currency) == (method, currency)
            };
            let so: Vec<_> = sales.iter().filter(paid).collect();
            let kept = so.iter().map(|sale| sale.tender.received - sale.tender.change);
            methods.push(MethodSums {
                method,
                currency,
                count: so.len() as u64,
                amount: kept.sum(),
            });
        }
    }
    Some(SessionReport {
        opened_by: opened.opened_by,
        opened_at: opened.opened_at,
        as_of: opened.opened_at,
        drawers,
        sales: methods,
        sale_count: sales.len() as u64,
        sales_usd: Usd(sales.iter().map(|sale| sale.grand_total_usd.amount()).sum()),
        vat_usd: Usd(sales.iter().map(|sale| sale.vat.amount_usd.amount()).sum()),
        void_count: voided.len() as u64,
        voids_usd: Usd(voided.iter().map(|sale| sale.grand_total_usd.amount()).sum()),
        first_ticket: None,
        last_ticket: None,
    })
}
