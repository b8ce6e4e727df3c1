//! Facts: what the books tell the world, as CloudEvents 1.0 in the NATS
//! binding's binary mode (`ce-*` headers, JSON body). A fact that merely
//! repeats an entry has the entry's payload as its body, the same bytes.

mod exceptions;

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    BranchId, CustomerId, EdgeId, EntryKind, ExceptionId, InvoiceId, Khr, NotificationId, SaleId,
    SeriesId, Sha256Hash, StaffId, StockItemId, TenantId, TicketId, Timestamp, Usd, VoidRequestId,
    entry::entry_name, ids::InvalidId,
};

pub use exceptions::ExceptionKind;

/// What a fact tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// A sale is in the books. Body: the entry's payload.
    SaleFinalized,
    /// A cash session is in the books. Body: the entry's payload.
    CashSessionOpened,
    /// An order moved on. Body: the entry's payload.
    OrderStatusChanged,
    /// A sale has its official number. Body: [`InvoiceAssignedV1`].
    InvoiceAssigned,
    /// Stock moved. Body: [`StockMovedV1`] by a sale, [`StockMovedV2`] without one.
    StockMoved,
    /// Something was booked that a person should look at. Body: [`ExceptionRaisedV1`].
    ExceptionRaised,
    /// An entry could not be applied and was set aside. Body: [`EventQuarantinedV1`].
    EventQuarantined,
    /// Money moved that no sale moved. Body: the entry's payload.
    CashMoved,
    /// A cash session is closed. Body: the entry's payload.
    CashSessionClosed,
    /// Someone asked to undo a sale. Body: the entry's payload.
    VoidRequested,
    /// A sale is undone. Body: the payload of the entry `void.approved`.
    SaleVoided,
    /// A sale stays as it was. Body: the entry's payload.
    VoidRejected,
    /// Somebody should notice something. Body: [`NotificationRaisedV1`].
    NotificationRaised,
    /// The direct door refused a sale. Body: [`SaleRefusedV1`].
    SaleRefused,
}

impl FactKind {
    /// Every fact of this build.
    pub const ALL: [Self; 14] = [
        Self::SaleFinalized,
        Self::CashSessionOpened,
        Self::OrderStatusChanged,
        Self::InvoiceAssigned,
        Self::StockMoved,
        Self::ExceptionRaised,
        Self::EventQuarantined,
        Self::CashMoved,
        Self::CashSessionClosed,
        Self::VoidRequested,
        Self::SaleVoided,
        Self::VoidRejected,
        Self::NotificationRaised,
        Self::SaleRefused,
    ];

    /// The name in subjects, headers and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SaleFinalized => "sale.finalized",
            Self::CashSessionOpened => "cash.session_opened",
            Self::OrderStatusChanged => "order.status_changed",
            Self::InvoiceAssigned => "invoice.assigned",
            Self::StockMoved => "stock.moved",
            Self::ExceptionRaised => "exception.raised",
            Self::EventQuarantined => "event.quarantined",
            Self::CashMoved => "cash.moved",
            Self::CashSessionClosed => "cash.session_closed",
            Self::VoidRequested => "void.requested",
            Self::SaleVoided => "sale.voided",
            Self::VoidRejected => "void.rejected",
            Self::NotificationRaised => "notification.raised",
            Self::SaleRefused => "sale.refused",
        }
    }

    /// The fact that repeats an entry of a kind, if one does.
    pub const fn repeating(entry: EntryKind) -> Option<Self> {
        match entry {
            EntryKind::CashSessionOpened => Some(Self::CashSessionOpened),
            EntryKind::SaleFinalized => Some(Self::SaleFinalized),
            EntryKind::OrderStatusChanged => Some(Self::OrderStatusChanged),
            EntryKind::CashMoved => Some(Self::CashMoved),
            EntryKind::CashSessionClosed => Some(Self::CashSessionClosed),
            EntryKind::VoidRequested => Some(Self::VoidRequested),
            EntryKind::VoidApproved => Some(Self::SaleVoided),
            EntryKind::VoidRejected => Some(Self::VoidRejected),
            EntryKind::OrderAccepted
            | EntryKind::CommandRefused
            | EntryKind::AuditRecorded
            | EntryKind::EdgeAdopted
            | EntryKind::ImportConflicted => None,
        }
    }
}

impl FromStr for FactKind {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|fact| fact.as_str() == text).ok_or_else(|| InvalidId {
            what: "fact",
            why: format!("{:?} is not known here", text.chars().take(64).collect::<String>()),
        })
    }
}

impl fmt::Display for FactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of a fact that an entry caused: `<edge>:<seq>:<fact>`. The same
/// cause gives the same id on every replay and rebuild.
pub fn id_from_entry(edge: EdgeId, seq: u64, fact: FactKind) -> String {
    format!("{}:{fact}", entry_name(edge, seq))
}

/// The id of the fact that a number was assigned: `<series>:<no>`.
pub fn id_from_invoice(series: SeriesId, no: u64) -> String {
    format!("{series}:{no}")
}

