//! What the centre itself knows of KHQR payments: the only proof that the direct
//! door takes.

use schemas::events::KhqrProof;
use store::khqr::{Intent, IntentState};

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
