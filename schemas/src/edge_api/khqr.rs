//! KHQR at a till: a code for a cart, and whether it was paid.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Cart, Totals};
use crate::{
    CashSessionId, Currency, CustomerId, DeviceId, TicketId, Timestamp, catalogue::CatalogueRef,
    requests::KhqrOutcome,
};

/// Asks for a code: `POST /v1/khqr`. The amount is the cart's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKhqr {
    /// The ticket of the sale that it is to pay.
    pub ticket_id: TicketId,
    /// The till.
    pub device_id: DeviceId,
    /// The cash session, which must be open on this till.
    pub cash_session_id: CashSessionId,
    /// Who buys, if known.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// What is sold. It is priced now and locked: another cart needs another code.
    pub cart: Cart,
    /// What the customer pays in.
    pub currency: Currency,
}

/// A code to be shown. The customer's bank app reads `payload` as a QR code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KhqrCode {
    /// MD5 of the payload: the code's name.
    pub md5: String,
    /// What the QR code holds.
    pub payload: String,
    /// The ticket that it is to pay.
    pub ticket_id: TicketId,
    /// What is paid in.
    pub currency: Currency,
    /// How much: the total in dollars, or the payable riel.
    #[schema(value_type = String)]
    pub amount: Decimal,
    /// The account that is paid.
    pub to_account_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// Priced with.
    pub catalogue: CatalogueRef,
    /// The figures, which are the sale's.
    pub totals: Totals,
}

/// What is known of the payment of a code: `POST /v1/khqr/{md5}/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KhqrChecked {
    /// The code.
    pub md5: String,
    /// The ticket that it is to pay.
    pub ticket_id: TicketId,
    /// Whether a newer code of the ticket has superseded it: then it finalizes
    /// nothing, paid or not.
    pub superseded: bool,
    /// When it was looked at.
    pub checked_at: Timestamp,
    /// What is known.
    #[serde(flatten)]
    pub outcome: KhqrOutcome,
}
