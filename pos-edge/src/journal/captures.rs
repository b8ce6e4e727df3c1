//! What may be captured.

use schemas::{
    CashSessionId, DeviceId, EntryKind, Sha256Hash, StockItemId, TicketId, Timestamp, Usd,
    edge_api::CashSession, events::DeductionLine,
};

use super::stock;

/// A sale that was priced and written down, to be captured.
#[derive(Debug)]
pub struct NewSale {
    /// The idempotency key.
    pub ticket_id: TicketId,
    /// The hash of the request: a retry must have the same.
    pub request_hash: Sha256Hash,
    /// The till.
    pub device_id: DeviceId,
    /// The session, which must be open on that till.
    pub cash_session_id: CashSessionId,
    /// When it was completed.
    pub finalized_at: Timestamp,
    /// The total, for the list of tickets.
    pub grand_total_usd: Usd,
    /// What it takes from stock.
    pub stock: Vec<StockUse>,
    /// A `SaleFinalizedV1` as JSON: these bytes, for good.
    pub payload: Vec<u8>,
}

/// What a sale takes from one stock item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockUse {
    /// Which.
    pub stock_item_id: StockItemId,
    /// How much, in thousandths of its unit.
    pub thousandths: i64,
}

impl From<&DeductionLine> for StockUse {
    fn from(line: &DeductionLine) -> Self {
        Self { stock_item_id: line.stock_item_id, thousandths: stock::thousandths(line.quantity) }
    }
}

/// A cash session to be opened.
#[derive(Debug)]
pub struct NewSession {
    /// The idempotency key.
    pub key: TicketId,
    /// The hash of the request: a retry must have the same.
    pub request_hash: Sha256Hash,
    /// The session.
    pub session: CashSession,
    /// The person's name.
    pub staff_name: String,
    /// A `CashSessionOpenedV1` as JSON: these bytes, for good.
    pub payload: Vec<u8>,
}

/// What was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The stored payload.
    pub payload: Vec<u8>,
    /// Whether it was captured by an earlier request.
    pub replayed: bool,
}

/// What may be captured.
#[derive(Debug)]
pub(super) enum Capture {
    Sale(NewSale),
    Session(NewSession),
}

impl Capture {
    pub(super) fn kind(&self) -> EntryKind {
        match self {
            Self::Sale(_) => EntryKind::SaleFinalized,
            Self::Session(_) => EntryKind::CashSessionOpened,
        }
    }

    /// Sales and sessions have keys of their own.
    pub(super) fn key(&self) -> (EntryKind, &str) {
        match self {
            Self::Sale(sale) => (self.kind(), sale.ticket_id.as_str()),
            Self::Session(session) => (self.kind(), session.key.as_str()),
        }
    }

    pub(super) fn request_hash(&self) -> Sha256Hash {
        match self {
            Self::Sale(sale) => sale.request_hash,
            Self::Session(session) => session.request_hash,
        }
    }

    /// Moves the payload out, into its entry.
    pub(super) fn take_payload(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Sale(sale) => &mut sale.payload,
            Self::Session(session) => &mut session.payload,
        })
    }
}
