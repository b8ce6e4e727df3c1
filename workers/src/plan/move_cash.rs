//! `cash.moved`: money went into a drawer or out of it, and somebody said why.

use schemas::{
    events::{CashMovedV1, PaidKind},
    facts::{ExceptionKind, FactKind},
};
use serde_json::json;
use store::cash::{CashMovement, MovementKind};

use super::{Changes, Deed, State, Work, session_sums};

pub(super) fn plan(
    work: &Work<'_>,
    event: &CashMovedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let session = event.cash_session_id;
    let (kind, amount, action) = match event.kind {
        PaidKind::PaidIn => (MovementKind::PaidIn, event.amount, "CASH_PAID_IN"),
        PaidKind::PaidOut => (MovementKind::PaidOut, -event.amount, "CASH_PAID_OUT"),
    };
    changes.cash_movements.push(CashMovement {
        movement_id: event.movement_id,
        cash_session_id: session,
        branch_id: event.branch_id,
        kind,
        currency: event.currency,
        amount,
        sale_id: None,
        reason: Some(event.reason.clone()),
        moved_by: event.moved_by,
        entry: work.name(),
        occurred_at: event.moved_at,
    });
    changes.tell(work, FactKind::CashMoved);
    let meta = json!({
        "amount": event.amount,
        "currency": event.currency.code(),
        "reason": event.reason,
    });
    changes.audit(
        work,
        Deed {
            actor: Some(event.moved_by),
            subject: Some(session.as_uuid()),
            target: Some(event.movement_id.as_uuid()),
            meta: Some(meta),
            ..Deed::of(action)
        },
    );
    if let Some(sums) = state.sums_of(event.branch_id, session) {
        session_sums::add_moved(sums, event);
    }
    let why = match state.is_open(event.branch_id, session) {
        Some(true) => return,
        Some(false) => "closed",
        None => "not in the books of this branch",
    };
    let detail = format!(
        "cash session {session} is {why}: {} {} {}",
        event.kind.as_str(),
        event.amount,
        event.currency.code()
    );
    changes.raise(work, ExceptionKind::SessionNotOpen, (None, None), &detail);
}
