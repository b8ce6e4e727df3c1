//! `void.requested`: someone asked to undo a sale, which is `VOID_PENDING` until
//! it is decided; who may decide is notified.
//!
//! A request that the rules do not allow is kept as rejected by nobody, and a
//! person is told; its sale is as it was.

use schemas::{
    events::{SaleStatus, VoidRequestedV1},
    facts::{ExceptionKind, FactKind},
};
use serde_json::json;
use store::voids::{Decision, VoidRequest, VoidState};

use super::{
    Changes, Deed, State, Work,
    changes::Notice,
    voiding::{hindrances, move_sale, put},
};

pub(super) fn plan(
    work: &Work<'_>,
    event: &VoidRequestedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let VoidRequestedV1 { void_request_id, branch_id, sale_id, requested_at, .. } = *event;
    let concerns = (Some(sale_id), Some(&event.ticket_id));
    let known = state.requests.contains_key(&void_request_id);
    let Some((sale, order)) = state.sale(branch_id, sale_id).filter(|_| !known) else {
        let why =
            if known { "is known already" } else { "is about a sale that is not in the books" };
        let detail = format!("void request {void_request_id} {why}");
        changes.raise(work, ExceptionKind::VoidMismatch, concerns, &detail);
        return;
    };
    let mut odd = hindrances(&sale, &order, state);
    if order.sale_status != SaleStatus::Finalized {
        odd.push(format!("it is {}", order.sale_status.as_str()));
    }
    let request_state = if odd.is_empty() {
        VoidState::Pending
    } else {
        VoidState::Rejected(Decision {
            decided_by: None,
            note: Some(odd.join("; ")),
            decided_at: requested_at,
            command_id: None,
        })
    };
    let pending = request_state.is_pending();
    let request = VoidRequest {
        void_request_id,
        tenant_id: event.tenant_id,
        branch_id,
        entry: work.name(),
        sale_id,
        ticket_id: sale.ticket_id.clone(),
        cash_session_id: sale.cash_session_id.unwrap_or(event.cash_session_id),
        requested_by: event.requested_by,
        reason: event.reason.clone(),
        requested_at,
        state: request_state,
    };
    put(request, state, changes);
    changes.tell(work, FactKind::VoidRequested);
    changes.audit(
        work,
        Deed {
            actor: Some(event.requested_by),
            subject: Some(sale_id.as_uuid()),
            target: Some(void_request_id.as_uuid()),
            meta: Some(json!({ "reason": event.reason })),
            ..Deed::of("VOID_REQUESTED")
        },
    );
    if pending {
        move_sale((sale_id, &order), SaleStatus::VoidPending, requested_at, state, changes);
        let notice = Notice {
            what: "VOID_APPROVAL_NEEDED",
            staff_id: None,
            void_request_id,
            sale_id,
            ticket_id: &sale.ticket_id,
        };
        changes.notify(work, &notice);
    } else {
        let detail = format!("sale {sale_id} was to be undone, but {}", odd.join("; "));
        changes.raise(work, ExceptionKind::VoidMismatch, concerns, &detail);
    }
}
