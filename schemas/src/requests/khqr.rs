//! KHQR between an edge and the centre: a code that a customer is about to be
//! shown, and whether it was paid.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CashSessionId, Currency, DeviceId, Sha256Hash, StaffId, TicketId, Timestamp};

/// An edge is about to show a code, and has the centre write it down first. The
/// same code again changes nothing; a new one of the same ticket supersedes the
/// older ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KhqrIntentV1 {
    /// MD5 of the code's payload, 32 lower-case hex digits.
    pub md5: String,
    /// The text of the code.
    pub payload: String,
    /// The ticket that it is to pay.
    pub ticket_id: TicketId,
    /// The cash session it is sold in; `null` for an online order.
    pub cash_session_id: Option<CashSessionId>,
    /// The till that shows it.
    pub device_id: DeviceId,
    /// Who sells.
    pub staff_id: StaffId,
    /// What is paid in.
    pub currency: Currency,
    /// How much: the sale's total in that currency.
    #[schemars(with = "String")]
    pub amount: Decimal,
    /// The account that is to be paid.
    pub to_account_id: String,
    /// SHA-256 of the cart that was priced and locked.
    pub cart_hash: Sha256Hash,
    /// When it was made, by the edge's clock.
    pub created_at: Timestamp,
    /// Until when it can be paid, by the edge's clock.
    pub expires_at: Timestamp,
}

/// The code is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KhqrIntentReplyV1 {
    /// Which.
    pub md5: String,
    /// Whether a newer code of the same ticket has superseded it already.
    pub superseded: bool,
}

/// Somebody wants to know whether a code was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KhqrCheckV1 {
    /// Which code.
    pub md5: String,
}

/// What is known of the payment of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KhqrCheckReplyV1 {
    /// Which code.
    pub md5: String,
    /// By the centre's clock.
    pub checked_at: Timestamp,
    /// What is known.
    pub outcome: KhqrOutcome,
}

/// Whether a code was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum KhqrOutcome {
    /// It was, and the payment fits the code. The cashier may finalize.
    Paid {
        /// The transaction's hash.
        khqr_hash: String,
        /// The account that was paid.
        khqr_to_account_id: String,
        /// When the centre heard of it, by its clock.
        khqr_confirmed_at: Timestamp,
    },
    /// Bakong knows of no payment so far.
    NotPaidYet {},
    /// Bakong knows of a payment that failed. The customer may pay again.
    Failed {},
    /// Nothing is known: it may be paid or not.
    Unknown {
        /// Why.
        why: String,
    },
    /// The day's checks are used up; nothing is known. It may be paid or not.
    BudgetSpent {},
    /// Something was paid that does not fit the code: a person must look at it.
    Mismatch {
        /// What does not fit.
        detail: String,
    },
}
