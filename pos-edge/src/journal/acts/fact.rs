//! A sale that its till completed by itself, at the figures that it showed. It is a
//! fact: no rule keeps it out. It belongs to the session that it was sold in, and
//! follows its close as a supplement to the Z report; what fits no session of its till
//! is for a manager ([`Refusal::NoPlace`]), who says in which drawer its cash lies.

use domain::sale::Sold;
use schemas::{
    CashSessionId, Timestamp,
    edge_api::Update,
    events::{AuditAction, LateSale, SaleFinalizedV1},
};

use super::{book, done_before, remember_as};
use crate::{
    fresh_id::fresh_id,
    journal::{
        captures::{Acceptance, Captured, NewFact, NewSale},
        desk::Desk,
        drafts,
        error::Refusal,
        held,
        pruned::Key,
        sessions::{self, KnownSession},
        tickets,
    },
};

/// Captures a fact, once for its ticket.
pub(in crate::journal) async fn fact(
    desk: &mut Desk<'_>,
    fact: &NewFact,
) -> Result<Captured, Refusal> {
    if let Some(acceptance) = &fact.accepted {
        if let Some(before) = done_before(desk, &acceptance.key, acceptance.key_hash).await? {
            return Ok(before);
        }
        held::check_waits(desk.connection, &fact.ticket_id).await?;
    }
    match tickets::sale(desk.connection, fact.ticket_id.clone()).await? {
        Some((hash, payload)) if hash == fact.request_hash => {
            // An import of another box's disk brought it since.
            accept(desk, fact).await?;
            return Ok(Captured { payload, replayed: true });
        }
        Some(_) => return Err(Refusal::KeyConflict),
        None => {}
    }
    if let Some(pruned) = desk.pruned(Key::Ticket(fact.ticket_id.as_str())).await? {
        return Err(pruned.refusal(fact.request_hash));
    }
    if fact.accepted.is_none() {
        held::refuse(desk.connection, &fact.ticket_id, fact.request_hash).await?;
    }
    desk.may_write()?;
    desk.has_room(fact.settled.tender.method)?;
    let session = place(desk, fact).await?;
    let event = event(desk, fact, &session);
    let id = session.session.cash_session_id;
    let written = book(desk, &event, id).await?;
    if let Some(draft_id) = fact.draft_id {
        let sale = NewSale { draft_id: Some(draft_id), ..NewSale::of(&event, id) };
        if drafts::refuse_sale(desk.shared, &sale).is_none() {
            drafts::sell(desk, draft_id).await?;
        }
    }
    accept(desk, fact).await?;
    Ok(written.into())
}

/// The session that it is booked in: its own, if that is one of its till, or the one
/// that a manager names.
async fn place(desk: &mut Desk<'_>, fact: &NewFact) -> Result<KnownSession, Refusal> {
    let named = fact.accepted.as_ref().and_then(|acceptance| acceptance.cash_session_id);
    let id: CashSessionId = named.unwrap_or(fact.cash_session_id);
    let Some(session) = sessions::find(desk.connection, id).await? else {
        return Err(Refusal::NoPlace(format!("cash session {id} is not one of this store")));
    };
    if named.is_none() && session.session.device_id != fact.device_id {
        return Err(Refusal::NoPlace(format!("cash session {id} is another till's")));
    }
    Ok(session)
}

/// The sale, in its session: that of whoever's drawer it is, and at a moment at which
/// it was open, whatever the till's clock said.
fn event(desk: &Desk<'_>, fact: &NewFact, known: &KnownSession) -> SaleFinalizedV1 {
    let identity = desk.shared.identity;
    let session = &known.session;
    let catalogue = desk.shared.catalogue.borrow().clone();
    let member = catalogue.as_ref().and_then(|used| used.index.staff_member(session.staff_id));
    let last: Timestamp = known.closed_at.unwrap_or(desk.now);
    let finalized_at = fact.at.min(last).max(session.opened_at);
    let received_at = desk.now;
    fact.settled.clone().into_event(Sold {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: fact.device_id,
        cash_session_id: Some(session.cash_session_id),
        cashier_id: session.staff_id,
        cashier_name: member.map_or_else(|| known.staff_name.clone(), |now| now.name.clone()),
        customer_id: fact.customer_id,
        seller: fact.seller.clone(),
        sale_id: fresh_id(desk.now),
        order_id: fresh_id(desk.now),
        ticket_id: fact.ticket_id.clone(),
        request_hash: fact.request_hash,
        sale_type: fact.sale_type,
        finalized_at,
        late: known
            .closed_at
            .map(|_| LateSale { supplement_no: known.supplements.saturating_add(1), received_at }),
    })
}

/// Writes down that a manager made it a sale, if one did.
async fn accept(desk: &mut Desk<'_>, fact: &NewFact) -> Result<(), Refusal> {
    let Some(Acceptance { by, ref key, key_hash, .. }) = fact.accepted else { return Ok(()) };
    held::settle(desk, &fact.ticket_id, by.staff_id, None).await?;
    let action = AuditAction::HeldSaleAccepted;
    let written = held::audit(desk, action, by, fact.ticket_id.to_string()).await?;
    remember_as(desk.connection, key, key_hash, written.seq).await?;
    desk.tell(written.seq, Update::HeldSaleChanged { ticket_id: fact.ticket_id.clone() });
    Ok(())
}
