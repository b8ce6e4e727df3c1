//! Making a code.

use std::time::Duration;

use domain::khqr::{CodeAsked, NoCode, cart_hash, code_for, newer_than};
use schemas::{
    TicketId,
    edge_api::{KhqrCode, NewKhqr},
    requests::{KhqrIntentReplyV1, KhqrIntentV1},
    subjects::CentralRequest,
};

use super::{Khqr, KhqrError, failed, refused, unanswered};
use crate::{
    capture::{CaptureError, request_hash},
    journal::{By, Journal, NewCode, Refusal},
};

/// How long the centre may take to write a code down: a customer stands there.
const WRITTEN_WITHIN: Duration = Duration::from_secs(3);

/// Makes a code for a cart, prices and locks the cart, and has the centre write
/// the code down; returns when both have it. The same request under the same key
/// gets the first code again; the flag tells so.
///
/// # Errors
/// [`CaptureError`]; no code can be shown then.
pub async fn make(
    khqr: &Khqr,
    journal: &Journal,
    by: By,
    key: TicketId,
    request: &NewKhqr,
) -> Result<(KhqrCode, bool), CaptureError> {
    let _of_the_key = khqr.keys.take(key.as_str()).await;
    let _of_the_ticket = khqr.tickets.take(request.ticket_id.as_str()).await;
    let asked = request_hash(request);
    let asked_before = journal.khqr_asked(key.clone(), request.ticket_id.clone()).await?;
    if let Some(held) = asked_before.under_key {
        if held.request_hash != asked {
            return Err(refused(Refusal::KeyConflict));
        }
        return Ok((held.code, true));
    }
    check_seller(journal, by, request)?;
    // Nobody is to pay for what cannot be sold then.
    journal.has_room().map_err(refused)?;
    if asked_before.sold {
        return Err(KhqrError::TicketSold(request.ticket_id.clone()).into());
    }
    let older = journal.khqr_of_ticket(request.ticket_id.clone()).await?;
    let cart_hash = cart_hash(&request.cart);
    if older.as_ref().is_some_and(|held| held.confirmed.is_some() && held.cart_hash == cart_hash) {
        return Err(KhqrError::AlreadyPaid(request.ticket_id.clone()).into());
    }

    let catalogue = journal.catalogue().borrow().clone().ok_or(CaptureError::NoCatalogue)?;
    let asked_for = CodeAsked {
        ticket_id: &request.ticket_id,
        cart: &request.cart,
        currency: request.currency,
        created_at: newer_than(journal.now(), older.map(|held| held.code.created_at)),
    };
    let (code, deductions) =
        code_for((&catalogue.index, catalogue.reference), &asked_for).map_err(no_code)?;
    let intent = KhqrIntentV1 {
        md5: code.md5.clone(),
        payload: code.payload.clone(),
        ticket_id: code.ticket_id.clone(),
        cash_session_id: Some(request.cash_session_id),
        device_id: request.device_id,
        staff_id: by.staff_id,
        currency: code.currency,
        amount: code.amount,
        to_account_id: code.to_account_id.clone(),
        cart_hash,
        created_at: code.created_at,
        expires_at: code.expires_at,
    };
    let written: Result<KhqrIntentReplyV1, _> =
        khqr.centre.ask(CentralRequest::KhqrIntent, &intent, WRITTEN_WITHIN).await;
    if written.map_err(unanswered)?.superseded {
        let why = "the centre has a newer code of this ticket; make a new one";
        return Err(KhqrError::Centre(why.to_owned()).into());
    }
    let new = NewCode {
        key,
        request_hash: asked,
        device_id: request.device_id,
        staff_id: by.staff_id,
        cart_hash,
        code: code.clone(),
        deductions,
    };
    journal.keep_khqr(new).await.map_err(failed)?;
    journal.device_seen(by.device_id);
    Ok((code, false))
}

fn no_code(why: NoCode) -> CaptureError {
    match why {
        NoCode::NoAccount => KhqrError::NotSetUp(why.to_string()).into(),
        NoCode::Cart(error) => CaptureError::within_cart(error),
        NoCode::Refused(error) => KhqrError::Refused(error).into(),
    }
}

/// Whether the one who sells has the session open on this till.
fn check_seller(journal: &Journal, by: By, request: &NewKhqr) -> Result<(), CaptureError> {
    let id = request.cash_session_id;
    let no = |why: &str| refused(Refusal::NoOpenSession(format!("cash session {id} {why}")));
    let open = journal.open_session(id).ok_or_else(|| no("is not open in this store"))?;
    if open.session.device_id != by.device_id {
        return Err(no("is open on another till"));
    }
    if open.session.staff_id != by.staff_id {
        return Err(no("is another person's; open one of your own"));
    }
    Ok(())
}
