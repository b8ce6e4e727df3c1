//! The direct door's HTTP API: what clients without an edge send. Money is a
//! decimal string.
//!
//! Every request is a *submission*: kept under its ticket (the
//! `Idempotency-Key`), before any answer, and decided once, for good.

mod refusals;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AddOnId, BranchId, CashSessionId, Currency, CustomerId, DeviceId, InvoiceId, Khr, MenuItemId,
    Money, OrderId, SaleId, StaffId, TicketId, Timestamp, Usd, VoidRequestId,
    edge_api::Cart,
    events::{KhqrProof, OrderStatus, PaidKind},
    requests::Command,
};

pub use refusals::RefusalCode;

/// A submission as it is kept, with its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "request", rename_all = "snake_case")]
pub enum Submission {
    /// A sale.
    Sale(Box<SubmitSale>),
    /// A drawer is opened.
    OpenSession(SubmitSession),
    /// A drawer is counted and closed.
    CloseSession(SubmitClose),
    /// Money is put into a drawer or taken out.
    MoveCash(SubmitCash),
    /// An order moves on.
    MoveOrder(SubmitOrderMove),
    /// A void is asked for.
    RequestVoid(SubmitVoid),
    /// A void is decided.
    DecideVoid(SubmitVoidDecision),
    /// A back office's decision is carried out.
    CarryOut(CarryOut),
}

impl Submission {
    /// The name of its kind in storage.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Sale(_) => "sale",
            Self::OpenSession(_) => "open_session",
            Self::CloseSession(_) => "close_session",
            Self::MoveCash(_) => "move_cash",
            Self::MoveOrder(_) => "move_order",
            Self::RequestVoid(_) => "request_void",
            Self::DecideVoid(_) => "decide_void",
            Self::CarryOut(_) => "carry_out",
        }
    }

    /// The store that it is for.
    pub fn branch_id(&self) -> BranchId {
        match self {
            Self::Sale(request) => request.branch_id,
            Self::OpenSession(request) => request.branch_id,
            Self::CloseSession(request) => request.branch_id,
            Self::MoveCash(request) => request.branch_id,
            Self::MoveOrder(request) => request.branch_id,
            Self::RequestVoid(request) => request.branch_id,
            Self::DecideVoid(request) => request.branch_id,
            Self::CarryOut(request) => request.branch_id,
        }
    }

    /// Whether a paired client completed it while it had no line: a fact then.
    pub fn is_fact(&self) -> bool {
        matches!(self, Self::Sale(sale) if sale.offline.is_some())
    }
}

/// A sale: `POST /pos/sale`, with `Idempotency-Key: <ticketId>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitSale {
    /// The ticket; without it the header is the ticket.
    #[serde(rename = "ticketId", default, skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<TicketId>,
    /// The store that fulfils it.
    pub branch_id: BranchId,
    /// The open session it is sold in. A cash sale needs one, an online order
    /// none.
    #[serde(default)]
    pub cash_session_id: Option<CashSessionId>,
    /// The till; without it that of the session, or the door itself.
    #[serde(default)]
    pub device_id: Option<DeviceId>,
    /// Who sells; without it who opened the session, or the client itself.
    #[serde(default)]
    pub cashier_id: Option<StaffId>,
    /// Who buys. A sale on account needs it: it is charged to their account.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// What is sold.
    pub cart: Cart,
    /// How it is paid.
    pub tender: DoorTender,
    /// Set by a paired client that completed the sale while it had no line: it is
    /// booked whatever speaks against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<CompletedOffline>,
}

/// How a sale at the direct door is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "method", rename_all = "UPPERCASE", deny_unknown_fields)]
pub enum DoorTender {
    /// Notes and coins, into the drawer of the session.
    Cash {
        /// What was handed over.
        received: Money,
    },
    /// On the customer's house account.
    Account,
    /// A KHQR code that the centre knows to be paid.
    Khqr {
        /// md5 of the code's payload.
        md5: String,
        /// In which currency it was paid.
        currency: Currency,
        /// The bank's proof, as the client has it; needed of a sale that was
        /// completed offline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<KhqrProof>,
    },
}

/// Asks for a KHQR code: `POST /pos/khqr`. The amount is the cart's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitKhqr {
    /// The ticket of the sale that it is to pay.
    #[serde(rename = "ticketId")]
    pub ticket_id: TicketId,
    /// The store that fulfils it.
    pub branch_id: BranchId,
    /// What is sold. It is priced now and locked: another cart needs another code.
    pub cart: Cart,
    /// What the customer pays in.
    pub currency: Currency,
}

/// A sale that was completed before it came to the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompletedOffline {
    /// When, by the client's clock.
    pub completed_at: Timestamp,
    /// What the client charged for what is in the cart: it counts where the
    /// store's newest menu says otherwise. Items that are not listed cost what the
    /// menu says.
    #[serde(default)]
    pub charged: Vec<Charged>,
}

