//! Whether a code was paid: one tap, one question.

use std::time::Duration;

use bus::BusError;
use schemas::{
    TicketId,
    edge_api::KhqrChecked,
    requests::{KhqrCheckReplyV1, KhqrCheckV1, KhqrOutcome},
    subjects::CentralRequest,
};

use super::{Khqr, KhqrError, failed, refused, unanswered};
use crate::{
    capture::CaptureError,
    journal::{By, Confirmed, Journal, Refusal, Tap},
};

/// How long an answer may take: a little more than the centre gives itself, and
/// less than a till waits.
const ANSWERED_WITHIN: Duration = Duration::from_millis(8_500);

/// Asks whether a code was paid. A payment that this edge knows of is told at
/// once, with a line or without. The same tap under the same key gets the first
/// answer again, unless that was that nothing is known; the flag tells so.
///
/// # Errors
/// [`CaptureError`].
pub async fn check(
    khqr: &Khqr,
    journal: &Journal,
    by: By,
    key: TicketId,
    md5: &str,
) -> Result<(KhqrChecked, bool), CaptureError> {
    let Tap { answer, code } = journal.khqr_tap(key.clone(), md5.to_owned()).await?;
    if let Some(answer) = answer {
        if answer.md5 != md5 {
            return Err(refused(Refusal::KeyConflict));
        }
        return Ok((answer, true));
    }
    let held = code.ok_or(KhqrError::NotFound)?;
    if held.device_id != by.device_id && !by.approver {
        return Err(KhqrError::NotYours.into());
    }
    let (checked_at, outcome) = match held.confirmed {
        Some(paid) => (journal.now(), told(paid)),
        None => {
            let question = KhqrCheckV1 { md5: md5.to_owned() };
            let asked =
                khqr.centre.ask(CentralRequest::KhqrCheck, &question, ANSWERED_WITHIN).await;
            match asked {
                Ok(KhqrCheckReplyV1 { checked_at, outcome, .. }) => (checked_at, outcome),
                // It was asked, perhaps Bakong too: nothing is known, and that is
                // no "not paid".
                Err(BusError::Timeout { .. }) => (journal.now(), slow()),
                Err(BusError::Refused { code, .. }) if code == "too_slow" => {
                    (journal.now(), slow())
                }
                Err(error) => return Err(unanswered(error).into()),
            }
        }
    };
    let paid = match &outcome {
        KhqrOutcome::Paid { khqr_hash, khqr_to_account_id, khqr_confirmed_at } => Some(Confirmed {
            khqr_hash: khqr_hash.clone(),
            to_account_id: khqr_to_account_id.clone(),
            confirmed_at: *khqr_confirmed_at,
        }),
        _ => None,
    };
    let answer = KhqrChecked {
        md5: md5.to_owned(),
        ticket_id: held.code.ticket_id,
        superseded: held.superseded,
        checked_at,
        outcome,
    };
    if !matches!(answer.outcome, KhqrOutcome::Unknown { .. }) {
        journal.keep_khqr_answer(key, answer.clone(), paid).await.map_err(failed)?;
    }
    journal.device_seen(by.device_id);
    Ok((answer, false))
}

fn told(paid: Confirmed) -> KhqrOutcome {
    KhqrOutcome::Paid {
        khqr_hash: paid.khqr_hash,
        khqr_to_account_id: paid.to_account_id,
        khqr_confirmed_at: paid.confirmed_at,
    }
}

fn slow() -> KhqrOutcome {
    KhqrOutcome::Unknown { why: "no answer came in time".to_owned() }
}
