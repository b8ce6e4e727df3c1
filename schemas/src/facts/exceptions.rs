//! What may be wrong with something that is booked all the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why something that was booked needs a person's look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExceptionKind {
    /// Pricing the sale again with its own catalogue gives other figures.
    PriceMismatch,
    /// The catalogue that the sale names is not in the books.
    CatalogueUnknown,
    /// The sale's cash session is not in the books, or is not open.
    SessionNotOpen,
    /// A stock level went below zero.
    StockNegative,
    /// Another payload came under a ticket that has its outcome already.
    TicketConflict,
    /// An order moved in a way its state does not allow.
    OrderMoveRefused,
    /// An edge accepted an order that was not handed over to it.
    OrderNotHandedOver,
    /// The sale came after the close of its session: a supplement to its Z report.
    LateSale,
    /// A void does not fit what the books have: what fitted was booked.
    VoidMismatch,
    /// The Z report's sums are not those of the books.
    SessionMismatch,
    /// The proof of a KHQR sale is not what the centre's own record of the code
    /// and its payment says, or there is no such record.
    KhqrUnproven,
    /// The payment that a KHQR sale names is another sale's.
    KhqrAlreadyClaimed,
    /// What was paid for a KHQR code does not fit it.
    KhqrMismatch,
    /// A KHQR code was paid and no sale has come of it.
    KhqrUnclaimed,
    /// A KHQR code was paid after a newer one of the same ticket had superseded
    /// it, or before.
    KhqrPaidSuperseded,
    /// The sale was charged to a house account beyond its limit, or to none.
    CreditLimitExceeded,
    /// A client without an edge completed a cash sale where the drawers are the
    /// edge's.
    CashAtEdge,
    /// An edge adopted what the books do not have, or have closed.
    AdoptionMismatch,
    /// An entry on the disk of a former edge was not imported, because of what is there
    /// already.
    ImportConflict,
}

impl ExceptionKind {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PriceMismatch => "PRICE_MISMATCH",
            Self::CatalogueUnknown => "CATALOGUE_UNKNOWN",
            Self::SessionNotOpen => "SESSION_NOT_OPEN",
            Self::StockNegative => "STOCK_NEGATIVE",
            Self::TicketConflict => "TICKET_CONFLICT",
            Self::OrderMoveRefused => "ORDER_MOVE_REFUSED",
            Self::OrderNotHandedOver => "ORDER_NOT_HANDED_OVER",
            Self::LateSale => "LATE_SALE",
            Self::VoidMismatch => "VOID_MISMATCH",
            Self::SessionMismatch => "SESSION_MISMATCH",
            Self::KhqrUnproven => "KHQR_UNPROVEN",
            Self::CreditLimitExceeded => "CREDIT_LIMIT_EXCEEDED",
            Self::CashAtEdge => "CASH_AT_EDGE",
            Self::AdoptionMismatch => "ADOPTION_MISMATCH",
            Self::ImportConflict => "IMPORT_CONFLICT",
            Self::KhqrAlreadyClaimed => "KHQR_ALREADY_CLAIMED",
            Self::KhqrMismatch => "KHQR_MISMATCH",
            Self::KhqrUnclaimed => "KHQR_UNCLAIMED",
            Self::KhqrPaidSuperseded => "KHQR_PAID_SUPERSEDED",
        }
    }
}
