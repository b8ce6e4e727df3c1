//! `sale.finalized`: the sale is in the books with all that hangs on it: its
//! lines, its order in preparation, the cash in its drawer, its deductions from
//! stock, and its place in the queue for a number.
//!
//! Whose the ticket is books the sale; whoever comes later under the same
//! ticket is an exception and changes nothing (invariant 6).

use rust_decimal::Decimal;
use schemas::{
    CashMovementId,
    events::{OrderStatus, SaleFinalizedV1, TenderMethod},
    facts::{ExceptionKind, FactKind, StockMovedLine, StockMovedV1, id_from_entry},
};
use store::{cash::SaleCash, orders::Order, sales::BookedSale, stock::SaleDeduction};

use super::{Changes, State, Work, no_stock};
use crate::repricing::Repricing;

pub(super) fn plan<'a>(
    work: &Work<'a>,
    sale: &'a SaleFinalizedV1,
    state: &mut State,
    changes: &mut Changes<'a>,
) {
    if !state.owners.owns(work) {
        conflict(work, sale, state, changes);
        return;
    }
    changes.sales.push(BookedSale { sale, entry: work.entry });
    changes.tell(work, FactKind::SaleFinalized);
    let subject = Some(sale.sale_id.as_uuid());
    changes.audit(work, "SALE_FINALIZED", Some(sale.cashier_id), subject, None);
    let SaleFinalizedV1 { order_id, sale_id, branch_id, .. } = *sale;
    let status = OrderStatus::InPrep;
    state.orders.insert(order_id, Order { order_id, sale_id, branch_id, status });

    check_session(work, sale, state, changes);
    check_prices(work, sale, changes);
    take_cash(sale, changes);
    deduct_stock(work, sale, state, changes);
}

fn conflict(work: &Work<'_>, sale: &SaleFinalizedV1, state: &State, changes: &mut Changes<'_>) {
    let detail = match state.owners.get(sale.tenant_id, &sale.ticket_id) {
        Some(kept) => {
            let same = kept.payload_hash == sale.request_hash;
            format!(
                "ticket {} is sale {} of entry {}:{} already, from {} request; sale {} of {} USD \
                 was not booked",
                sale.ticket_id,
                kept.sale_id,
                kept.edge_id,
                kept.entry_seq,
                if same { "the same" } else { "another" },
                sale.sale_id,
                sale.grand_total_usd,
            )
        }
        None => format!("ticket {} is not to be had", sale.ticket_id),
    };
    let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
    changes.raise(work, ExceptionKind::TicketConflict, concerns, &detail);
}

fn check_session(
    work: &Work<'_>,
    sale: &SaleFinalizedV1,
    state: &State,
    changes: &mut Changes<'_>,
) {
    let session = state.sessions.get(&sale.cash_session_id);
    let why = match session {
        Some(session) if session.branch_id != sale.branch_id => "of another branch",
        Some(session) if session.open => return,
        Some(_) => "closed",
        None => "not in the books",
    };
    let detail = format!("cash session {} is {why}", sale.cash_session_id);
    let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
    changes.raise(work, ExceptionKind::SessionNotOpen, concerns, &detail);
}

fn check_prices(work: &Work<'_>, sale: &SaleFinalizedV1, changes: &mut Changes<'_>) {
    let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
    match work.repricing {
        Repricing::Agrees => {}
        Repricing::Differs(detail) => {
            changes.raise(work, ExceptionKind::PriceMismatch, concerns, detail);
        }
        Repricing::Unknown => {
            let reference = sale.catalogue;
            let detail = format!(
                "catalogue {} with content {} is not in the books",
                reference.version, reference.content_hash
            );
            changes.raise(work, ExceptionKind::CatalogueUnknown, concerns, &detail);
        }
    }
}

fn take_cash(sale: &SaleFinalizedV1, changes: &mut Changes<'_>) {
    if sale.tender.method != TenderMethod::Cash {
        return;
    }
    changes.cash.push(SaleCash {
        movement_id: CashMovementId::derived(sale.sale_id.as_uuid(), "SALE_CASH"),
        cash_session_id: sale.cash_session_id,
        branch_id: sale.branch_id,
        currency: sale.tender.currency,
        amount: sale.tender.received.saturating_sub(sale.tender.change),
        sale_id: sale.sale_id,
        occurred_at: sale.finalized_at,
    });
}

fn deduct_stock(
    work: &Work<'_>,
    sale: &SaleFinalizedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    if sale.deductions.is_empty() {
        return;
    }
    let SaleFinalizedV1 { branch_id, edge_id, sale_id, finalized_at, .. } = *sale;
    let entry_seq = work.entry.seq;
    let mut lines = Vec::with_capacity(sale.deductions.len());
    let mut below = Vec::new();
    for deduction in &sale.deductions {
        let stock_item_id = deduction.stock_item_id;
        let key = (branch_id, stock_item_id);
        let level = state.levels.entry(key).or_insert_with(|| no_stock(branch_id, stock_item_id));
        let before = level.level;
        let delta = -deduction.quantity;
        level.level = before.saturating_add(delta);
        level.last_no += 1;
        let (stock_no, level_after) = (level.last_no, level.level);
        changes.levels.insert(key, *level);
        changes.deductions.push(SaleDeduction {
            branch_id,
            stock_item_id,
            stock_no,
            delta,
            level_after,
            edge_id,
            entry_seq,
            sale_id,
            occurred_at: finalized_at,
        });
        if before >= Decimal::ZERO && level_after < Decimal::ZERO {
            let name = &deduction.name;
            below.push(format!("{name} is {} {}", level_after.normalize(), deduction.unit));
        }
        let unit = deduction.unit.clone();
        // Read back from a column it has trailing zeros; told, it has none.
        let level_after = level_after.normalize();
        lines.push(StockMovedLine { stock_item_id, stock_no, delta, level_after, unit });
    }
    let moved_at = finalized_at;
    let moved = StockMovedV1 { branch_id, edge_id, edge_seq: entry_seq, sale_id, moved_at, lines };
    let id = id_from_entry(edge_id, entry_seq, FactKind::StockMoved);
    changes.tell_more(work, FactKind::StockMoved, id, &moved);
    if !below.is_empty() {
        let concerns = (Some(sale_id), Some(&sale.ticket_id));
        changes.raise(work, ExceptionKind::StockNegative, concerns, &below.join("; "));
    }
}