/// The whole register row of an invoice: enough to put the number back as it
/// was, should the books be restored from an older backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceAssignedV1 {
    /// The series.
    pub series_id: SeriesId,
    /// The official number: 1, 2, 3, … without gaps in its series.
    pub no: u64,
    /// The number as it is printed, by the series' form: no other invoice of the
    /// company prints the same.
    pub printed: String,
    /// UUID v5 of series and number.
    pub invoice_id: InvoiceId,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// 1, 2, 3, … without gaps per branch, over all series: by this an edge
    /// sees that it missed one.
    pub mapping_seq: u64,
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// The journal that holds it.
    pub edge_id: EdgeId,
    /// The entry in that journal.
    pub entry_seq: u64,
    /// That entry's hash: ties the register to the captured bytes.
    pub entry_hash: Sha256Hash,
    /// The sale's total.
    pub grand_total_usd: Usd,
    /// The VAT in it.
    pub vat_usd: Usd,
    /// The sale's total in riel, before riel rounding.
    pub grand_total_khr: Khr,
    /// When the number was assigned, by the centre's clock.
    pub issued_at: Timestamp,
    /// The hash of number `no - 1`; zeros for the first.
    pub prev_hash: Sha256Hash,
    /// The hash of this row (`domain::invoice_chain`).
    pub hash: Sha256Hash,
}

/// Stock moved in the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockMovedV1 {
    /// The store.
    pub branch_id: BranchId,
    /// The edge whose entry moved it.
    pub edge_id: EdgeId,
    /// That entry. The levels below hold every deduction of this edge up to it.
    pub edge_seq: u64,
    /// The sale that moved it.
    pub sale_id: SaleId,
    /// When the sale was made.
    pub moved_at: Timestamp,
    /// What moved, one line for each stock item.
    pub lines: Vec<StockMovedLine>,
}

/// Stock moved in the books without a sale: it was delivered or counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockMovedV2 {
    /// The store.
    pub branch_id: BranchId,
    /// The receipt or count.
    pub document_id: Uuid,
    /// Why.
    pub reason: StockMoveReason,
    /// When, by the centre's clock.
    pub moved_at: Timestamp,
    /// What moved, one line for each stock item.
    pub lines: Vec<StockMovedLine>,
}

/// Why stock moves without a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum StockMoveReason {
    /// It was delivered.
    Receipt,
    /// It was counted.
    Count,
}

/// The id of the fact that a receipt or count moved stock: `<document>:stock.moved`.
pub fn id_from_document(document_id: Uuid) -> String {
    format!("{document_id}:{}", FactKind::StockMoved)
}

/// One stock item of a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockMovedLine {
    /// Which.
    pub stock_item_id: StockItemId,
    /// The place in this item's own ledger at this branch: 1, 2, 3, …
    pub stock_no: u64,
    /// By how much; negative when sold.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub delta: Decimal,
    /// What is left after it; may be negative.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub level_after: Decimal,
    /// What it is counted in.
    pub unit: String,
}

/// Something was booked that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionRaisedV1 {
    /// UUID v5 of its cause and kind.
    pub exception_id: ExceptionId,
    /// The store.
    pub branch_id: BranchId,
    /// Why.
    pub kind: ExceptionKind,
    /// The journal of the entry that caused it, or the edge that it concerns.
    pub edge_id: EdgeId,
    /// That entry; 0 if no entry caused it, but what the centre found by itself.
    pub entry_seq: u64,
    /// The sale, where it concerns one.
    pub sale_id: Option<SaleId>,
    /// The ticket, where it concerns one.
    pub ticket_id: Option<TicketId>,
    /// In words, with the figures.
    pub detail: String,
    /// When the entry was recorded, or the centre found it.
    pub at: Timestamp,
}

/// An entry was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventQuarantinedV1 {
    /// The journal.
    pub edge_id: EdgeId,
    /// The entry.
    pub entry_seq: u64,
    /// What it would have told.
    pub kind: String,
    /// The store.
    pub branch_id: BranchId,
    /// A code: `INVALID_PAYLOAD`, `DATA_ERROR`, `FUTURE_VERSION`, `BEHIND`.
    pub reason: String,
    /// In words.
    pub detail: String,
    /// When the entry was recorded.
    pub at: Timestamp,
}

/// Somebody should notice something. Best effort; the same key is the same
/// notification, however often it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationRaisedV1 {
    /// UUID v5 of key and request.
    pub notification_id: NotificationId,
    /// `VOID_APPROVAL_NEEDED:{branch}:{sale}`, `VOID_APPROVED:{branch}:{sale}` or
    /// `VOID_REJECTED:{branch}:{sale}`.
    pub key: String,
    /// The store.
    pub branch_id: BranchId,
    /// Whom it is for; `null` is every manager and admin of the store.
    pub staff_id: Option<StaffId>,
    /// The request that it is about.
    pub void_request_id: VoidRequestId,
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// When the entry was recorded.
    pub at: Timestamp,
}

/// The direct door refused a sale, for good: its ticket never becomes one. What
/// comes under the same ticket with another payload is refused by itself and
/// changes nothing of the ticket's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleRefusedV1 {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The ticket.
    pub ticket_id: TicketId,
    /// The hash of what was asked for under it.
    pub request_hash: Sha256Hash,
    /// Who was to buy, if known.
    pub customer_id: Option<CustomerId>,
    /// A stable code, e.g. `no_open_session`, `credit_limit_exceeded`.
    pub code: String,
    /// In words.
    pub detail: String,
    /// When, by the centre's clock.
    pub at: Timestamp,
}

/// The id of the fact that a request under a ticket was refused: the same request
/// gives the same id.
pub fn id_from_refusal(tenant: TenantId, ticket: &TicketId, request: Sha256Hash) -> String {
    format!("{tenant}:{ticket}:{request}:{}", FactKind::SaleRefused)
}
