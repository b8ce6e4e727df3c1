//! Opening a drawer.

use schemas::{
    Currency, TicketId,
    edge_api::{CashSession, OpenCashSession},
    events::CashSessionOpenedV1,
};

use super::{Answer, CaptureError, amounts, catalogue, receipt, request_hash};
use crate::{
    fresh_id::fresh_id,
    journal::{By, Journal, NewSession, Refusal},
};

/// Opens a cash session. The same request under the same key gets the first
/// answer again.
///
/// # Errors
/// [`CaptureError`]; nothing was opened then.
pub async fn open_cash_session(
    journal: &Journal,
    by: By,
    key: TicketId,
    request: &OpenCashSession,
) -> Result<Answer, CaptureError> {
    if (request.device_id, request.staff_id) != (by.device_id, by.staff_id) {
        return Err(Refusal::NotYours.into());
    }
    let captured = match draft(journal, key.clone(), request) {
        Ok(session) => journal.capture_session(session).await?,
        // The catalogue may have changed since the first answer.
        Err(error) => match journal.session_by_key(key).await? {
            Some((hash, payload)) if hash == request_hash(request) => {
                crate::journal::Captured { payload, replayed: true }
            }
            Some(_) => return Err(Refusal::KeyConflict.into()),
            None => return Err(error),
        },
    };
    journal.device_seen(request.device_id);
    let body = receipt::session(&captured.payload)?;
    Ok(Answer { body, replayed: captured.replayed })
}

fn draft(
    journal: &Journal,
    key: TicketId,
    request: &OpenCashSession,
) -> Result<NewSession, CaptureError> {
    let catalogue = catalogue(journal)?;
    let device = request.device_id;
    if catalogue.index.device(device).is_none() {
        return Err(CaptureError::UnknownDevice(device));
    }
    let staff = catalogue
        .index
        .staff_member(request.staff_id)
        .ok_or(CaptureError::UnknownStaff(request.staff_id))?;
    for (field, amount, currency) in [
        ("opening_float_usd", request.opening_float_usd.amount(), Currency::Usd),
        ("opening_float_khr", request.opening_float_khr.amount(), Currency::Khr),
    ] {
        amounts::check(amount, currency).map_err(|rule| CaptureError::InvalidFloat {
            field,
            amount: amount.to_string(),
            rule,
        })?;
    }
    let opened_at = journal.now();
    let identity = journal.identity();
    let session = CashSession {
        cash_session_id: fresh_id(opened_at),
        device_id: device,
        staff_id: request.staff_id,
        opened_at,
        opening_float_usd: request.opening_float_usd,
        opening_float_khr: request.opening_float_khr,
    };
    let event = CashSessionOpenedV1 {
        imported_from: None,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: device,
        cash_session_id: session.cash_session_id,
        opened_by: session.staff_id,
        opened_at,
        opening_float_usd: session.opening_float_usd,
        opening_float_khr: session.opening_float_khr,
    };
    let payload =
        serde_json::to_vec(&event).map_err(|error| CaptureError::Unreadable(error.to_string()))?;
    Ok(NewSession {
        key,
        request_hash: request_hash(request),
        session,
        staff_name: staff.name.clone(),
        payload,
    })
}
