//! What a payload must be beyond its schema: of the edge that sent it, and
//! made of figures that the books' columns hold as they are. Whether it fits
//! the books is not asked here.

use std::collections::HashSet;

use rust_decimal::Decimal;
use schemas::{
    BranchId, Currency, EdgeId, Khr, TenantId, Usd,
    events::{
        CashMovedV1, CashSessionClosedV1, CashSessionOpenedV1, SaleFinalizedV1, SaleStatus,
        TenderMethod,
    },
    versions::Event,
};

use super::Origin;

/// Says why an event cannot be told, if it cannot.
pub(super) fn check(origin: Origin, event: &Event) -> Result<(), String> {
    macro_rules! same_as {
        ($event:ident) => {
            same(origin, $event.tenant_id, $event.branch_id, $event.edge_id)
        };
    }
    match event {
        Event::CashSessionOpened(event) => same_as!(event).and_then(|()| opened(event)),
        Event::SaleFinalized(event) => same_as!(event).and_then(|()| sale(event)),
        Event::OrderStatusChanged(event) => same_as!(event),
        Event::OrderAccepted(event) => same_as!(event),
        Event::CashMoved(event) => same_as!(event).and_then(|()| moved(event)),
        Event::CashSessionClosed(event) => same_as!(event).and_then(|()| closed(event)),
        Event::VoidRequested(event) => same_as!(event),
        Event::VoidApproved(event) => same_as!(event),
        Event::VoidRejected(event) => same_as!(event),
        Event::CommandRefused(event) => same_as!(event),
        Event::AuditRecorded(event) => same_as!(event),
        Event::EdgeAdopted(event) => same_as!(event),
        Event::ImportConflicted(event) => same_as!(event),
    }
}

fn opened(event: &CashSessionOpenedV1) -> Result<(), String> {
    cents("opening_float_usd", event.opening_float_usd)?;
    riel("opening_float_khr", event.opening_float_khr)
}

fn moved(event: &CashMovedV1) -> Result<(), String> {
    if event.amount <= Decimal::ZERO {
        return Err("what is paid in or out is above zero".to_owned());
    }
    in_currency("amount", event.amount, event.currency)
}

// The drawers' sums are kept as the entry's bytes and only compared; these have
// columns.
fn closed(event: &CashSessionClosedV1) -> Result<(), String> {
    cents("sales_usd", event.z.sales_usd)?;
    cents("vat_usd", event.z.vat_usd)?;
    cents("voids_usd", event.z.voids_usd)?;
    cents("counted usd", event.counted.usd)?;
    riel("counted khr", event.counted.khr)?;
    cents("difference_usd", event.counted.difference_usd)?;
    riel("difference_khr", event.counted.difference_khr)?;
    if i64::try_from(event.z.sale_count.max(event.z.void_count)).is_err() {
        return Err("it counts more than can be sold".to_owned());
    }
    Ok(())
}

fn sale(event: &SaleFinalizedV1) -> Result<(), String> {
    if event.status != SaleStatus::Finalized {
        return Err("a sale is FINALIZED when it is captured".to_owned());
    }
    if (event.tender.method == TenderMethod::Khqr) != event.tender.khqr.is_some() {
        return Err("a KHQR tender, and no other, has a proof".to_owned());
    }
    match event.tender.method {
        TenderMethod::Cash if event.cash_session_id.is_none() => {
            return Err("a cash sale has a session".to_owned());
        }
        TenderMethod::Account if event.customer_id.is_none() => {
            return Err("a sale on account has a customer".to_owned());
        }
        TenderMethod::Cash | TenderMethod::Account | TenderMethod::Khqr => {}
    }
    if i64::try_from(event.catalogue.version).is_err() {
        return Err(format!("its catalogue's version is {}", event.catalogue.version));
    }
    lines(event)?;
    figures(event)?;
    deductions(event)
}

fn lines(sale: &SaleFinalizedV1) -> Result<(), String> {
    if sale.lines.is_empty() {
        return Err("a sale has at least one line".to_owned());
    }
    for (place, line) in sale.lines.iter().enumerate() {
        if usize::from(line.line_no) != place + 1 {
            return Err(format!("line {} is numbered {}", place + 1, line.line_no));
        }
        cents("line base_amount_usd", line.base_amount_usd)?;
        cents("line discount_usd", line.discount_usd)?;
        cents("line line_total_usd", line.line_total_usd)?;
    }
    Ok(())
}

// A column would round what has more decimals than it, silently.
fn figures(sale: &SaleFinalizedV1) -> Result<(), String> {
    cents("subtotal_usd", sale.subtotal_usd)?;
    cents("item_discount_total_usd", sale.discounts.item_discount_total_usd)?;
    cents("branch_discount_usd", sale.discounts.branch_discount_usd)?;
    cents("vat amount_usd", sale.vat.amount_usd)?;
    cents("grand_total_usd", sale.grand_total_usd)?;
    riel("grand_total_khr", sale.grand_total_khr)?;
    riel("rounding_khr", sale.khr_rounding.rounding_khr)?;
    riel("payable_khr", sale.payable_khr)?;
    decimals("fx_rate_khr_per_usd", sale.fx_rate_khr_per_usd, 4)?;
    decimals("tender received", sale.tender.received, 2)?;
    decimals("tender change", sale.tender.change, 2)
}

fn deductions(sale: &SaleFinalizedV1) -> Result<(), String> {
    let mut seen = HashSet::with_capacity(sale.deductions.len());
    for line in &sale.deductions {
        if !seen.insert(line.stock_item_id) {
            return Err(format!("stock item {} is deducted twice", line.stock_item_id));
        }
        decimals("deduction quantity", line.quantity, 3)?;
        if line.quantity <= Decimal::ZERO {
            return Err("a deduction is above zero".to_owned());
        }
    }
    Ok(())
}

fn same(
    origin: Origin,
    tenant_id: TenantId,
    branch_id: BranchId,
    edge_id: EdgeId,
) -> Result<(), String> {
    if (Origin { tenant_id, branch_id, edge_id }) == origin {
        return Ok(());
    }
    Err(format!("it is told of tenant {tenant_id}, branch {branch_id}, edge {edge_id}"))
}

fn cents(what: &str, amount: Usd) -> Result<(), String> {
    decimals(what, amount.amount(), 2)
}

fn riel(what: &str, amount: Khr) -> Result<(), String> {
    decimals(what, amount.amount(), 0)
}

fn in_currency(what: &str, amount: Decimal, currency: Currency) -> Result<(), String> {
    decimals(what, amount, if currency == Currency::Usd { 2 } else { 0 })
}

fn decimals(what: &str, figure: Decimal, most: u32) -> Result<(), String> {
    if figure.normalize().scale() <= most {
        return Ok(());
    }
    Err(format!("{what} is {figure}, with more than {most} decimals"))
}
