//! Completing a sale.

use domain::{
    pricing::{self, Priced},
    sale::{Settled, Sold},
    tender,
};
use schemas::{
    Entry, TicketId, Timestamp,
    edge_api::{CashSession, FinalizeSale, TenderOffer},
    events::{SaleFinalizedV1, TenderMethod},
};

use super::{Answer, CaptureError, Completed, before, catalogue, receipt, request_hash};
use crate::{
    fresh_id::fresh_id,
    journal::{By, Captured, CatalogueInUse, Journal, NewLateSale, NewSale, OpenSession, Refusal},
    khqr::{self, LockedSale},
};

/// A sale to be completed.
#[derive(Debug, Clone)]
pub struct SaleAsked<'a> {
    /// Who sells, and on which till.
    pub by: By,
    /// The idempotency key.
    pub ticket: TicketId,
    /// What is sold and how it is paid.
    pub request: &'a FinalizeSale,
    /// When the till completed it by itself, if this edge could not be reached
    /// then. It is no part of what makes two requests the same.
    pub completed_offline_at: Option<Timestamp>,
}

/// Completes a sale under a ticket; returns when it is on the disk. The same
/// request under the same ticket gets the first answer again. A sale that the
/// till completed before the close of its session becomes a supplement to the
/// session's Z report.
///
/// # Errors
/// [`CaptureError`]; nothing was sold then.
pub async fn finalize_sale(
    journal: &Journal,
    asked: &SaleAsked<'_>,
) -> Result<Completed, CaptureError> {
    let captured = match capture(journal, asked).await {
        Ok(captured) => captured,
        Err(CaptureError::Refused(Refusal::Journal(failed))) => return Err(failed.into()),
        Err(error) => match stored(journal, asked).await? {
            Some(completed) => return Ok(completed),
            None => return Err(error),
        },
    };
    journal.device_seen(asked.by.device_id);
    let body = receipt::receipt(&captured.payload)?;
    Ok(Completed::Sold(Answer { body, replayed: captured.replayed }))
}

async fn capture(journal: &Journal, asked: &SaleAsked<'_>) -> Result<Captured, CaptureError> {
    let locked = match asked.request.tender.method {
        // An account is refused when it is settled.
        TenderMethod::Cash | TenderMethod::Account => None,
        TenderMethod::Khqr => {
            Some(khqr::locked(journal, &asked.ticket, &asked.request.cart).await?)
        }
    };
    let id = asked.request.cash_session_id;
    let no_session = |why: &str| Refusal::NoOpenSession(format!("cash session {id} {why}"));
    if let Some(OpenSession { session, staff_name }) = journal.open_session(id) {
        let now = journal.now();
        let at = asked.completed_offline_at.map_or(now, |at| at.max(session.opened_at).min(now));
        let (mut sale, event) = draft(journal, asked, (&session, staff_name), locked.clone(), at)?;
        sale.payload = written_down(&event)?;
        match journal.capture_sale(sale).await {
            // It was closed meanwhile.
            Err(Refusal::NoOpenSession(_)) if asked.completed_offline_at.is_some() => {}
            captured => return Ok(captured?),
        }
    }
    let Some(at) = asked.completed_offline_at else {
        return Err(no_session("is not open in this store").into());
    };
    let known = journal.session(id).await?.ok_or_else(|| no_session("is not one of this store"))?;
    let (sale, event) = draft(journal, asked, (&known.session, known.staff_name), locked, at)?;
    Ok(journal.capture_late_sale(NewLateSale { sale, event }).await?)
}

/// What became of a ticket before: what it was priced with then need not be there any
/// more.
async fn stored(
    journal: &Journal,
    asked: &SaleAsked<'_>,
) -> Result<Option<Completed>, CaptureError> {
    let hash = request_hash(asked.request);
    if let Some(completed) = before(journal, asked.ticket.clone(), hash).await? {
        return Ok(Some(completed));
    }
    match journal.refuse_pruned(asked.ticket.clone(), hash).await? {
        Some(refusal) => Err(refusal.into()),
        None => Ok(None),
    }
}

