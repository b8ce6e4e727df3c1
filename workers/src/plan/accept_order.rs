//! `order.accepted`: the store's edge makes an online order from here on, and it alone
//! moves it. What was not handed over to it, or is another edge's already, stays where
//! it is, and a person is told: the kitchen may have made it.

use schemas::{events::OrderAcceptedV1, facts::ExceptionKind};
use store::handovers::Acceptance;

use super::{Changes, Deed, State, Work};

pub(super) fn plan(
    work: &Work<'_>,
    event: &OrderAcceptedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let OrderAcceptedV1 { order_id, sale_id, branch_id, accepted_at, .. } = *event;
    let order = state
        .orders
        .get_mut(&order_id)
        .filter(|order| order.branch_id == branch_id && order.sale_id == sale_id);
    let stands = match order {
        Some(order) if order.kept_by.is_none() => {
            order.kept_by = Some(work.entry.edge_id);
            changes.accepted.push(Acceptance { order_id, entry: work.name(), at: accepted_at });
            let deed = Deed::of("ORDER_ACCEPTED");
            let (subject, target) = (Some(order_id.as_uuid()), Some(sale_id.as_uuid()));
            changes.audit(work, Deed { subject, target, ..deed });
            return;
        }
        Some(order) => match order.kept_by {
            Some(edge) => format!("it is edge {edge}'s"),
            None => "it waits".to_owned(),
        },
        None => "it is not in the books".to_owned(),
    };
    let detail = format!("order {order_id} was accepted, but {stands}");
    let concerns = (Some(sale_id), Some(&event.ticket_id));
    changes.raise(work, ExceptionKind::OrderNotHandedOver, concerns, &detail);
}
