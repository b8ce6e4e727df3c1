//! Orders that move on: of the tills' own sales, and online ones that were accepted.

use domain::{orders, voids::Case};
use schemas::{
    EntryKind, OrderId, SaleId,
    edge_api::Update,
    events::{OrderStatus, OrderStatusChangedV1, SaleStatus},
};

use super::{By, theirs};
use crate::journal::{
    cases,
    desk::{Desk, Written},
    error::Refusal,
    online_orders,
};

/// Moves an order one step on.
pub(super) async fn move_order(
    desk: &mut Desk<'_>,
    by: By,
    order_id: OrderId,
    to: OrderStatus,
) -> Result<Written, Refusal> {
    let Some(sale) = cases::of_order(desk.connection, order_id).await? else {
        return move_online(desk, by, order_id, to).await;
    };
    theirs(by, sale.owner)?;
    let from = sale.case.order;
    orders::check_move(from, to, sale.case.sale).map_err(Refusal::OrderMove)?;
    let written = write(desk, by, (order_id, sale.sale_id), (from, to)).await?;
    let after = Case { order: to, ..sale.case };
    cases::set(desk.connection, sale.seq, &after, Some(desk.now)).await?;
    Ok(written)
}

/// An online order is nobody's session's: whoever works in the store moves it. Its
/// sale is not voided here, so nothing of that kind is undecided.
async fn move_online(
    desk: &mut Desk<'_>,
    by: By,
    order_id: OrderId,
    to: OrderStatus,
) -> Result<Written, Refusal> {
    let order = online_orders::find(desk.connection, order_id)
        .await?
        .ok_or(Refusal::OrderNotFound(order_id))?;
    orders::check_move(order.status, to, SaleStatus::Finalized).map_err(Refusal::OrderMove)?;
    let written = write(desk, by, (order_id, order.sale_id), (order.status, to)).await?;
    online_orders::set(desk.connection, order.seq, to, desk.now).await?;
    Ok(written)
}

async fn write(
    desk: &mut Desk<'_>,
    by: By,
    (order_id, sale_id): (OrderId, SaleId),
    (from, to): (OrderStatus, OrderStatus),
) -> Result<Written, Refusal> {
    let identity = desk.shared.identity;
    let event = OrderStatusChangedV1 {
        imported_from: None,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: by.device_id,
        order_id,
        sale_id,
        from,
        to,
        changed_by: by.staff_id,
        changed_at: desk.now,
    };
    let written = desk.append(EntryKind::OrderStatusChanged, &event).await?;
    desk.tell(written.seq, Update::OrderChanged { order_id, sale_id, status: to });
    Ok(written)
}
