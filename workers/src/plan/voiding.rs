//! What the entries about voids share.

use schemas::{
    CommandId, SaleId, Timestamp, VoidRequestId,
    events::{OrderStatus, SaleStatus, TenderMethod},
    requests::VoidDecision,
};
use serde_json::json;
use store::{
    commands::{Outcome, State as CommandState},
    orders::Order,
    voids::{SaleMove, SoldSale, VoidRequest, VoidState},
};

use super::{Changes, Deed, State, Work, changes::Notice};

/// Puts a request in its new state, in the state and in the rows.
pub(super) fn put(request: VoidRequest, state: &mut State, changes: &mut Changes<'_>) {
    changes.requests.insert(request.void_request_id, request.clone());
    state.requests.insert(request.void_request_id, request);
}

/// Moves a sale, in the state and in the rows.
pub(super) fn move_sale(
    sale: (SaleId, &Order),
    to: SaleStatus,
    at: Timestamp,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let (sale_id, order) = sale;
    state.move_sale(order.order_id, to);
    changes.sale_moves.insert(sale_id, SaleMove { sale_id, to, at });
}

/// Why a sale may not be undone, if it may not.
pub(super) fn hindrances(sale: &SoldSale, order: &Order, state: &State) -> Vec<String> {
    let mut odd = Vec::new();
    match sale.cash_session_id {
        None => odd.push("it was sold in no cash session".to_owned()),
        Some(session) => match state.is_open(sale.branch_id, session) {
            Some(true) => {}
            Some(false) => odd.push(format!("cash session {session} is closed")),
            None => odd.push(format!("cash session {session} is not in the books of this branch")),
        },
    }
    if sale.method != TenderMethod::Cash {
        odd.push("it was not paid in cash".to_owned());
    }
    if !matches!(order.status, OrderStatus::InPrep | OrderStatus::Ready) {
        odd.push(format!("its order is {}", order.status.as_str()));
    }
    odd
}

/// A request that is rejected.
pub(super) struct Rejection {
    pub(super) void_request_id: VoidRequestId,
    /// How.
    pub(super) to: VoidState,
    /// Whether to tell of it: in the audit log and to who asked.
    pub(super) told: bool,
}

/// Rejects a pending request; its sale is as it was before.
pub(super) fn reject(
    work: &Work<'_>,
    rejection: &Rejection,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let Some(request) = state.requests.get(&rejection.void_request_id).cloned() else { return };
    let VoidRequest { void_request_id, sale_id, branch_id, requested_by, .. } = request;
    let decision = rejection.to.decision().cloned();
    if let Some((_, order)) = state.sale(branch_id, sale_id)
        && order.sale_status == SaleStatus::VoidPending
    {
        let at = work.entry.recorded_at;
        move_sale((sale_id, &order), SaleStatus::Finalized, at, state, changes);
    }
    if rejection.told {
        let notice = Notice {
            what: "VOID_REJECTED",
            staff_id: Some(requested_by),
            void_request_id,
            sale_id,
            ticket_id: &request.ticket_id,
        };
        changes.notify(work, &notice);
        changes.audit(
            work,
            Deed {
                actor: decision.as_ref().and_then(|decision| decision.decided_by),
                subject: Some(sale_id.as_uuid()),
                target: Some(void_request_id.as_uuid()),
                meta: Some(json!({ "reason": decision.and_then(|decision| decision.note) })),
                ..Deed::of("VOID_REJECTED")
            },
        );
    }
    put(VoidRequest { state: rejection.to.clone(), ..request }, state, changes);
}

/// Notes that a command was carried out; says why that cannot be, if it cannot.
pub(super) fn carried_out(
    work: &Work<'_>,
    command: Option<CommandId>,
    request: VoidRequestId,
    approved: bool,
    state: &mut State,
    changes: &mut Changes<'_>,
) -> Option<String> {
    let id = command?;
    let Some(known) = state.commands.get(&id).filter(|c| c.branch_id == work.origin.branch_id)
    else {
        return Some(format!("command {id} is not in the books of this branch"));
    };
    let asked = matches!(known.command.decision, VoidDecision::Approve { .. });
    if known.command.void_request_id != request || asked != approved {
        return Some(format!("command {id} asked for something else"));
    }
    settle(work, id, CommandState::CarriedOut, None, state, changes)
}

/// Settles a command of the branch; says why it cannot be settled, if it cannot.
pub(super) fn settle(
    work: &Work<'_>,
    id: CommandId,
    to: CommandState,
    refusal: Option<(String, String)>,
    state: &mut State,
    changes: &mut Changes<'_>,
) -> Option<String> {
    let known = state.commands.get_mut(&id).filter(|c| c.branch_id == work.origin.branch_id);
    let Some(known) = known else {
        return Some(format!("command {id} is not in the books of this branch"));
    };
    if known.state != CommandState::Waiting {
        return Some(format!("command {id} is {} already", known.state.as_str()));
    }
    let at = work.entry.recorded_at;
    known.state = to;
    known.refusal.clone_from(&refusal);
    known.settled_at = Some(at);
    changes.outcomes.push(Outcome { command_id: id, state: to, refusal, entry: work.name(), at });
    None
}
