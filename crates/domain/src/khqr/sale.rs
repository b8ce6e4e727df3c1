//! The code of a sale. Amount and bill number come from the sale itself: nobody
//! types them.

use rust_decimal::Decimal;
use schemas::{
    Currency, TicketId, Timestamp,
    catalogue::{KhqrAccount, KhqrReceiver},
    edge_api::Totals,
};

use super::{Account, DEFAULT_MCC, KhqrError, KhqrInput, OtherLanguage, encode};
use crate::hashing::sha256;

/// The longest bill number, in characters.
const MAX_BILL_NUMBER: usize = 25;
/// How much of the ticket's hash, and of its end, a shortened bill number shows.
const SHOWN: usize = 12;

/// Who is paid at a branch: what its settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The account that receives the money.
    pub account: Account,
    /// The name that the payer's app shows, 1 to 25 UTF-16 units.
    pub merchant_name: String,
    /// The city, 1 to 15 UTF-16 units.
    pub merchant_city: String,
    /// The merchant category code, four digits; see
    /// [`DEFAULT_MCC`](super::DEFAULT_MCC).
    pub mcc: String,
    /// The store, 1 to 25 UTF-16 units.
    pub store_label: Option<String>,
    /// Name and city in another language.
    pub other_language: Option<OtherLanguage>,
}

impl From<&KhqrReceiver> for Payee {
    fn from(receiver: &KhqrReceiver) -> Self {
        let account = match receiver.account.clone() {
            KhqrAccount::Individual { account_id, account_information, acquiring_bank } => {
                Account::Individual { account_id, account_information, acquiring_bank }
            }
            KhqrAccount::Merchant { account_id, merchant_id, acquiring_bank } => {
                Account::Merchant { account_id, merchant_id, acquiring_bank }
            }
        };
        let other_language = receiver.other_language.clone().map(|other| OtherLanguage {
            language: other.language,
            name: other.name,
            city: other.city,
        });
        Self {
            account,
            merchant_name: receiver.merchant_name.clone(),
            merchant_city: receiver.merchant_city.clone(),
            mcc: receiver.mcc.clone().unwrap_or_else(|| DEFAULT_MCC.to_owned()),
            store_label: receiver.store_label.clone(),
            other_language,
        }
    }
}

impl Payee {
    /// Whether codes can be made for it at all.
    ///
    /// # Errors
    /// [`KhqrError`], with the first field that will not do.
    pub fn check(&self) -> Result<(), KhqrError> {
        // The longest that a sale adds to the fields that are shared.
        let input = KhqrInput {
            account: self.account.clone(),
            merchant_name: self.merchant_name.clone(),
            merchant_city: self.merchant_city.clone(),
            mcc: self.mcc.clone(),
            currency: Currency::Khr,
            amount: None,
            expires_ms: None,
            bill_number: Some("0".repeat(MAX_BILL_NUMBER)),
            mobile_number: None,
            store_label: self.store_label.clone(),
            terminal_label: None,
            purpose: None,
            other_language: self.other_language.clone(),
            upi: None,
        };
        encode(&input, 0).map(drop)
    }
}

/// What a sale asks for.
#[derive(Debug, Clone, Copy)]
pub struct SaleCharge<'a> {
    /// The sale's figures.
    pub totals: &'a Totals,
    /// The sale's ticket.
    pub ticket_id: &'a TicketId,
    /// What the customer pays in.
    pub currency: Currency,
    /// The till, 1 to 25 UTF-16 units.
    pub terminal_label: Option<&'a str>,
    /// When the code expires. Milliseconds count; what is below is dropped.
    pub expires_at: Timestamp,
}

/// What the code of a sale says. [`encode`](super::encode) still has to take it.
pub fn sale_input(payee: &Payee, charge: &SaleCharge<'_>) -> KhqrInput {
    KhqrInput {
        account: payee.account.clone(),
        merchant_name: payee.merchant_name.clone(),
        merchant_city: payee.merchant_city.clone(),
        mcc: payee.mcc.clone(),
        currency: charge.currency,
        amount: Some(amount_owed(charge.totals, charge.currency)),
        expires_ms: Some(charge.expires_at.unix_millis()),
        bill_number: Some(bill_number(charge.ticket_id)),
        mobile_number: None,
        store_label: payee.store_label.clone(),
        terminal_label: charge.terminal_label.map(str::to_owned),
        purpose: None,
        other_language: payee.other_language.clone(),
        upi: None,
    }
}

/// What a sale asks for in `currency`: the payable riel, rounded as the branch
/// rounds, or the grand total in dollars, which is never rounded to riel.
pub fn amount_owed(totals: &Totals, currency: Currency) -> Decimal {
    match currency {
        Currency::Khr => totals.payable_khr.amount(),
        Currency::Usd => totals.grand_total_usd.amount(),
    }
}

/// The bill number of a ticket: the ticket itself if it has at most 25
/// characters; else the first 12 hex digits of its SHA-256, a hyphen, and its
/// last 12 characters. It is always the same for the same ticket, and a person
/// finds the ticket by its end.
pub fn bill_number(ticket_id: &TicketId) -> String {
    // Visible ASCII: bytes are characters.
    let ticket = ticket_id.as_str();
    if ticket.len() <= MAX_BILL_NUMBER {
        return ticket.to_owned();
    }
    let hash = sha256(ticket.as_bytes()).to_string();
    format!("{}-{}", &hash[..SHOWN], &ticket[ticket.len() - SHOWN..])
}
