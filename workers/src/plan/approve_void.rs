//! `void.approved`: the sale and its order are `VOIDED`, the cash went back, and
//! what the sale took from stock is there again: once for each sale, in one
//! transaction.
//!
//! Amounts and quantities are the sale's own, whatever the entry says of them.
//! The cash has left the drawer, so what does not fit is booked as far as it
//! fits, and a person is told.

use schemas::{
    CashMovementId,
    events::{DeductionLine, OrderStatus, SaleStatus, TenderMethod, VoidApprovedV1},
    facts::{ExceptionKind, FactKind},
};
use serde_json::json;
use store::{
    cash::{CashMovement, MovementKind},
    orders::{Order, OrderMove},
    stock::Reason,
    voids::{Decision, SoldSale, VoidRequest, VoidState},
};

use super::{
    Changes, Deed, State, Work,
    changes::Notice,
    session_sums,
    stock_moves::{StockMove, move_stock},
    voiding::{Rejection, carried_out, hindrances, move_sale, put, reject},
};

pub(super) fn plan(
    work: &Work<'_>,
    event: &VoidApprovedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let VoidApprovedV1 { void_request_id, branch_id, sale_id, command_id, .. } = *event;
    let mut odd = Vec::new();
    match state.sale(branch_id, sale_id) {
        None => odd.push("it is not in the books".to_owned()),
        Some((_, order)) if order.sale_status == SaleStatus::Voided => {
            odd.push("it is VOIDED already".to_owned());
        }
        Some((sale, order)) => {
            odd.extend(hindrances(&sale, &order, state));
            odd.extend(contradictions(event, &sale));
            changes.tell(work, FactKind::SaleVoided);
            odd.extend(settle_requests(work, event, state, changes));
            undo(work, event, &sale, &order, state, changes);
        }
    }
    odd.extend(carried_out(work, command_id, void_request_id, true, state, changes));
    if !odd.is_empty() {
        let detail = format!("sale {sale_id} was undone, but {}", odd.join("; "));
        let concerns = (Some(sale_id), Some(&event.ticket_id));
        changes.raise(work, ExceptionKind::VoidMismatch, concerns, &detail);
    }
}

/// Where the entry says otherwise than the sale.
fn contradictions(event: &VoidApprovedV1, sale: &SoldSale) -> Vec<String> {
    let mut odd = Vec::new();
    if event.order_id != sale.order_id {
        odd.push(format!("its order is not {}", event.order_id));
    }
    if Some(event.cash_session_id) != sale.cash_session_id {
        odd.push(format!("it was not sold in cash session {}", event.cash_session_id));
    }
    if (event.refund_currency, event.refund_amount) != (sale.currency, sale.kept) {
        odd.push(format!(
            "{} {} went back where {} {} were kept",
            event.refund_amount.normalize(),
            event.refund_currency.code(),
            sale.kept.normalize(),
            sale.currency.code()
        ));
    }
    if quantities(&event.restored) != quantities(&sale.deductions) {
        odd.push("other stock is said to be restored than it took".to_owned());
    }
    odd
}

fn quantities(lines: &[DeductionLine]) -> Vec<(schemas::StockItemId, rust_decimal::Decimal)> {
    let mut lines: Vec<_> = lines.iter().map(|line| (line.stock_item_id, line.quantity)).collect();
    lines.sort_unstable();
    lines
}

/// The request is approved, and no other one of the sale stays pending; says
/// where that does not fit.
fn settle_requests(
    work: &Work<'_>,
    event: &VoidApprovedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) -> Vec<String> {
    let mut odd = Vec::new();
    let id = event.void_request_id;
    for other in state.pending(|r| r.sale_id == event.sale_id && r.void_request_id != id) {
        odd.push(format!("void request {other} was pending"));
        let to = VoidState::Rejected(Decision {
            decided_by: None,
            note: Some(format!("the sale was undone by request {id}")),
            decided_at: event.approved_at,
            command_id: None,
        });
        reject(work, &Rejection { void_request_id: other, to, told: false }, state, changes);
    }
    let request = state.requests.get(&id).filter(|request| request.sale_id == event.sale_id);
    let Some(request) = request.cloned() else {
        odd.push(format!("void request {id} of it is not in the books"));
        return odd;
    };
    if !request.state.is_pending() {
        odd.push(format!("void request {id} is {}", request.state.as_str()));
    }
    let notice = Notice {
        what: "VOID_APPROVED",
        staff_id: Some(request.requested_by),
        void_request_id: id,
        sale_id: event.sale_id,
        ticket_id: &request.ticket_id,
    };
    changes.notify(work, &notice);
    let approved = VoidState::Approved(Decision {
        decided_by: Some(event.approved_by),
        note: event.note.clone(),
        decided_at: event.approved_at,
        command_id: event.command_id,
    });
    put(VoidRequest { state: approved, ..request }, state, changes);
    odd
}

fn undo(
    work: &Work<'_>,
    event: &VoidApprovedV1,
    sale: &SoldSale,
    order: &Order,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let (sale_id, at) = (sale.sale_id, event.approved_at);
    move_sale((sale_id, order), SaleStatus::Voided, at, state, changes);
    if matches!(order.status, OrderStatus::InPrep | OrderStatus::Ready) {
        let (order_id, to) = (order.order_id, OrderStatus::Voided);
        changes.order_moves.insert(order_id, OrderMove { order_id, to, at });
        if let Some(order) = state.orders.get_mut(&order_id) {
            order.status = to;
        }
    }
    let session = sale.cash_session_id;
    let refund = (sale.method == TenderMethod::Cash).then_some(sale.kept);
    if let (Some(refund), Some(cash_session_id)) = (refund, session) {
        let cause = format!("REFUND_CASH:{sale_id}");
        changes.cash_movements.push(CashMovement {
            movement_id: CashMovementId::derived(event.void_request_id.as_uuid(), &cause),
            cash_session_id,
            branch_id: sale.branch_id,
            kind: MovementKind::RefundCash,
            currency: sale.currency,
            amount: -refund,
            sale_id: Some(sale_id),
            reason: None,
            moved_by: event.approved_by,
            entry: work.name(),
            occurred_at: at,
        });
    }
    if let Some(sums) = session.and_then(|session| state.sums_of(sale.branch_id, session)) {
        session_sums::add_void(sums, sale, refund);
    }
    let restored = StockMove {
        reason: Reason::Void,
        branch_id: sale.branch_id,
        sale_id,
        at,
        lines: &sale.deductions,
    };
    // Nothing falls below zero by what comes back.
    move_stock(work, &restored, state, changes);
    changes.audit(
        work,
        Deed {
            actor: Some(event.approved_by),
            subject: Some(sale_id.as_uuid()),
            target: Some(event.void_request_id.as_uuid()),
            meta: Some(json!({ "note": event.note, "commandId": event.command_id })),
            ..Deed::of("VOID_APPROVED")
        },
    );
}
