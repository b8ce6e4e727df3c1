//! Online orders that wait for a store's edge, as its heartbeat's answer brings them:
//! what the kitchen needs, read from the sale's own entry.

use schemas::{
    BranchId,
    events::{OrderedLine, SaleFinalizedV1},
    requests::HandedOrder,
    versions::{self, Event},
};
use store::{Conn, handovers};

/// The most that the orders of one answer weigh, in bytes of their sales' entries;
/// the rest comes with the next one. One order may weigh more.
const MAX_BYTES: usize = 384 * 1024;

/// The oldest that wait, as many as one answer holds.
pub(super) async fn waiting_for(
    books: &mut Conn,
    branch: BranchId,
) -> Result<Vec<HandedOrder>, store::Error> {
    let waiting = handovers::waiting_for(books, branch).await?;
    let (mut orders, mut weight) = (Vec::with_capacity(waiting.len()), 0_usize);
    for row in waiting {
        let Ok(Event::SaleFinalized(sale)) =
            versions::read(&row.kind, row.schema_version, &row.payload)
        else {
            // Written by a newer build: an upgrade of this one hands it over. The other
            // orders and the rest of the answer do not wait for that.
            tracing::error!(order.id = %row.order_id, "an order's sale cannot be read here");
            continue;
        };
        weight = weight.saturating_add(row.payload.len());
        if weight > MAX_BYTES && !orders.is_empty() {
            break;
        }
        orders.push(handed(*sale));
    }
    Ok(orders)
}

fn handed(sale: SaleFinalizedV1) -> HandedOrder {
    let lines = sale.lines.into_iter().map(|line| OrderedLine {
        name: line.name,
        add_ons: line.add_ons.into_iter().map(|add_on| add_on.name).collect(),
        quantity: line.quantity,
    });
    HandedOrder {
        order_id: sale.order_id,
        sale_id: sale.sale_id,
        ticket_id: sale.ticket_id,
        sale_type: sale.sale_type,
        customer_id: sale.customer_id,
        method: sale.tender.method,
        grand_total_usd: sale.grand_total_usd,
        lines: lines.collect(),
        finalized_at: sale.finalized_at,
    }
}
