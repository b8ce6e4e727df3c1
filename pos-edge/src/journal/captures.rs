//! What may be captured.

use domain::sale::Settled;
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, CustomerId, DeviceId, DraftId, EntryKind, OrderId, SaleId, Sha256Hash,
    StockItemId, TicketId, Timestamp, Usd,
    catalogue::Seller,
    edge_api::CashSession,
    events::{DeductionLine, SaleFinalizedV1, SaleType, TenderMethod},
    requests::{Command, HandedOrder},
};

use super::{
    acts::{Asked, By},
    stock,
};

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
    /// The draft that it ends, if there is one.
    pub draft_id: Option<DraftId>,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order.
    pub order_id: OrderId,
    /// When it was completed.
    pub finalized_at: Timestamp,
    /// How it was paid.
    pub method: TenderMethod,
    /// In which currency.
    pub currency: Currency,
    /// What was kept: received − change.
    pub kept: Decimal,
    /// The total.
    pub grand_total_usd: Usd,
    /// The VAT in it.
    pub vat_usd: Usd,
    /// What it takes from stock.
    pub stock: Vec<StockUse>,
    /// A `SaleFinalizedV1` as JSON: these bytes, for good.
    pub payload: Vec<u8>,
}

impl NewSale {
    /// The sale that an event tells of this session, without a payload.
    pub fn of(sale: &SaleFinalizedV1, cash_session_id: CashSessionId) -> Self {
        Self {
            ticket_id: sale.ticket_id.clone(),
            request_hash: sale.request_hash,
            device_id: sale.device_id,
            cash_session_id,
            draft_id: None,
            sale_id: sale.sale_id,
            order_id: sale.order_id,
            finalized_at: sale.finalized_at,
            method: sale.tender.method,
            currency: sale.tender.currency,
            kept: sale.tender.received.saturating_sub(sale.tender.change),
            grand_total_usd: sale.grand_total_usd,
            vat_usd: sale.vat.amount_usd,
            stock: sale.deductions.iter().map(StockUse::from).collect(),
            payload: Vec::new(),
        }
    }
}

/// A sale that its till completed before the close of its session, and that
/// came after it.
#[derive(Debug)]
pub struct NewLateSale {
    /// The sale; its payload is made when its number among the supplements is
    /// known.
    pub sale: NewSale,
    /// The event, without that number.
    pub event: SaleFinalizedV1,
}

/// A sale for cash that its till completed by itself, at the figures that it showed.
#[derive(Debug)]
pub struct NewFact {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The hash of the request: a retry must have the same.
    pub request_hash: Sha256Hash,
    /// The till.
    pub device_id: DeviceId,
    /// The session that it was sold in.
    pub cash_session_id: CashSessionId,
    /// Who bought, if known.
    pub customer_id: Option<CustomerId>,
    /// How it was consumed.
    pub sale_type: SaleType,
    /// The draft that was sold.
    pub draft_id: Option<DraftId>,
    /// Who sells, as the receipt names them.
    pub seller: Seller,
    /// When the till completed it, by the till's clock.
    pub at: Timestamp,
    /// The figures.
    pub settled: Settled,
    /// Set if it was held and a manager accepts it.
    pub accepted: Option<Acceptance>,
}

/// A manager accepts a held sale.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// Who, and on which till.
    pub by: By,
    /// The idempotency key of that.
    pub key: TicketId,
    /// The hash of the request under it.
    pub key_hash: Sha256Hash,
    /// The drawer that its cash lies in, if it is not the one that the sale names.
    pub cash_session_id: Option<CashSessionId>,
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

/// What may be captured. Sales and openings are written together; the others
/// are decided one by one in the same transaction, by what the journal holds
/// then.
#[derive(Debug)]
pub(super) enum Capture {
    Sale(NewSale),
    Session(NewSession),
    LateSale(Box<NewLateSale>),
    Fact(Box<NewFact>),
    Act(Asked),
    Command(Command),
    Order(HandedOrder),
}

/// A capture whose payload is written down already.
pub(super) struct Drawn<'a> {
    pub(super) kind: EntryKind,
    /// Sales and sessions have keys of their own.
    pub(super) key: &'a str,
    pub(super) request_hash: Sha256Hash,
}

impl Capture {
    /// `None` if it is to be decided at the desk.
    pub(super) fn drawn(&self) -> Option<Drawn<'_>> {
        match self {
            Self::Sale(sale) => Some(Drawn {
                kind: EntryKind::SaleFinalized,
                key: sale.ticket_id.as_str(),
                request_hash: sale.request_hash,
            }),
            Self::Session(session) => Some(Drawn {
                kind: EntryKind::CashSessionOpened,
                key: session.key.as_str(),
                request_hash: session.request_hash,
            }),
            Self::LateSale(_)
            | Self::Fact(_)
            | Self::Act(_)
            | Self::Command(_)
            | Self::Order(_) => None,
        }
    }

    /// Whether it waits until there is room: every sale but those that were paid
    /// already by KHQR.
    pub(super) fn needs_room(&self) -> bool {
        let sale = match self {
            Self::Sale(sale) => sale,
            Self::LateSale(late) => &late.sale,
            // It is paid in cash.
            Self::Fact(_) => return true,
            Self::Session(_) | Self::Act(_) | Self::Command(_) | Self::Order(_) => return false,
        };
        sale.method != TenderMethod::Khqr
    }

    /// Moves the payload out, into its entry.
    pub(super) fn take_payload(&mut self) -> Vec<u8> {
        match self {
            Self::Sale(sale) => std::mem::take(&mut sale.payload),
            Self::Session(session) => std::mem::take(&mut session.payload),
            Self::LateSale(_)
            | Self::Fact(_)
            | Self::Act(_)
            | Self::Command(_)
            | Self::Order(_) => Vec::new(),
        }
    }
}
