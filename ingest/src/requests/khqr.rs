//! A till is about to show a KHQR code; somebody wants to know whether one was
//! paid.
//!
//! Both may be asked again at any time: a code that is written down stays as it is,
//! and a payment that is known is told without asking Bakong.

use domain::khqr::{decode, encode};
use schemas::{
    requests::{KhqrCheckReplyV1, KhqrCheckV1, KhqrIntentReplyV1, KhqrIntentV1},
    subjects::CentralSubject,
};
use store::khqr::{self, Intent, IntentState, NewIntent};

use super::must_be_active;
use crate::{Refusal, center::Center, refusal::KhqrRefusal};

pub(super) async fn write(
    center: &Center,
    subject: CentralSubject,
    intent: &KhqrIntentV1,
) -> Result<KhqrIntentReplyV1, Refusal> {
    let CentralSubject { tenant_id, branch_id, edge_id, .. } = subject;
    let recorded_at = center.now();
    // The edge keeps the cart that it has locked.
    let new = NewIntent { tenant_id, branch_id, edge_id, intent, locked: None, recorded_at };
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    if !center.khqr.is_set_up(tenant_id) {
        return Err(KhqrRefusal::NotSetUp.into());
    }
    says(intent).map_err(KhqrRefusal::NotTheCode)?;
    khqr::lock_ticket(&mut books, tenant_id, &intent.ticket_id).await?;
    if khqr::insert(&mut books, &new).await? {
        khqr::supersede_older(&mut books, &new).await?;
    }
    let kept = khqr::read(&mut books, &intent.md5).await?;
    let kept = kept.filter(|kept| is_of(kept, subject) && kept.ticket_id == intent.ticket_id);
    let kept = kept.ok_or(KhqrRefusal::NotTheCode("its md5 is another code's"))?;
    center.commit(books).await?;
    let superseded = kept.state == IntentState::Superseded;
    Ok(KhqrIntentReplyV1 { md5: kept.md5, superseded })
}

pub(super) async fn check(
    center: &Center,
    subject: CentralSubject,
    asked: &KhqrCheckV1,
) -> Result<KhqrCheckReplyV1, Refusal> {
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let intent = khqr::read(&mut books, &asked.md5).await?;
    center.commit(books).await?;
    let intent = intent.filter(|intent| is_of(intent, subject)).ok_or(KhqrRefusal::NoSuchCode)?;
    let outcome = crate::khqr::ask(center, &intent).await?;
    Ok(KhqrCheckReplyV1 { md5: intent.md5, checked_at: center.now(), outcome })
}

fn is_of(intent: &Intent, subject: CentralSubject) -> bool {
    (intent.tenant_id, intent.branch_id) == (subject.tenant_id, subject.branch_id)
}

/// Whether the payload says what is stated beside it; the error is what it does not.
fn says(intent: &KhqrIntentV1) -> Result<(), &'static str> {
    let decoded =
        decode(intent.payload.as_bytes()).map_err(|_| "its payload is no code of ours")?;
    let (input, created_ms) = (decoded.input, decoded.created_ms.unwrap_or_default());
    let written = encode(&input, created_ms).map_err(|_| "its payload is no code of ours")?;
    let same = [
        (written.md5 == intent.md5, "its md5 is not the payload's"),
        (input.currency == intent.currency, "its currency is not the payload's"),
        (input.amount == Some(intent.amount), "its amount is not the payload's"),
        (input.account.account_id() == intent.to_account_id, "its account is not the payload's"),
        (
            input.expires_ms == Some(intent.expires_at.unix_millis()),
            "its expiry is not the payload's",
        ),
        (intent.expires_at > intent.created_at, "it expires before it is made"),
    ];
    same.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
}
