//! `cash.session_closed`: the session is closed, its Z report kept for good, and
//! what was pending to be undone in it is rejected.
//!
//! The report is the edge's and stands as it is. Where its sums are not those of
//! the books (an entry of the session waits in quarantine, say), a person is
//! told with the figures.

use schemas::{
    events::CashSessionClosedV1,
    facts::{ExceptionKind, FactKind},
};
use serde_json::json;
use store::{
    cash::SessionClose,
    reports::ZReport,
    voids::{Decision, VoidState},
};

use super::{
    Changes, Deed, State, Work, session_sums,
    voiding::{Rejection, reject},
};

pub(super) fn plan<'a>(
    work: &Work<'a>,
    event: &'a CashSessionClosedV1,
    state: &mut State,
    changes: &mut Changes<'a>,
) {
    let CashSessionClosedV1 { cash_session_id, branch_id, closed_by, closed_at, .. } = *event;
    let why = match state.is_open(branch_id, cash_session_id) {
        Some(true) => None,
        Some(false) => Some("closed already"),
        None => Some("not in the books of this branch"),
    };
    if let Some(why) = why {
        let detail = format!(
            "cash session {cash_session_id} is {why}; a Z report of {} sales, {} USD, was not kept",
            event.z.sale_count, event.z.sales_usd
        );
        changes.raise(work, ExceptionKind::SessionMismatch, (None, None), &detail);
        return;
    }
    changes.closes.push(SessionClose { cash_session_id, closed_by, closed_at });
    changes.reports.push(ZReport { closed: event, entry: work.entry });
    if let Some(session) = state.sessions.get_mut(&cash_session_id) {
        session.open = false;
    }
    changes.tell(work, FactKind::CashSessionClosed);
    let meta = json!({
        "differenceUsd": event.counted.difference_usd,
        "differenceKhr": event.counted.difference_khr,
    });
    changes.audit(
        work,
        Deed {
            actor: Some(closed_by),
            subject: Some(cash_session_id.as_uuid()),
            meta: Some(meta),
            ..Deed::of("CASH_SESSION_CLOSED")
        },
    );
    let odd = reject_pending(work, event, state, changes);
    if !odd.is_empty() {
        changes.raise(work, ExceptionKind::VoidMismatch, (None, None), &odd.join("; "));
    }
    let found = match state.sums.get(&cash_session_id) {
        Some(sums) => session_sums::differences(event, sums),
        None => vec!["the books have no sums of it".to_owned()],
    };
    if !found.is_empty() {
        let detail = format!("cash session {cash_session_id}: {}", found.join("; "));
        changes.raise(work, ExceptionKind::SessionMismatch, (None, None), &detail);
    }
}

/// Rejects what the entry names and whatever else is pending in the session;
/// says where they are not the same.
fn reject_pending(
    work: &Work<'_>,
    event: &CashSessionClosedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) -> Vec<String> {
    let pending = state.pending(|request| request.cash_session_id == event.cash_session_id);
    let named = |id| event.rejected_voids.iter().any(|void| void.void_request_id == id);
    let mut odd = Vec::new();
    for void in &event.rejected_voids {
        if !pending.contains(&void.void_request_id) {
            odd.push(format!("void request {} is not pending in it", void.void_request_id));
        }
    }
    for id in pending {
        if !named(id) {
            odd.push(format!("void request {id} was pending in it and is rejected with it"));
        }
        let rejection = Rejection {
            void_request_id: id,
            to: VoidState::Rejected(Decision {
                decided_by: Some(event.closed_by),
                note: Some("the cash session was closed".to_owned()),
                decided_at: event.closed_at,
                command_id: None,
            }),
            told: true,
        };
        reject(work, &rejection, state, changes);
    }
    odd
}
