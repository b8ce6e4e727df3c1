//! What is known of a payment after Bakong was asked.

use rust_decimal::Decimal;

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Bakong knows the transaction and it succeeded. Whether it is the right one
    /// is for [`matches()`](super::matches()) to say.
    Paid(Paid),
    /// Bakong does not know of a payment of this code, so far.
    NotFound,
    /// Bakong knows the transaction and it failed.
    Failed,
    /// Nothing is known: the code may be paid or not.
    Unknown {
        /// Why.
        why: Why,
    },
}

/// A transaction, as Bakong tells it. All but the hash may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The md5 that was asked for, 32 lower-case hex digits.
    pub md5: String,
    /// The transaction's hash, not empty.
    pub hash: String,
    /// Who paid.
    pub from_account_id: Option<String>,
    /// Who was paid.
    pub to_account_id: Option<String>,
    /// In what, e.g. `USD`.
    pub currency: Option<String>,
    /// How much.
    pub amount: Option<Decimal>,
}

/// Why nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The md5 is not 32 lower-case hex digits. Bakong was not asked.
    #[error("the md5 is not 32 lower-case hex digits")]
    NotAnMd5,
    /// The day's checks are used up by our own count. Bakong was not asked.
    #[error("the day's checks are used up")]
    BudgetSpent,
    /// The day's checks cannot be counted right now. Bakong was not asked.
    #[error("the day's checks cannot be counted right now")]
    Uncounted,
    /// No connection was made. Bakong was not asked.
    #[error("Bakong cannot be reached")]
    Unreachable,
    /// No answer came in time.
    #[error("Bakong did not answer in time")]
    TimedOut,
    /// The connection broke before the answer was whole.
    #[error("the connection broke before Bakong had answered")]
    Broken,
    /// Bakong refuses the token (code 6, or HTTP 401), and it cannot be renewed, was
    /// renewed a moment ago, or was refused again after it.
    #[error("Bakong refuses the token")]
    TokenRefused,
    /// The token was refused and its renewal failed.
    #[error("the token was refused and cannot be renewed")]
    RenewalFailed(#[source] Box<Why>),
    /// Bakong says that the day's checks are used up (code 17).
    #[error("Bakong says that the day's checks are used up")]
    DailyLimit,
    /// Too many requests at once (HTTP 429).
    #[error("Bakong asks for fewer requests")]
    TooManyRequests,
    /// Something in front of Bakong turns us away (HTTP 403), as it does with
    /// callers from abroad.
    #[error("access to Bakong is forbidden")]
    Forbidden,
    /// Another HTTP status than success.
    #[error("Bakong answered with HTTP status {status}")]
    Status {
        /// Which.
        status: u16,
    },
    /// An error code that does not say whether it was paid.
    #[error("Bakong answered with code {code}")]
    Code {
        /// Which.
        code: i64,
    },
    /// The answer is not what Bakong's documents say.
    #[error("Bakong's answer makes no sense: {what}")]
    Garbage {
        /// What is wrong with it.
        what: &'static str,
    },
}

impl From<Why> for Check {
    fn from(why: Why) -> Self {
        Self::Unknown { why }
    }
}
