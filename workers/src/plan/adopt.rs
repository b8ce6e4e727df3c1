//! `edge.adopted`: what the branch's former edges had open is the new edge's from here
//! on: it closes the sessions and moves the orders. What the books do not have, or have
//! closed, is not adopted, and a person is told.

use std::collections::BTreeSet;

use schemas::{
    events::{EdgeAdoptedV1, OrderStatus},
    facts::ExceptionKind,
};
use serde_json::json;
use store::adoptions::{Adopted, What};
use uuid::Uuid;

use super::{Changes, Deed, State, Work};

/// How many of what was not adopted a person is told by name.
const NAMED: usize = 5;

pub(super) fn plan(
    work: &Work<'_>,
    event: &EdgeAdoptedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let branch = event.branch_id;
    let mut odd = Vec::new();
    let sessions: BTreeSet<_> = event.cash_sessions.iter().copied().collect();
    for session in sessions {
        match state.is_open(branch, session) {
            Some(true) => keep(work, What::Session, session.as_uuid(), changes),
            Some(false) => odd.push(format!("cash session {session} is closed")),
            None => odd.push(format!("cash session {session} is not in the books")),
        }
    }
    let orders: BTreeSet<_> = event.orders.iter().copied().collect();
    for id in orders {
        match state.orders.get_mut(&id).filter(|order| order.branch_id == branch) {
            Some(order) if matches!(order.status, OrderStatus::InPrep | OrderStatus::Ready) => {
                order.kept_by = Some(work.entry.edge_id);
                keep(work, What::Order, id.as_uuid(), changes);
            }
            Some(order) => odd.push(format!("order {id} is {}", order.status.as_str())),
            None => odd.push(format!("order {id} is not in the books")),
        }
    }
    let meta = json!({
        "former": event.former.iter().map(|former| former.edge_id).collect::<Vec<_>>(),
        "sessions": event.cash_sessions.len(),
        "orders": event.orders.len(),
        "sales": event.sales,
    });
    let former = event.former.first().map(|former| former.edge_id.as_uuid());
    let subject = Some(event.edge_id.as_uuid());
    let deed = Deed::of("EDGE_ADOPTED");
    changes.audit(work, Deed { subject, target: former, meta: Some(meta), ..deed });
    if !odd.is_empty() {
        let more = odd.len().saturating_sub(NAMED);
        odd.truncate(NAMED);
        let mut detail = odd.join("; ");
        if more > 0 {
            detail.push_str(&format!("; and {more} more"));
        }
        changes.raise(work, ExceptionKind::AdoptionMismatch, (None, None), &detail);
    }
}

fn keep(work: &Work<'_>, what: What, subject_id: Uuid, changes: &mut Changes<'_>) {
    changes.adopted.push(Adopted {
        what,
        subject_id,
        tenant_id: work.origin.tenant_id,
        branch_id: work.origin.branch_id,
        entry: work.name(),
    });
}
