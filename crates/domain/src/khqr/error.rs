//! Why an input makes no code. Each error names the field it is about.

use std::fmt;

use rust_decimal::Decimal;
use schemas::Currency;

/// A field of [`KhqrInput`](super::KhqrInput), or a group of them that shares
/// one object of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Everything about the account together (tag 29 or 30).
    Account,
    /// The Bakong account id.
    AccountId,
    /// An individual's account information.
    AccountInformation,
    /// A merchant's id at its bank.
    MerchantId,
    /// The bank that acquires.
    AcquiringBank,
    /// The merchant's name.
    MerchantName,
    /// The merchant's city.
    MerchantCity,
    /// The merchant category code.
    Mcc,
    /// The amount.
    Amount,
    /// When the code was made.
    CreatedMs,
    /// When the code expires.
    ExpiresMs,
    /// All the additional data together (tag 62).
    AdditionalData,
    /// The bill number.
    BillNumber,
    /// The mobile number.
    MobileNumber,
    /// The store's label.
    StoreLabel,
    /// The terminal's label.
    TerminalLabel,
    /// What it is paid for.
    Purpose,
    /// The code of the other language.
    Language,
    /// The merchant's name in the other language.
    OtherName,
    /// The merchant's city in the other language.
    OtherCity,
    /// UnionPay's account information.
    Upi,
}

impl Field {
    /// The field's name, for people and for matching.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::AccountId => "account_id",
            Self::AccountInformation => "account_information",
            Self::MerchantId => "merchant_id",
            Self::AcquiringBank => "acquiring_bank",
            Self::MerchantName => "merchant_name",
            Self::MerchantCity => "merchant_city",
            Self::Mcc => "mcc",
            Self::Amount => "amount",
            Self::CreatedMs => "created_ms",
            Self::ExpiresMs => "expires_ms",
            Self::AdditionalData => "additional_data",
            Self::BillNumber => "bill_number",
            Self::MobileNumber => "mobile_number",
            Self::StoreLabel => "store_label",
            Self::TerminalLabel => "terminal_label",
            Self::Purpose => "purpose",
            Self::Language => "language",
            Self::OtherName => "other_name",
            Self::OtherCity => "other_city",
            Self::Upi => "upi",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An input that makes no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KhqrError {
    /// Nothing is in it.
    #[error("{field} is empty")]
    Empty {
        /// Which.
        field: Field,
    },
    /// More is in it than its object holds.
    #[error("{field} has {units} UTF-16 units; at most {most} fit")]
    TooLong {
        /// Which.
        field: Field,
        /// Its length in UTF-16 units.
        units: usize,
        /// The most that is taken.
        most: usize,
    },
    /// A line break or another control character is in it.
    #[error("{field} holds a control character")]
    ControlCharacter {
        /// Which.
        field: Field,
    },
    /// The account id is not `name@bank` in visible ASCII.
    #[error("account_id is not of the form name@bank")]
    NotAnAccountId,
    /// The category code is not four digits (ISO 18245).
    #[error("mcc is not four digits")]
    NotACategory,
    /// The amount is zero or less, has decimals that the currency has no coins
    /// for, or needs more than 13 characters.
    #[error("amount {amount} {} cannot be asked for: {rule}", currency.code())]
    BadAmount {
        /// What was stated.
        amount: Decimal,
        /// Of what.
        currency: Currency,
        /// What it must be.
        rule: &'static str,
    },
    /// An amount without an expiry.
    #[error("expires_ms is missing: a code with an amount expires")]
    ExpiryMissing,
    /// An expiry without an amount.
    #[error("expires_ms is stated, but a code without an amount does not expire")]
    ExpiryWithoutAmount,
    /// Not a moment in milliseconds with 13 digits, the years 2001 to 2286.
    /// Seconds are the usual mistake.
    #[error("{field} {ms} is not a time in milliseconds of 13 digits")]
    NotMilliseconds {
        /// Which.
        field: Field,
        /// What was stated.
        ms: i64,
    },
    /// It expires before, or as soon as, it is made.
    #[error("expires_ms {expires_ms} is not after the creation at {created_ms}")]
    ExpiresTooSoon {
        /// When it would expire.
        expires_ms: i64,
        /// When it is made.
        created_ms: i64,
    },
    /// UnionPay's account information with dollars.
    #[error("upi is not taken with USD")]
    UpiWithUsd,
}

impl KhqrError {
    /// The field that is to be mended.
    pub const fn field(&self) -> Field {
        match self {
            Self::Empty { field }
            | Self::TooLong { field, .. }
            | Self::ControlCharacter { field }
            | Self::NotMilliseconds { field, .. } => *field,
            Self::NotAnAccountId => Field::AccountId,
            Self::NotACategory => Field::Mcc,
            Self::BadAmount { .. } => Field::Amount,
            Self::ExpiryMissing | Self::ExpiryWithoutAmount | Self::ExpiresTooSoon { .. } => {
                Field::ExpiresMs
            }
            Self::UpiWithUsd => Field::Upi,
        }
    }
}
