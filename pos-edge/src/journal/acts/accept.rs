//! Online orders that the centre hands over: accepted once each, however often one
//! comes. From that entry on this edge owns the order, not its sale.

use schemas::{EntryKind, edge_api::Update, events::OrderAcceptedV1, requests::HandedOrder};

use crate::journal::{
    captures::Captured, columns::place_in, desk::Desk, error::Refusal, online_orders, pruned::Key,
};

/// Accepts an order by one entry.
pub(in crate::journal) async fn accept(
    desk: &mut Desk<'_>,
    order: &HandedOrder,
) -> Result<Captured, Refusal> {
    if let Some(payload) = online_orders::acceptance(desk.connection, order.order_id).await? {
        return Ok(Captured { payload, replayed: true });
    }
    if desk.pruned(Key::Order(order.order_id)).await?.is_some() {
        return Ok(Captured { payload: Vec::new(), replayed: true });
    }
    desk.may_write()?;
    let identity = desk.shared.identity;
    let HandedOrder {
        order_id,
        sale_id,
        ticket_id,
        sale_type,
        customer_id,
        method,
        grand_total_usd,
        lines,
        finalized_at,
    } = order.clone();
    let event = OrderAcceptedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        order_id,
        sale_id,
        ticket_id,
        sale_type,
        customer_id,
        method,
        grand_total_usd,
        lines,
        finalized_at,
        accepted_at: desk.now,
    };
    let written = desk.append(EntryKind::OrderAccepted, &event).await?;
    online_orders::insert(desk.connection, place_in(written.seq), &event).await?;
    desk.tell(written.seq, Update::OrderAccepted { order_id, sale_id });
    Ok(written.into())
}
