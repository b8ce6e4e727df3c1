//! `order.status_changed`: the order moves on, if it is the edge's to move, stands where
//! the entry says and may go there; otherwise it stays and a person is told. It is not
//! delivered while the undoing of its sale is undecided.

use domain::orders::may_move;
use schemas::{
    events::{OrderStatus, OrderStatusChangedV1, SaleStatus},
    facts::{ExceptionKind, FactKind},
};
use store::orders::{Order, OrderMove};

use super::{Changes, Deed, State, Work};

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
        Some(order)
            if order.kept_by == Some(work.entry.edge_id)
                && order.status == event.from
                && may_move(event.from, event.to)
                && !awaits_void(order, event) =>
        {
            order.status = event.to;
            let OrderStatusChangedV1 { order_id, to, changed_at, .. } = *event;
            changes.order_moves.insert(order_id, OrderMove { order_id, to, at: changed_at });
            changes.tell(work, FactKind::OrderStatusChanged);
            changes.audit(
                work,
                Deed {
                    actor: Some(event.changed_by),
                    subject: Some(order_id.as_uuid()),
                    target: Some(event.sale_id.as_uuid()),
                    meta: Some(serde_json::json!({ "from": event.from, "to": event.to })),
                    ..Deed::of("ORDER_STATUS_UPDATED")
                },
            );
        }
        other => {
            let detail = refused(work, event, other.map(|order| &*order));
            changes.raise(
                work,
                ExceptionKind::OrderMoveRefused,
                (Some(event.sale_id), None),
                &detail,
            );
        }
    }
}

fn awaits_void(order: &Order, event: &OrderStatusChangedV1) -> bool {
    order.sale_status == SaleStatus::VoidPending && event.to == OrderStatus::Delivered
}

fn refused(work: &Work<'_>, event: &OrderStatusChangedV1, order: Option<&Order>) -> String {
    let stands = match order {
        Some(Order { kept_by: None, .. }) => "it waits for the store's edge".to_owned(),
        Some(Order { kept_by: Some(edge), .. }) if *edge != work.entry.edge_id => {
            format!("it is edge {edge}'s")
        }
        Some(order) if awaits_void(order, event) => {
            "the undoing of its sale is undecided".to_owned()
        }
        Some(order) => format!("it is {}", order.status.as_str()),
        None => "it is not in the books".to_owned(),
    };
    format!(
        "order {} was to move from {} to {}, but {stands}",
        event.order_id,
        event.from.as_str(),
        event.to.as_str()
    )
}
