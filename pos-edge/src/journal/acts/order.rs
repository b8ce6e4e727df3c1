//! Orders that move on.

use domain::{orders, voids::Case};
use schemas::{
    EntryKind, OrderId,
    edge_api::Update,
    events::{OrderStatus, OrderStatusChangedV1},
};

use super::{By, theirs};
use crate::journal::{
    cases,
    desk::{Desk, Written},
    error::Refusal,
};

/// Moves an order one step on.
pub(super) async fn move_order(
    desk: &mut Desk<'_>,
    by: By,
    order_id: OrderId,
    to: OrderStatus,
) -> Result<Written, Refusal> {
    let sale = cases::of_order(desk.connection, order_id)
        .await?
        .ok_or(Refusal::OrderNotFound(order_id))?;
    theirs(by, sale.owner)?;
    let from = sale.case.order;
    orders::check_move(from, to, sale.case.sale).map_err(Refusal::OrderMove)?;
    let identity = desk.shared.identity;
    let event = OrderStatusChangedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: by.device_id,
        order_id,
        sale_id: sale.sale_id,
        from,
        to,
        changed_by: by.staff_id,
        changed_at: desk.now,
    };
    let written = desk.append(EntryKind::OrderStatusChanged, &event).await?;
    let after = Case { order: to, ..sale.case };
    cases::set(desk.connection, sale.seq, &after, Some(desk.now)).await?;
    let update = Update::OrderChanged { order_id, sale_id: sale.sale_id, status: to };
    desk.tell(written.seq, update);
    Ok(written)
}
