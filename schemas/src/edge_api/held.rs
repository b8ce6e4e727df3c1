//! Sales that a till completed by itself and that wait for a manager.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TenderOffer, Totals};
use crate::{CashSessionId, DeviceId, StaffId, TicketId, Timestamp, events::SaleType};

/// Where a held sale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HeldState {
    /// It is on the edge's disk and waits for a manager.
    Held,
    /// A manager accepted it: it is a sale.
    Accepted,
    /// A manager rejected it: it is kept, and is no sale.
    Rejected,
}

impl HeldState {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
        }
    }
}

/// Why a sale is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HeldWhy {
    /// Its till was revoked.
    DeviceRevoked,
    /// Its till is not one of this branch, or not any more.
    DeviceUnknown,
    /// The token that it came with is not known here.
    TokenUnknown,
    /// It names another till than the one that brought it.
    AnotherTill,
    /// Its cash session is not one of its till in this store.
    SessionUnknown,
}

impl HeldWhy {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceRevoked => "DEVICE_REVOKED",
            Self::DeviceUnknown => "DEVICE_UNKNOWN",
            Self::TokenUnknown => "TOKEN_UNKNOWN",
            Self::AnotherTill => "ANOTHER_TILL",
            Self::SessionUnknown => "SESSION_UNKNOWN",
        }
    }
}

/// What a till is told of a sale that is held: it is safe here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldSale {
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Where it stands.
    pub state: HeldState,
    /// Why it was held.
    pub why: HeldWhy,
    /// Since when it is on the edge's disk.
    pub held_at: Timestamp,
    /// What a manager decided; `null` while it is held.
    pub decided: Option<HeldDecided>,
}

/// What a manager decided about a held sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldDecided {
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// A held sale as managers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldSaleRow {
    /// Where it stands.
    #[serde(flatten)]
    pub held: HeldSale,
    /// The till that it names.
    pub device_id: DeviceId,
    /// The cash session that it names.
    pub cash_session_id: CashSessionId,
    /// When the till completed it, by the till's clock.
    pub completed_at: Timestamp,
    /// How it was consumed.
    pub sale_type: SaleType,
    /// The figures that the customer was shown.
    pub totals: Totals,
    /// What the customer handed over.
    pub tender: TenderOffer,
}

/// Held sales, newest first: `GET /v1/held-sales`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldSalePage {
    /// The sales.
    pub held_sales: Vec<HeldSaleRow>,
    /// The `before` of the next page; `null` on the last one.
    pub next_before: Option<i64>,
}

/// Makes a held sale a sale: `POST /v1/held-sales/{ticket}/accept`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptHeldSale {
    /// The drawer of this store that its cash lies in, if it is not the one that the
    /// sale names.
    #[serde(default)]
    pub cash_session_id: Option<CashSessionId>,
}

/// Decides that a held sale is none: `POST /v1/held-sales/{ticket}/reject`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectHeldSale {
    /// Why; 1 to 500 characters.
    pub reason: String,
}
