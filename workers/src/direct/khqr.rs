//! What the centre itself knows of KHQR payments: the only proof that the direct
//! door takes.

use domain::{charged, sale::Settled};
use schemas::{
    TicketId,
    door_api::{RefusalCode, SubmitSale},
    events::KhqrProof,
};
use store::{
    Conn,
    khqr::{Intent, IntentState, LockedCart},
};

use super::{Refusal, desk::Desk};

/// The code that a sale names, and the cart that it locks.
pub(super) struct Code {
    pub(super) intent: Intent,
    pub(super) locked: Option<LockedCart>,
}

/// A code of the books, locked.
pub(super) async fn find(conn: &mut Conn, md5: &str) -> Result<Option<Code>, store::Error> {
    let Some(intent) = store::khqr::lock(conn, &[md5.to_owned()]).await?.pop() else {
        return Ok(None);
    };
    let locked = store::khqr::locked_cart(conn, md5).await?;
    Ok(Some(Code { intent, locked }))
}

/// The proof of the payment that `ingest` found on a code, unless a sale claims it
/// already.
pub(super) fn proof_of(code: &Intent) -> Option<KhqrProof> {
    let paid = code.payment.as_ref().filter(|_| code.state != IntentState::Claimed)?;
    Some(KhqrProof {
        khqr_md5: code.md5.clone(),
        khqr_hash: paid.hash.clone(),
        khqr_to_account_id: paid.to_account_id.clone(),
        khqr_confirmed_at: paid.confirmed_at,
        khqr_priced_at: None,
    })
}

/// Whether a code is this store's, and was made to pay this ticket.
pub(super) fn is_of(code: &Intent, desk: &Desk, ticket: &TicketId) -> bool {
    (code.tenant_id, code.branch_id) == (desk.tenant(), desk.origin.branch_id)
        && code.ticket_id == *ticket
}

/// The cart that a code locked, if the centre's own record says that it is paid and
/// `sale` is that cart's.
///
/// # Errors
/// [`RefusalCode::KhqrUnproven`], with what is missing.
pub(super) fn locked(
    desk: &Desk,
    ticket: &TicketId,
    sale: &SubmitSale,
    (md5, code): (&str, Option<&Code>),
) -> Result<Settled, Refusal> {
    let unproven = |why: &str| {
        Refusal::new(RefusalCode::KhqrUnproven, format!("KHQR code {md5} does not pay it: {why}"))
    };
    let code = code.filter(|code| is_of(&code.intent, desk, ticket));
    let Some(Code { intent, locked }) = code else {
        return Err(unproven("this store has made no such code for this ticket"));
    };
    match intent.state {
        IntentState::Paid => {}
        IntentState::Open => return Err(unproven("no payment of it is known")),
        IntentState::Superseded => return Err(unproven("the ticket has a newer one")),
        IntentState::Claimed => return Err(unproven("another sale claims its payment")),
    }
    let Some(locked) = locked else {
        return Err(unproven("a till of the store has made it, and completes its sale"));
    };
    if locked.cart_hash != domain::khqr::cart_hash(&sale.cart) {
        return Err(unproven("the cart is not the one that it was made for"));
    }
    let proof = proof_of(intent).ok_or_else(|| unproven("no payment of it is known"))?;
    let proof = KhqrProof { khqr_priced_at: Some(locked.priced_at), ..proof };
    let LockedCart { totals, deductions, catalogue, .. } = locked.clone();
    let tender = charged::by_khqr(&totals, intent.currency, proof);
    Ok(Settled { totals, deductions, catalogue, tender })
}
