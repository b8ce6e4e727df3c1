//! What a code says.

use rust_decimal::Decimal;
use schemas::Currency;

/// The merchant category that the SDK writes if none is stated: miscellaneous
/// retail (ISO 18245).
pub const DEFAULT_MCC: &str = "5999";

/// What a code says. Lengths are UTF-16 units, as the SDK counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KhqrInput {
    /// Whose it is.
    pub account: Account,
    /// The merchant's name, 1 to 25.
    pub merchant_name: String,
    /// The merchant's city, 1 to 15.
    pub merchant_city: String,
    /// The merchant category code, four digits; see [`DEFAULT_MCC`].
    pub mcc: String,
    /// What is paid.
    pub currency: Currency,
    /// How much, above zero: whole riel, or dollars with at most two decimals.
    /// Without it the code is static: the payer types the amount, and the code
    /// never expires.
    pub amount: Option<Decimal>,
    /// When the code expires, in milliseconds since 1970-01-01T00:00Z. Stated
    /// exactly when there is an amount.
    pub expires_ms: Option<i64>,
    /// The bill, 1 to 25.
    pub bill_number: Option<String>,
    /// A telephone number, 1 to 25.
    pub mobile_number: Option<String>,
    /// The store, 1 to 25.
    pub store_label: Option<String>,
    /// The till, 1 to 25.
    pub terminal_label: Option<String>,
    /// What it is paid for, 1 to 25.
    pub purpose: Option<String>,
    /// Name and city once more, in another language.
    pub other_language: Option<OtherLanguage>,
    /// UnionPay's account information, 1 to 99; with riel only.
    pub upi: Option<String>,
}

/// The account that is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A personal account (tag 29).
    Individual {
        /// The Bakong account, `name@bank`, at most 32.
        account_id: String,
        /// The account behind it, 1 to 32.
        account_information: Option<String>,
        /// The bank of that account, 1 to 32.
        acquiring_bank: Option<String>,
    },
    /// A merchant's account (tag 30).
    Merchant {
        /// The Bakong account, `name@bank`, at most 32.
        account_id: String,
        /// The merchant's id at its bank, 1 to 32.
        merchant_id: String,
        /// The bank, 1 to 32.
        acquiring_bank: String,
    },
}

impl Account {
    /// A personal account without more about it.
    pub fn individual(account_id: impl Into<String>) -> Self {
        Self::Individual {
            account_id: account_id.into(),
            account_information: None,
            acquiring_bank: None,
        }
    }

    /// The Bakong account that receives the money.
    pub fn account_id(&self) -> &str {
        match self {
            Self::Individual { account_id, .. } | Self::Merchant { account_id, .. } => account_id,
        }
    }
}

/// The merchant in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherLanguage {
    /// Which, two letters (ISO 639-1), written as stated.
    pub language: String,
    /// The merchant's name in it, 1 to 25.
    pub name: String,
    /// The merchant's city in it, 1 to 15.
    pub city: Option<String>,
}
