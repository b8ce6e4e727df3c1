//! Who is paid by KHQR at a branch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who is paid by the KHQR codes of a branch. Lengths are UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KhqrReceiver {
    /// The account that receives the money.
    pub account: KhqrAccount,
    /// The name that the payer's app shows, 1 to 25.
    pub merchant_name: String,
    /// The city, 1 to 15.
    pub merchant_city: String,
    /// The merchant category code (ISO 18245), four digits; 5999 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcc: Option<String>,
    /// The store, 1 to 25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_label: Option<String>,
    /// Name and city in another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_language: Option<KhqrOtherLanguage>,
}

/// An account that KHQR codes pay to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum KhqrAccount {
    /// A personal account.
    Individual {
        /// The Bakong account, `name@bank`, at most 32.
        account_id: String,
        /// The account behind it, 1 to 32.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account_information: Option<String>,
        /// The bank of that account, 1 to 32.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        acquiring_bank: Option<String>,
    },
    /// A merchant's account.
    Merchant {
        /// The Bakong account, `name@bank`, at most 32.
        account_id: String,
        /// The merchant's id at its bank, 1 to 32.
        merchant_id: String,
        /// The bank, 1 to 32.
        acquiring_bank: String,
    },
}

/// A merchant in another language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KhqrOtherLanguage {
    /// Which, two letters (ISO 639-1).
    pub language: String,
    /// The merchant's name in it, 1 to 25.
    pub name: String,
    /// The merchant's city in it, 1 to 15.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}
