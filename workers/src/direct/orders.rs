//! Orders that the direct door keeps, which are those that it did not hand over to a
//! store's edge: moved through it by the rules that hold at an edge (`domain::orders`).
//! Cashiers move those of their own sessions and online ones, managers and admins all.

use domain::orders::check_move;
use schemas::{
    EntryKind, StaffId,
    door_api::{RefusalCode, SubmitOrderMove},
    events::OrderStatusChangedV1,
};
use store::{
    Conn, drawers,
    orders::{self, Order},
    voids,
};

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
    let sale = match &order {
        Some(order) => voids::read_sales(conn, &[order.sale_id]).await?.pop(),
        None => None,
    };
    let drawer = match sale.and_then(|(sale, _)| sale.cash_session_id) {
        Some(session) => drawers::read(conn, session).await?,
        None => None,
    };
    Ok(moved(desk, asked, order.as_ref(), drawer.map(|drawer| drawer.opened_by)))
}

fn moved(
    desk: &Desk,
    asked: &SubmitOrderMove,
    order: Option<&Order>,
    owner: Option<StaffId>,
) -> Decided {
    desk.role_of(asked.staff_id)?;
    let order =
        order.filter(|order| order.branch_id == desk.origin.branch_id).ok_or_else(|| {
            let detail = format!("there is no order {} in this store", asked.order_id);
            Refusal::new(RefusalCode::NoSuchOrder, detail)
        })?;
    if order.kept_by != Some(desk.origin.edge_id) {
        return Err(Refusal::order_at_edge());
    }
    desk.acts_for(asked.staff_id, owner)?;
    check_move(order.status, asked.to, order.sale_status)
        .map_err(|why| Refusal::new(RefusalCode::from(why), why.to_string()))?;
    let event = OrderStatusChangedV1 {
        imported_from: None,
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
