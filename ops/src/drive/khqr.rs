//! A customer who pays by KHQR: a code, a payment at the stand-in for Bakong, and
//! the tap that finds it.
//!
//! What cannot be done now (no line, nobody to ask, a bank that takes no payment) is
//! no error: the till is told why, and takes cash. A payment counts once the till has
//! heard of it; the sale is then completed with it.

use std::time::Duration;

use reqwest::Client;
use rust_decimal::Decimal;
use schemas::{
    Currency, Money,
    edge_api::{KhqrCode, NewKhqr, TenderOffer},
    events::TenderMethod,
    requests::KhqrOutcome,
};
use serde::Serialize;

use super::client::{EdgeClient, TillError};

/// How long the bank may take for one payment.
const BANK_LIMIT: Duration = Duration::from_secs(10);
/// How often a till looks for a payment before it takes cash.
const TAPS: usize = 3;
/// Who pays.
const CUSTOMER: &str = "customer@demo";
/// Refusals after which a till takes cash.
const TAKE_CASH: [&str; 4] =
    ["khqr_needs_line", "khqr_centre_refused", "khqr_unavailable", "khqr_refused"];

/// The customers' bank: the stand-in for Bakong of a stack.
#[derive(Debug, Clone)]
pub struct Bank {
    http: Client,
    pay: String,
}

/// What became of the wish to pay by KHQR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The payment is confirmed: complete the sale with it.
    Paid(TenderOffer),
    /// Not now: take cash. Why, for the cashier.
    TakeCash(String),
}

/// A payment, as the stand-in wants to be told of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payment<'a> {
    md5: &'a str,
    from_account_id: &'a str,
    to_account_id: &'a str,
    currency: &'a str,
    amount: Decimal,
}

impl Bank {
    /// The stand-in at a URL.
    ///
    /// # Errors
    /// If no HTTP client can be made.
    pub fn at_url(url: &str) -> reqwest::Result<Self> {
        let http = Client::builder().no_proxy().timeout(BANK_LIMIT).tcp_nodelay(true).build()?;
        Ok(Self { http, pay: format!("{}/stand-in/pay", url.trim_end_matches('/')) })
    }

    async fn pay(&self, code: &KhqrCode) -> reqwest::Result<()> {
        let payment = Payment {
            md5: &code.md5,
            from_account_id: CUSTOMER,
            to_account_id: &code.to_account_id,
            currency: code.currency.code(),
            amount: code.amount,
        };
        self.http.post(&self.pay).json(&payment).send().await?.error_for_status()?;
        Ok(())
    }
}

/// Has a customer pay a cart at a till. The sale is then completed under the same
/// ticket with the same cart.
///
/// # Errors
/// [`TillError`] if the edge refuses for another reason, or stays away.
pub async fn pay(till: &EdgeClient, bank: &Bank, cart: &NewKhqr) -> Result<Asked, TillError> {
    let ticket = &cart.ticket_id;
    let code = match till.khqr_code(&format!("code-{ticket}"), cart).await {
        Ok(code) => code,
        Err(error) if error.code().is_some_and(|code| TAKE_CASH.contains(&code)) => {
            return Ok(Asked::TakeCash(error.to_string()));
        }
        Err(error) => return Err(error),
    };
    let mut last = KhqrOutcome::NotPaidYet {};
    for tap in 0..TAPS {
        // A stand-in that holds too many payments forgets them all.
        if last == (KhqrOutcome::NotPaidYet {})
            && let Err(error) = bank.pay(&code).await
        {
            return Ok(Asked::TakeCash(format!("the bank took no payment: {error}")));
        }
        last = till.check_khqr(&code.md5, &format!("tap-{tap}-{ticket}")).await?.outcome;
        if matches!(last, KhqrOutcome::Paid { .. }) {
            return Ok(Asked::Paid(offer(code.amount, code.currency)));
        }
    }
    Ok(Asked::TakeCash(format!("{} was not confirmed: {last:?}", code.md5)))
}

const fn offer(amount: Decimal, currency: Currency) -> TenderOffer {
    TenderOffer { method: TenderMethod::Khqr, received: Money { amount, currency } }
}
