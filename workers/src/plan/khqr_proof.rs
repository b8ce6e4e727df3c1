//! The proof of a sale that was paid by KHQR, against the centre's own record of
//! the code and of what was found paid for it.
//!
//! A sale that fits claims its code, once for good. One that does not is booked all
//! the same, with an exception that says what does not fit; it claims nothing.

use schemas::{
    events::{KhqrProof, SaleFinalizedV1},
    facts::ExceptionKind,
};
use store::khqr::{Claim, Intent, IntentState, SaleProof};

use super::{Changes, State, Work};

pub(super) fn check<'a>(
    work: &Work<'a>,
    sale: &'a SaleFinalizedV1,
    state: &mut State,
    changes: &mut Changes<'a>,
) {
    let Some(proof) = &sale.tender.khqr else { return };
    let SaleFinalizedV1 { sale_id, tenant_id, branch_id, .. } = *sale;
    changes.proofs.push(SaleProof { sale_id, tenant_id, branch_id, proof });
    match fits(sale, proof, state.khqr.get(&proof.khqr_md5)) {
        Ok(()) => {
            if let Some(intent) = state.khqr.get_mut(&proof.khqr_md5) {
                intent.state = IntentState::Claimed;
                intent.sale_id = Some(sale_id);
            }
            changes.claims.push(Claim { md5: proof.khqr_md5.clone(), sale_id });
        }
        Err((kind, why)) => {
            let detail =
                format!("KHQR code {} with transaction {}: {why}", proof.khqr_md5, proof.khqr_hash);
            let concerns = (Some(sale_id), Some(&sale.ticket_id));
            changes.raise(work, kind, concerns, &detail);
        }
    }
}

/// Whether the record says what the sale says.
fn fits(
    sale: &SaleFinalizedV1,
    proof: &KhqrProof,
    intent: Option<&Intent>,
) -> Result<(), (ExceptionKind, String)> {
    let unproven = |why: String| (ExceptionKind::KhqrUnproven, why);
    let of_company = intent.filter(|intent| intent.tenant_id == sale.tenant_id);
    let Some(intent) = of_company else {
        return Err(unproven("the books have no such code".to_owned()));
    };
    if let Some(other) = intent.sale_id {
        let why = format!("sale {other} claims its payment already");
        return Err((ExceptionKind::KhqrAlreadyClaimed, why));
    }
    let Some(paid) = &intent.payment else {
        return Err(unproven("the books know of no payment".to_owned()));
    };
    let mut differs = Vec::new();
    let mut same = |what: &str, holds: bool, recorded: String, told: String| {
        if !holds {
            differs.push(format!("{what} is {recorded} in the books, {told} in the sale"));
        }
    };
    let (ticket, tender) = (&sale.ticket_id, &sale.tender);
    same("ticket", intent.ticket_id == *ticket, intent.ticket_id.to_string(), ticket.to_string());
    let (recorded, told) = (intent.branch_id, sale.branch_id);
    same("branch", recorded == told, recorded.to_string(), told.to_string());
    let (recorded, told) = (intent.currency.code(), tender.currency.code());
    same("currency", recorded == told, recorded.to_owned(), told.to_owned());
    let (recorded, told) = (intent.amount, tender.received.saturating_sub(tender.change));
    same("amount", recorded == told, recorded.to_string(), told.to_string());
    let (recorded, told) = (&paid.hash, &proof.khqr_hash);
    same("transaction", recorded == told, recorded.clone(), told.clone());
    let (recorded, told) = (&paid.to_account_id, &proof.khqr_to_account_id);
    same("receiver", recorded.eq_ignore_ascii_case(told), recorded.clone(), told.clone());
    let (recorded, told) = (paid.confirmed_at, proof.khqr_confirmed_at);
    same("confirmation", recorded == told, recorded.to_string(), told.to_string());
    if differs.is_empty() { Ok(()) } else { Err(unproven(differs.join("; "))) }
}
