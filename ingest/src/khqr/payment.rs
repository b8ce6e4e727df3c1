//! Asking Bakong about a code, and writing down what was paid.

use schemas::{facts::ExceptionKind, requests::KhqrOutcome};
use store::khqr::{self, Intent, Payment, Recorded};
use telemetry::failpoint;

use super::telling;
use crate::{
    Refusal,
    bakong::{Check, Expected, Paid, Why, matches},
    center::Center,
    refusal::KhqrRefusal,
};

/// The longest hash or account that is kept, in characters.
const MAX_TEXT: usize = 128;

/// What is known of the payment of a code, after Bakong was asked if need be.
pub(crate) async fn ask(center: &Center, intent: &Intent) -> Result<KhqrOutcome, Refusal> {
    if let Some(payment) = &intent.payment {
        return Ok(told(payment.clone()));
    }
    let client = center.khqr.client(intent.tenant_id).await.map_err(|error| {
        tracing::error!(tenant.id = %intent.tenant_id, error = format!("{error:#}"), "nobody can ask Bakong");
        KhqrRefusal::NotSetUp
    })?;
    let client = client.ok_or(KhqrRefusal::NotSetUp)?;
    let _place = center.khqr.enter().ok_or(Refusal::Busy)?;
    match client.check_transaction_by_md5(&intent.md5).await {
        Check::Paid(paid) => {
            failpoint("ingest.before_payment");
            take(center, intent, paid).await
        }
        Check::NotFound => Ok(KhqrOutcome::NotPaidYet {}),
        Check::Failed => Ok(KhqrOutcome::Failed {}),
        Check::Unknown { why: Why::BudgetSpent | Why::DailyLimit } => {
            Ok(KhqrOutcome::BudgetSpent {})
        }
        Check::Unknown { why } => {
            tracing::warn!(md5 = intent.md5, %why, "nothing is known of a KHQR payment");
            Ok(KhqrOutcome::Unknown { why: why.to_string() })
        }
    }
}

fn told(payment: Payment) -> KhqrOutcome {
    KhqrOutcome::Paid {
        khqr_hash: payment.hash,
        khqr_to_account_id: payment.to_account_id,
        khqr_confirmed_at: payment.confirmed_at,
    }
}

/// Writes a payment down if it fits its code.
async fn take(center: &Center, intent: &Intent, paid: Paid) -> Result<KhqrOutcome, Refusal> {
    let texts = [Some(&paid.hash), paid.from_account_id.as_ref(), paid.to_account_id.as_ref()];
    let odd = |text: &&String| text.chars().count() > MAX_TEXT || text.contains(char::is_control);
    if texts.into_iter().flatten().any(|text| odd(&text)) {
        let why = "Bakong's answer makes no sense: a hash or account that is none".to_owned();
        return Ok(KhqrOutcome::Unknown { why });
    }
    let expected = Expected {
        md5: intent.md5.clone(),
        to_account_id: intent.to_account_id.clone(),
        currency: intent.currency,
        amount: intent.amount,
    };
    if let Err(differences) = matches(&expected, &paid) {
        let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
        return mismatch(center, intent, &paid, named.join("; ")).await;
    }
    let payment = Payment {
        hash: paid.hash.clone(),
        from_account_id: paid.from_account_id.clone(),
        to_account_id: paid.to_account_id.clone().unwrap_or_else(|| intent.to_account_id.clone()),
        confirmed_at: center.now(),
    };
    let mut books = center.begin().await?;
    let recorded = khqr::record_payment(&mut books, &intent.md5, &payment).await?;
    center.commit(books).await?;
    match recorded {
        Recorded::Now => Ok(told(payment)),
        Recorded::Before(kept) => Ok(told(kept)),
        Recorded::OfAnotherCode => {
            let why = "the transaction is the payment of another code".to_owned();
            mismatch(center, intent, &paid, why).await
        }
    }
}

/// Raises an exception for what was paid and does not fit, once for each
/// transaction.
async fn mismatch(
    center: &Center,
    intent: &Intent,
    paid: &Paid,
    why: String,
) -> Result<KhqrOutcome, Refusal> {
    let from = paid.from_account_id.as_deref().unwrap_or("somebody");
    let detail = format!(
        "KHQR code {} of ticket {}: transaction {} from {from} does not fit: {why}",
        intent.md5, intent.ticket_id, paid.hash,
    );
    let mut books = center.begin().await?;
    let raised = telling::Raised {
        kind: ExceptionKind::KhqrMismatch,
        cause: &paid.hash,
        detail: &detail,
        at: center.now(),
    };
    telling::raise(&mut books, intent, &raised).await?;
    center.commit(books).await?;
    telling::wake_relay(center).await;
    Ok(KhqrOutcome::Mismatch { detail: why })
}
