//! `order.status_changed`: the order moves on, if it stands where the entry
//! says and may go there; otherwise it stays and a person is told.

use domain::orders::may_move;
use schemas::{
    events::{OrderStatus, OrderStatusChangedV1},
    facts::{ExceptionKind, FactKind},
};
use store::orders::{Order, OrderMove};

use super::{Changes, State, Work};

pub(super) fn plan(
    work: &Work<'_>,
    event: &OrderStatusChangedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let order = state
        .orders
        .get_mut(&event.order_id)
        .filter(|order| order.branch_id == event.branch_id && order.sale_id == event.sale_id);
    match order {
        Some(order) if order.status == event.from && may_move(event.from, event.to) => {
            order.status = event.to;
            let OrderStatusChangedV1 { order_id, to, changed_at, .. } = *event;
            changes.order_moves.insert(order_id, OrderMove { order_id, to, at: changed_at });
            changes.tell(work, FactKind::OrderStatusChanged);
            let subject = Some(order_id.as_uuid());
            let meta = serde_json::json!({ "from": event.from, "to": event.to }).to_string();
            let actor = Some(event.changed_by);
            changes.audit(work, "ORDER_STATUS_CHANGED", actor, subject, Some(meta));
        }
        other => {
            let detail = refused(event, other.map(|order| &*order));
            changes.raise(
                work,
                ExceptionKind::OrderMoveRefused,
                (Some(event.sale_id), None),
                &detail,
            );
        }
    }
}

fn refused(event: &OrderStatusChangedV1, order: Option<&Order>) -> String {
    let stands = match order.map(|order| order.status) {
        Some(status) => format!("it is {}", OrderStatus::as_str(status)),
        None => "it is not in the books".to_owned(),
    };
    format!(
        "order {} was to move from {} to {}, but {stands}",
        event.order_id,
        event.from.as_str(),
        event.to.as_str()
    )
}
