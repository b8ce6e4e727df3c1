//! `void.rejected`: the sale is `FINALIZED` again, nothing else changed, and who
//! asked is notified.

use schemas::{
    events::VoidRejectedV1,
    facts::{ExceptionKind, FactKind},
};
use store::voids::{Decision, VoidState};

use super::{
    Changes, State, Work,
    voiding::{Rejection, carried_out, reject},
};

pub(super) fn plan(
    work: &Work<'_>,
    event: &VoidRejectedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let VoidRejectedV1 { void_request_id, branch_id, sale_id, command_id, .. } = *event;
    let request = state.requests.get(&void_request_id);
    let of_sale = request.filter(|r| r.sale_id == sale_id && r.branch_id == branch_id);
    let mut odd = Vec::new();
    match of_sale.map(|request| &request.state) {
        Some(VoidState::Pending) => {
            changes.tell(work, FactKind::VoidRejected);
            let to = VoidState::Rejected(Decision {
                decided_by: Some(event.rejected_by),
                note: Some(event.reason.clone()),
                decided_at: event.rejected_at,
                command_id,
            });
            reject(work, &Rejection { void_request_id, to, told: true }, state, changes);
        }
        Some(decided) => odd.push(format!("it is {} already", decided.as_str())),
        None => odd.push("it is not in the books".to_owned()),
    }
    odd.extend(carried_out(work, command_id, void_request_id, false, state, changes));
    if !odd.is_empty() {
        let detail = format!("void request {void_request_id} was rejected, but {}", odd.join("; "));
        let concerns = (Some(sale_id), Some(&event.ticket_id));
        changes.raise(work, ExceptionKind::VoidMismatch, concerns, &detail);
    }
}
