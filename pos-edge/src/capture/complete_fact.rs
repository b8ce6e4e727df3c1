//! Sales for cash that a till completed by itself while it could not reach this edge.
//!
//! They are facts: the figures that the till showed stand, and no rule of business keeps
//! them out. A sale of a till that may no longer sell, or that fits no session of its
//! till, is held for a manager: it is on the disk, and the till may let go of it.
//! Under a ticket the same request has one outcome, whoever brings it, however often and
//! in whichever order it is brought, accepted or rejected.

use domain::charged;
use schemas::{
    CashSessionId, Sha256Hash, TicketId,
    edge_api::{AcceptHeldSale, FinalizeSale, HeldSale, HeldState, HeldWhy, RejectHeldSale, Shown},
    events::TenderMethod,
};

use super::{Answer, CaptureError, amounts, catalogue, receipt, request_hash};
use crate::{
    journal::{Acceptance, Act, Asked, By, Journal, Kept, NewFact, NewHeld, Refusal},
    people::Deliverer,
};

/// What became of a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// It is a sale: its receipt.
    Sold(Answer),
    /// It waits for a manager, or one rejected it.
    Held(HeldSale),
}

/// A sale that a till brings.
#[derive(Debug, Clone)]
pub struct FactBrought<'a> {
    /// The idempotency key.
    pub ticket: TicketId,
    /// What was sold, and how it was paid.
    pub request: &'a FinalizeSale,
    /// The figures in it.
    pub shown: &'a Shown,
    /// Whose token it came with.
    pub deliverer: Deliverer,
}

/// The figures of a request that is a fact once it was completed offline: paid in cash,
/// at figures that its till showed.
pub fn figures_of_fact(request: &FinalizeSale) -> Option<&Shown> {
    request.shown.as_ref().filter(|_| request.tender.method == TenderMethod::Cash)
}