/// What one of an item was sold for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Charged {
    /// The item, or the item that the add-on belongs to.
    pub menu_item_id: MenuItemId,
    /// The add-on, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_on_id: Option<AddOnId>,
    /// Its name on the receipt.
    pub name: String,
    /// The price of one, in whole cents.
    pub price_usd: Usd,
}

/// Opens a drawer of a store without an edge: `POST /pos/cash-sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitSession {
    /// The store.
    pub branch_id: BranchId,
    /// The till.
    pub device_id: DeviceId,
    /// Whose session.
    pub staff_id: StaffId,
    /// Dollars in the drawer.
    pub opening_float_usd: Usd,
    /// Riel in the drawer.
    pub opening_float_khr: Khr,
}

/// Counts and closes a drawer: `POST /pos/cash-sessions/close`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitClose {
    /// The store.
    pub branch_id: BranchId,
    /// Which.
    pub cash_session_id: CashSessionId,
    /// Who counted.
    pub staff_id: StaffId,
    /// Dollars counted.
    pub counted_usd: Usd,
    /// Riel counted.
    pub counted_khr: Khr,
}

/// Puts money into a drawer or takes some out: `POST /pos/cash-movements`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitCash {
    /// The store.
    pub branch_id: BranchId,
    /// Which drawer's session.
    pub cash_session_id: CashSessionId,
    /// Who moved it.
    pub staff_id: StaffId,
    /// Which way.
    pub direction: PaidKind,
    /// In which currency.
    pub currency: Currency,
    /// How much, above zero.
    #[schema(value_type = String)]
    pub amount: Decimal,
    /// Why.
    pub reason: String,
}

/// Moves an order: `POST /pos/orders/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitOrderMove {
    /// The store.
    pub branch_id: BranchId,
    /// Which.
    pub order_id: OrderId,
    /// Who moved it.
    pub staff_id: StaffId,
    /// Where it goes.
    pub to: OrderStatus,
}

/// Asks for a void: `POST /pos/voids`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitVoid {
    /// The store.
    pub branch_id: BranchId,
    /// The sale.
    pub sale_id: SaleId,
    /// Who asks.
    pub staff_id: StaffId,
    /// Why.
    pub reason: String,
}

/// Decides a void: `POST /pos/voids/decision`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitVoidDecision {
    /// The store.
    pub branch_id: BranchId,
    /// The request.
    pub void_request_id: VoidRequestId,
    /// Who decides: a manager or an admin.
    pub staff_id: StaffId,
    /// Whether the sale is undone.
    pub approve: bool,
    /// The note of an approval; the reason of a rejection, which needs one.
    #[serde(default)]
    pub note: Option<String>,
}

/// What the back office decided, for a store that has no edge to carry it out. No
/// route of the direct door takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarryOut {
    /// The store.
    pub branch_id: BranchId,
    /// What was decided.
    pub command: Command,
}

/// Opens or changes a customer's house account: `PUT /v1/house-accounts/{customer}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutHouseAccount {
    /// The customer's name.
    pub name: String,
    /// Up to what they may owe.
    pub credit_limit_usd: Usd,
}

/// A customer's house account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HouseAccount {
    /// Whose.
    pub customer_id: CustomerId,
    /// Their name.
    pub name: String,
    /// Up to what they may owe.
    pub credit_limit_usd: Usd,
    /// What they owe.
    pub balance_usd: Usd,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A sale's invoice: the answer of `POST /pos/sale`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoorReceipt {
    /// The invoice.
    pub invoice: DoorInvoice,
    /// The ticket, if the body named one.
    #[serde(rename = "ticketId")]
    pub ticket_id: Option<TicketId>,
}

/// An invoice, as the direct door's clients know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoorInvoice {
    /// Its id.
    pub id: InvoiceId,
    /// The official number.
    pub invoice_no: u64,
    /// Who bought, if known.
    pub customer_id: Option<CustomerId>,
    /// The total, in US cents.
    pub total_cents: i64,
    /// The same as a decimal.
    pub grand_total_usd: Usd,
    /// The same in riel, before rounding.
    pub grand_total_khr: Khr,
    /// The VAT in it.
    pub vat_usd: Usd,
    /// The sale.
    pub sale_id: SaleId,
    /// When the number was assigned.
    pub issued_at: Timestamp,
}

/// Where a submission stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubmissionState {
    /// Kept, not decided yet.
    Pending,
    /// In the books.
    Booked,
    /// Refused, for good.
    Refused,
}

impl SubmissionState {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Booked => "BOOKED",
            Self::Refused => "REFUSED",
        }
    }
}

/// How far a submission is: the 202 of every request, and its status URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionStatus {
    /// Its ticket.
    #[serde(rename = "ticketId")]
    pub ticket_id: TicketId,
    /// Where it stands.
    pub state: SubmissionState,
    /// What it made: the sale, session, movement, order or request.
    pub made_id: Option<uuid::Uuid>,
    /// Where to ask again.
    pub status_url: String,
}
