//! Orders that the direct door keeps, which are those that it did not hand over to a
//! store's edge: moved through it, `IN_PREP` → `READY` → `DELIVERED`, and not to `DELIVERED` while the undoing of the sale is
//! undecided.

use domain::orders::may_move;
use schemas::{
    EntryKind,
    door_api::{RefusalCode, SubmitOrderMove},
    events::{OrderStatus, OrderStatusChangedV1, SaleStatus},
};
use store::{Conn, orders, orders::Order};

use super::{
    Refusal,
    desk::{Decided, Desk, Told},
};

/// Moves an order on.
pub(super) async fn move_on(
    conn: &mut Conn,
    desk: &Desk,
    asked: &SubmitOrderMove,
) -> Result<Decided, store::Error> {
    let order = orders::read(conn, &[asked.order_id]).await?.pop();
    Ok(moved(desk, asked, order.as_ref()))
}

fn moved(desk: &Desk, asked: &SubmitOrderMove, order: Option<&Order>) -> Decided {
    desk.role_of(asked.staff_id)?;
    let order =
        order.filter(|order| order.branch_id == desk.origin.branch_id).ok_or_else(|| {
            let detail = format!("there is no order {} in this store", asked.order_id);
            Refusal::new(RefusalCode::NoSuchOrder, detail)
        })?;
    if order.kept_by != Some(desk.origin.edge_id) {
        return Err(Refusal::order_at_edge());
    }
    if !may_move(order.status, asked.to) {
        let detail = format!(
            "an order that is {} does not become {}: it goes from IN_PREP to READY to DELIVERED, \
             and only an approved void makes it VOIDED",
            order.status.as_str(),
            asked.to.as_str()
        );
        return Err(Refusal::new(RefusalCode::IllegalOrderMove, detail));
    }
    if (order.sale_status, asked.to) == (SaleStatus::VoidPending, OrderStatus::Delivered) {
        let detail = "a void of this order's sale waits to be decided; it may not be delivered \
                      until then";
        return Err(Refusal::new(RefusalCode::OrderVoidPending, detail));
    }
    let event = OrderStatusChangedV1 {
        tenant_id: desk.tenant(),
        branch_id: desk.origin.branch_id,
        edge_id: desk.origin.edge_id,
        device_id: desk.door_device(),
        order_id: order.order_id,
        sale_id: order.sale_id,
        from: order.status,
        to: asked.to,
        changed_by: asked.staff_id,
        changed_at: desk.now,
    };
    Told::event(EntryKind::OrderStatusChanged, &event, order.order_id.as_uuid())
}