/// Takes a sale that a till completed by itself; returns when it is on the disk.
///
/// # Errors
/// [`CaptureError`] if it contradicts itself, if its ticket is another request's, or if
/// the journal cannot take anything now; nothing was written then.
pub async fn complete_fact(
    journal: &Journal,
    brought: FactBrought<'_>,
) -> Result<Completed, CaptureError> {
    let FactBrought { ticket, request, shown, deliverer } = brought;
    let hash = request_hash(request);
    let device_id = match deliverer {
        Deliverer::Till(device) if device == request.device_id => device,
        Deliverer::Till(_) => {
            return hold(journal, ticket, request, shown, HeldWhy::AnotherTill).await;
        }
        Deliverer::Stranger(why) => return hold(journal, ticket, request, shown, why).await,
    };
    let fact = match new_fact(journal, &ticket, request, shown).await {
        Ok(fact) => fact,
        // What was taken before needs no catalogue.
        Err(error) => return before(journal, ticket, hash).await?.ok_or(error),
    };
    match journal.capture_fact(fact).await {
        Ok(captured) => {
            journal.device_seen(device_id);
            let body = receipt::receipt(&captured.payload)?;
            Ok(Completed::Sold(Answer { body, replayed: captured.replayed }))
        }
        Err(Refusal::NoPlace(_)) => {
            hold(journal, ticket, request, shown, HeldWhy::SessionUnknown).await
        }
        Err(refusal @ Refusal::Held(_)) => {
            before(journal, ticket, hash).await?.ok_or(CaptureError::Refused(refusal))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// What became of a ticket's request before; `None` if it is not known.
///
/// # Errors
/// [`Refusal::KeyConflict`] if the ticket is another request's; the storage's.
pub async fn before(
    journal: &Journal,
    ticket: TicketId,
    hash: Sha256Hash,
) -> Result<Option<Completed>, CaptureError> {
    if let Some((known, payload)) = journal.sale(ticket.clone()).await? {
        if known != hash {
            return Err(Refusal::KeyConflict.into());
        }
        let body = receipt::receipt(&payload)?;
        return Ok(Some(Completed::Sold(Answer { body, replayed: true })));
    }
    match journal.held_sale(ticket).await? {
        Some((_, new)) if new.request_hash != hash => Err(Refusal::KeyConflict.into()),
        // It is a sale that was pruned since.
        Some((held, _)) if held.state == HeldState::Accepted => Ok(None),
        Some((held, _)) => Ok(Some(Completed::Held(held))),
        None => Ok(None),
    }
}

async fn hold(
    journal: &Journal,
    ticket_id: TicketId,
    request: &FinalizeSale,
    shown: &Shown,
    why: HeldWhy,
) -> Result<Completed, CaptureError> {
    let hash = request_hash(request);
    if let Some(before) = before(journal, ticket_id.clone(), hash).await? {
        return Ok(before);
    }
    // What can never be a sale is not kept for anyone to decide about.
    let catalogue = catalogue(journal)?;
    charged::as_shown(&catalogue.index, &request.cart, shown, &request.tender)
        .map_err(CaptureError::Shown)?;
    let new = NewHeld {
        ticket_id,
        request_hash: hash,
        request: request.clone(),
        completed_at: shown.at,
        why,
    };
    match journal.hold_sale(new).await? {
        Kept::Held(held) => Ok(Completed::Held(held)),
        Kept::Sold(payload) => {
            let body = receipt::receipt(&payload)?;
            Ok(Completed::Sold(Answer { body, replayed: true }))
        }
    }
}

/// The fact as it is to be written. What it takes from stock is by the catalogue that it
/// was priced with, if this edge has or had that.
async fn new_fact(
    journal: &Journal,
    ticket: &TicketId,
    request: &FinalizeSale,
    shown: &Shown,
) -> Result<NewFact, CaptureError> {
    let used = catalogue(journal)?;
    let former = if used.reference == shown.catalogue {
        None
    } else {
        journal.former_catalogue(shown.catalogue).await?
    };
    let index = former.as_ref().map_or(&used.index, |former| &former.index);
    let settled = charged::as_shown(index, &request.cart, shown, &request.tender)
        .map_err(CaptureError::Shown)?;
    Ok(NewFact {
        ticket_id: ticket.clone(),
        request_hash: request_hash(request),
        device_id: request.device_id,
        cash_session_id: request.cash_session_id,
        customer_id: request.customer_id,
        sale_type: request.cart.sale_type,
        draft_id: request.draft_id,
        seller: index.document().seller.clone(),
        at: shown.at,
        settled,
        accepted: None,
    })
}

/// Makes a held sale a sale, as a manager decides.
///
/// # Errors
/// [`CaptureError`]; it is still held then.
pub async fn accept_held(
    journal: &Journal,
    by: By,
    key: TicketId,
    ticket: TicketId,
    request: &AcceptHeldSale,
) -> Result<Decided, CaptureError> {
    let (_, new) = held(journal, &ticket).await?;
    let cash_session_id: Option<CashSessionId> = request.cash_session_id;
    let key_hash = request_hash(&(by, &ticket, "accept", cash_session_id));
    let shown = figures_of_fact(&new.request)
        .ok_or_else(|| CaptureError::Unreadable("a held sale has no figures".to_owned()))?;
    let fact = NewFact {
        accepted: Some(Acceptance { by, key, key_hash, cash_session_id }),
        ..new_fact(journal, &ticket, &new.request, shown).await?
    };
    let captured = journal.capture_fact(fact).await?;
    decided(journal, ticket, captured.replayed).await
}

/// Decides that a held sale is none; it is kept.
///
/// # Errors
/// [`CaptureError`]; it is still held then.
pub async fn reject_held(
    journal: &Journal,
    by: By,
    key: TicketId,
    ticket: TicketId,
    request: &RejectHeldSale,
) -> Result<Decided, CaptureError> {
    let reason = amounts::reason(&request.reason)?;
    let act = Act::RejectHeld { ticket_id: ticket.clone(), reason };
    let request_hash = request_hash(&(by, &act));
    let captured = journal.carry_out(Asked { key, request_hash, by, act }).await?;
    decided(journal, ticket, captured.replayed).await
}

/// A held sale that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Where it stands; it stays so.
    pub sale: HeldSale,
    /// Whether an earlier request decided it.
    pub replayed: bool,
}

async fn decided(
    journal: &Journal,
    ticket: TicketId,
    replayed: bool,
) -> Result<Decided, CaptureError> {
    let (sale, _) = held(journal, &ticket).await?;
    Ok(Decided { sale, replayed })
}

async fn held(journal: &Journal, ticket: &TicketId) -> Result<(HeldSale, NewHeld), CaptureError> {
    let known = journal.held_sale(ticket.clone()).await?;
    known.ok_or_else(|| Refusal::HeldNotFound(ticket.clone()).into())
}
