//! Completing a sale.

use domain::{pricing, tender};
use schemas::{
    Entry, OrderId, SaleId, TicketId, Timestamp,
    edge_api::{FinalizeSale, Totals},
    events::{SaleFinalizedV1, SaleStatus},
};
use uuid::Uuid;

use super::{Answer, CaptureError, catalogue, receipt, request_hash};
use crate::journal::{Captured, Journal, NewSale, OpenSession, Refusal, StockUse};

/// Completes a sale under a ticket; returns when it is on the disk. The same
/// request under the same ticket gets the first answer again.
///
/// # Errors
/// [`CaptureError`]; nothing was sold then.
pub async fn finalize_sale(
    journal: &Journal,
    ticket: TicketId,
    request: &FinalizeSale,
) -> Result<Answer, CaptureError> {
    let captured = match draft(journal, ticket.clone(), request) {
        Ok(sale) => journal.capture_sale(sale).await?,
        Err(error) => stored(journal, ticket, request).await?.ok_or(error)?,
    };
    journal.device_seen(request.device_id);
    let body = receipt::receipt(&captured.payload)?;
    Ok(Answer { body, replayed: captured.replayed })
}

/// What was captured under a ticket before: what it was priced with then need
/// not be there any more.
async fn stored(
    journal: &Journal,
    ticket: TicketId,
    request: &FinalizeSale,
) -> Result<Option<Captured>, CaptureError> {
    match journal.sale(ticket).await? {
        Some((hash, payload)) if hash == request_hash(request) => {
            Ok(Some(Captured { payload, replayed: true }))
        }
        Some(_) => Err(Refusal::KeyConflict.into()),
        None => Ok(None),
    }
}

fn draft(
    journal: &Journal,
    ticket_id: TicketId,
    request: &FinalizeSale,
) -> Result<NewSale, CaptureError> {
    let OpenSession { session, staff_name } =
        journal.open_session(request.cash_session_id).ok_or_else(|| {
            let id = request.cash_session_id;
            Refusal::NoOpenSession(format!("cash session {id} is not open in this store"))
        })?;
    let catalogue = catalogue(journal)?;
    let finalized_at = journal.now();
    let priced = pricing::price(&catalogue.index, &request.cart, finalized_at)
        .map_err(|error| within_cart(CaptureError::cart(error)))?;
    let tender = tender::settle(&priced.totals, &request.tender).map_err(CaptureError::Tender)?;
    let stock: Vec<StockUse> = priced.deductions.iter().map(StockUse::from).collect();
    let Totals {
        lines,
        discounts,
        subtotal_usd,
        vat,
        fx_rate_khr_per_usd,
        grand_total_usd,
        grand_total_khr,
        khr_rounding,
        payable_khr,
    } = priced.totals;
    let identity = journal.identity();
    let request_hash = request_hash(request);
    let document = catalogue.index.document();
    let cashier_name =
        catalogue.index.staff_member(session.staff_id).map_or(staff_name, |now| now.name.clone());
    let sale = SaleFinalizedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: request.device_id,
        cash_session_id: Some(request.cash_session_id),
        cashier_id: session.staff_id,
        cashier_name,
        customer_id: request.customer_id,
        seller: document.seller.clone(),
        sale_id: SaleId::from_uuid(new_id(finalized_at)),
        order_id: OrderId::from_uuid(new_id(finalized_at)),
        ticket_id,
        request_hash,
        status: SaleStatus::Finalized,
        sale_type: request.cart.sale_type,
        finalized_at,
        lines,
        discounts,
        subtotal_usd,
        vat,
        fx_rate_khr_per_usd,
        grand_total_usd,
        grand_total_khr,
        khr_rounding,
        payable_khr,
        tender,
        deductions: priced.deductions,
        catalogue: catalogue.reference,
        late: None,
    };
    let payload =
        serde_json::to_vec(&sale).map_err(|error| CaptureError::Unreadable(error.to_string()))?;
    if payload.len() > Entry::MAX_PAYLOAD_BYTES {
        return Err(CaptureError::TooLarge { bytes: payload.len() });
    }
    Ok(NewSale {
        ticket_id: sale.ticket_id,
        request_hash,
        device_id: sale.device_id,
        cash_session_id: request.cash_session_id,
        finalized_at,
        grand_total_usd,
        stock,
        payload,
    })
}

/// In this request the cart is a field of its own.
fn within_cart(error: CaptureError) -> CaptureError {
    match error {
        CaptureError::Cart { field, error } => {
            CaptureError::Cart { field: format!("cart.{field}"), error }
        }
        other => other,
    }
}

/// A UUID v7: random, but in the order of time, which keeps indexes small.
pub(super) fn new_id(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}