fn written_down(event: &SaleFinalizedV1) -> Result<Vec<u8>, CaptureError> {
    let payload =
        serde_json::to_vec(event).map_err(|error| CaptureError::Unreadable(error.to_string()))?;
    if payload.len() > Entry::MAX_PAYLOAD_BYTES {
        return Err(CaptureError::TooLarge { bytes: payload.len() });
    }
    Ok(payload)
}

/// Whether the one who sells may sell in this session, on this till.
fn check_seller(asked: &SaleAsked<'_>, session: &CashSession) -> Result<(), Refusal> {
    let id = session.cash_session_id;
    let refused = |why: &str| Err(Refusal::NoOpenSession(format!("cash session {id} {why}")));
    if session.device_id != asked.request.device_id || session.device_id != asked.by.device_id {
        return refused("is open on another till");
    }
    if session.staff_id != asked.by.staff_id {
        return refused("is another person's; open one of your own");
    }
    Ok(())
}

/// Whether the customer was told these figures, if the till says what it told them. Of
/// a sale that it completed by itself they are compared in the books.
fn check_shown(asked: &SaleAsked<'_>, settled: &Settled) -> Result<(), CaptureError> {
    match &asked.request.shown {
        Some(shown) if asked.completed_offline_at.is_none() && shown.totals != settled.totals => {
            Err(CaptureError::FiguresChanged {
                shown: shown.totals.grand_total_usd,
                now: settled.totals.grand_total_usd,
            })
        }
        _ => Ok(()),
    }
}

/// The cart as it is priced now.
fn in_cash(
    catalogue: &CatalogueInUse,
    request: &FinalizeSale,
    at: Timestamp,
) -> Result<Settled, CaptureError> {
    let Priced { totals, deductions } =
        pricing::price(&catalogue.index, &request.cart, at).map_err(CaptureError::within_cart)?;
    let tender = tender::settle(&totals, &request.tender).map_err(CaptureError::Tender)?;
    Ok(Settled { totals, deductions, catalogue: catalogue.reference, tender })
}

/// The cart as it was locked and paid.
fn by_khqr(locked: LockedSale, offer: &TenderOffer) -> Result<Settled, CaptureError> {
    let LockedSale { totals, deductions, catalogue, currency, proof } = locked;
    let tender =
        tender::settle_khqr(&totals, currency, offer, proof).map_err(CaptureError::Tender)?;
    Ok(Settled { totals, deductions, catalogue, tender })
}

/// Prices a sale and writes it down; its payload is still to be made.
fn draft(
    journal: &Journal,
    asked: &SaleAsked<'_>,
    (session, staff_name): (&CashSession, String),
    locked: Option<LockedSale>,
    finalized_at: Timestamp,
) -> Result<(NewSale, SaleFinalizedV1), CaptureError> {
    check_seller(asked, session)?;
    let request = asked.request;
    let catalogue = catalogue(journal)?;
    let settled = match locked {
        Some(locked) => by_khqr(locked, &request.tender)?,
        None => in_cash(&catalogue, request, finalized_at)?,
    };
    check_shown(asked, &settled)?;
    let identity = journal.identity();
    let request_hash = request_hash(request);
    let document = catalogue.index.document();
    let cashier_name =
        catalogue.index.staff_member(session.staff_id).map_or(staff_name, |now| now.name.clone());
    let sale = settled.into_event(Sold {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: request.device_id,
        cash_session_id: Some(request.cash_session_id),
        cashier_id: session.staff_id,
        cashier_name,
        customer_id: request.customer_id,
        seller: document.seller.clone(),
        sale_id: fresh_id(finalized_at),
        order_id: fresh_id(finalized_at),
        ticket_id: asked.ticket.clone(),
        request_hash,
        sale_type: request.cart.sale_type,
        finalized_at,
        late: None,
    });
    let new = NewSale { draft_id: request.draft_id, ..NewSale::of(&sale, request.cash_session_id) };
    Ok((new, sale))
}
