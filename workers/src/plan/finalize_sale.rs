//! `sale.finalized`: the sale is in the books with all that hangs on it: its
//! lines, its order in preparation, the cash in its drawer or the KHQR payment that
//! it claims, its deductions from stock, and its place in the queue for a number.
//!
//! Whose the ticket is books the sale; whoever comes later under the same
//! ticket is an exception and changes nothing (invariant 6).

use schemas::{
    CashMovementId, CashSessionId, EdgeId,
    events::{OrderStatus, SaleFinalizedV1, SaleStatus, TenderMethod},
    facts::{ExceptionKind, FactKind},
};
use store::{
    accounts::Charge, cash::SaleCash, handovers::Handover, orders::Order, reports::Supplement,
    sales::BookedSale, stock::Reason,
};

use super::{
    Changes, Deed, State, Work, khqr_proof, session_sums,
    state::is_by_door,
    stock_moves::{StockMove, move_stock},
};
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
    changes.audit(
        work,
        Deed {
            activity: Some("pos.sale.created"),
            actor: Some(sale.cashier_id),
            subject: Some(sale.sale_id.as_uuid()),
            ..Deed::of("SALE_FINALIZED")
        },
    );
    let SaleFinalizedV1 { order_id, sale_id, branch_id, .. } = *sale;
    let (status, sale_status) = (OrderStatus::InPrep, SaleStatus::Finalized);
    let kept_by = hand_over(work, sale, state, changes);
    state.take(sale, Order { order_id, sale_id, branch_id, status, sale_status, kept_by });

    for (kind, detail) in work.objections {
        let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
        changes.raise(work, *kind, concerns, detail);
    }
    check_session(work, sale, state, changes);
    check_prices(work, sale, changes);
    khqr_proof::check(work, sale, state, changes);
    take_cash(sale, state, changes);
    charge_account(work, sale, state, changes);
    deduct_stock(work, sale, state, changes);
}

/// What the direct door sells where the store has an edge is made there: nobody moves
/// the order until that edge accepts it. Who keeps the order.
fn hand_over(
    work: &Work<'_>,
    sale: &SaleFinalizedV1,
    state: &State,
    changes: &mut Changes<'_>,
) -> Option<EdgeId> {
    if !(is_by_door(work) && state.store_edges.contains_key(&sale.branch_id)) {
        return Some(work.entry.edge_id);
    }
    changes.handovers.push(Handover {
        order_id: sale.order_id,
        tenant_id: sale.tenant_id,
        branch_id: sale.branch_id,
        sale_id: sale.sale_id,
        entry: work.name(),
        at: work.entry.recorded_at,
    });
    None
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
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    // An online order needs none.
    let Some(session) = sale.cash_session_id else { return };
    let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
    let known = state.sessions.get(&session);
    let why = match known {
        Some(known) if known.branch_id != sale.branch_id => "of another branch",
        Some(_) if sale.late.is_some() => return supplement(work, sale, session, state, changes),
        Some(known) if known.open => return,
        Some(_) => "closed",
        None => "not in the books",
    };
    let detail = format!("cash session {session} is {why}");
    changes.raise(work, ExceptionKind::SessionNotOpen, concerns, &detail);
}

/// A sale that came after the close of its session. The Z report stands.
fn supplement(
    work: &Work<'_>,
    sale: &SaleFinalizedV1,
    session: CashSessionId,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let Some(late) = sale.late else { return };
    let number = u64::from(late.supplement_no);
    let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
    changes.supplements.push(Supplement {
        sale_id: sale.sale_id,
        cash_session_id: session,
        branch_id: sale.branch_id,
        supplement_no: number,
        received_at: late.received_at,
    });
    let detail = format!(
        "supplement {number} to the Z report of cash session {session}: {} USD, completed {}, \
         received {}",
        sale.grand_total_usd, sale.finalized_at, late.received_at
    );
    changes.raise(work, ExceptionKind::LateSale, concerns, &detail);

    let newest = state.supplements.entry(session).or_default();
    let mut odd = Vec::new();
    if number != *newest + 1 {
        odd.push(format!("supplement {number} comes after supplement {newest}"));
    }
    *newest = number.max(*newest);
    if state.sessions.get(&session).is_some_and(|known| known.open) {
        odd.push("it has no Z report yet".to_owned());
    }
    if !odd.is_empty() {
        let detail = format!("cash session {session}: {}", odd.join("; "));
        changes.raise(work, ExceptionKind::SessionMismatch, concerns, &detail);
    }
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

fn take_cash(sale: &SaleFinalizedV1, state: &mut State, changes: &mut Changes<'_>) {
    let Some(session) = sale.cash_session_id else { return };
    if let Some(sums) = state.sums_of(sale.branch_id, session) {
        session_sums::add_sale(sums, sale);
    }
    if sale.tender.method != TenderMethod::Cash {
        return;
    }
    changes.cash.push(SaleCash {
        movement_id: CashMovementId::derived(sale.sale_id.as_uuid(), "SALE_CASH"),
        cash_session_id: session,
        branch_id: sale.branch_id,
        currency: sale.tender.currency,
        amount: sale.tender.received.saturating_sub(sale.tender.change),
        sale_id: sale.sale_id,
        occurred_at: sale.finalized_at,
    });
}

/// What the customer owes from now on. The limit is the door's to ask for before;
/// here it is only told that it was passed.
fn charge_account(
    work: &Work<'_>,
    sale: &SaleFinalizedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let (TenderMethod::Account, Some(customer_id)) = (sale.tender.method, sale.customer_id) else {
        return;
    };
    let account = state.accounts.get_mut(&(sale.tenant_id, customer_id));
    let amount = sale.grand_total_usd;
    let mut beyond = format!("customer {customer_id} has no house account");
    let mut balance_after = None;
    if let Some(account) = account {
        account.balance_usd = account.balance_usd.saturating_add(amount.amount());
        balance_after = Some(account.balance_usd);
        beyond = String::new();
        if account.balance_usd > account.limit_usd {
            beyond = format!(
                "customer {customer_id} owes {} USD and may owe {} USD",
                account.balance_usd.normalize(),
                account.limit_usd.normalize()
            );
        }
    }
    if !beyond.is_empty() {
        let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
        changes.raise(work, ExceptionKind::CreditLimitExceeded, concerns, &beyond);
    }
    changes.charges.push(Charge {
        sale_id: sale.sale_id,
        tenant_id: sale.tenant_id,
        customer_id,
        branch_id: sale.branch_id,
        amount_usd: amount,
        balance_after,
        entry: work.name(),
        at: sale.finalized_at,
    });
}

fn deduct_stock(
    work: &Work<'_>,
    sale: &SaleFinalizedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let sold = StockMove {
        reason: Reason::Sale,
        branch_id: sale.branch_id,
        sale_id: sale.sale_id,
        at: sale.finalized_at,
        lines: &sale.deductions,
    };
    let below = move_stock(work, &sold, state, changes);
    if !below.is_empty() {
        let concerns = (Some(sale.sale_id), Some(&sale.ticket_id));
        changes.raise(work, ExceptionKind::StockNegative, concerns, &below.join("; "));
    }
}
