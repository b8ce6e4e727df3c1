//! Cash sessions.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CashMovementId, CashSessionId, Currency, DeviceId, Khr, SaleId, StaffId, TicketId, Timestamp,
    Usd,
    events::{
        ClosedVoid, DrawerCount, LateSale, PaidKind, SaleStatus, SessionReport, TenderMethod,
    },
};

/// Opens a cash session: `POST /v1/cash-sessions`, with `Idempotency-Key`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCashSession {
    /// The till.
    pub device_id: DeviceId,
    /// Whose session.
    pub staff_id: StaffId,
    /// Dollars in the drawer.
    pub opening_float_usd: Usd,
    /// Riel in the drawer.
    pub opening_float_khr: Khr,
}

/// A cash session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CashSession {
    /// Its id.
    pub cash_session_id: CashSessionId,
    /// The till.
    pub device_id: DeviceId,
    /// Whose it is.
    pub staff_id: StaffId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Dollars in the drawer at that time.
    pub opening_float_usd: Usd,
    /// Riel in the drawer at that time.
    pub opening_float_khr: Khr,
}

/// Puts money into a drawer or takes some out:
/// `POST /v1/cash-sessions/{id}/movements`, with `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveCash {
    /// Which way.
    pub kind: PaidKind,
    /// In which currency.
    pub currency: Currency,
    /// How much: above zero whichever way, in whole cents or riel.
    #[schema(value_type = String, example = "5.00")]
    pub amount: Decimal,
    /// Why: 1 to 500 characters.
    pub reason: String,
}

/// Money that was paid in or out: the answer to [`MoveCash`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CashMoved {
    /// The movement.
    pub movement_id: CashMovementId,
    /// The session.
    pub cash_session_id: CashSessionId,
    /// Which way.
    pub kind: PaidKind,
    /// In which currency.
    pub currency: Currency,
    /// How much, above zero.
    #[schema(value_type = String)]
    pub amount: Decimal,
    /// Why.
    pub reason: String,
    /// Who.
    pub moved_by: StaffId,
    /// When.
    pub moved_at: Timestamp,
}

/// What moves money in a drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MovementKind {
    /// Kept of a cash sale: received − change.
    SaleCash,
    /// Given back for a void.
    RefundCash,
    /// Paid in.
    PaidIn,
    /// Paid out.
    PaidOut,
}

/// One row of `GET /v1/cash-sessions/{id}/movements`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CashMovement {
    /// The entry that moved it.
    pub seq: i64,
    /// What moved it.
    pub kind: MovementKind,
    /// In which currency.
    pub currency: Currency,
    /// How much, never negative: the kind says which way.
    #[schema(value_type = String)]
    pub amount: Decimal,
    /// The ticket of the sale, where it is one's.
    pub ticket_id: Option<TicketId>,
    /// Why, where it is no sale's.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A page of a drawer's movements, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovementPage {
    /// The movements.
    pub movements: Vec<CashMovement>,
    /// Pass as `before` for the next page; `null` on the last.
    pub next_before: Option<i64>,
}

/// Counts and closes a drawer: `POST /v1/cash-sessions/{id}/close`, with
/// `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseCashSession {
    /// Dollars counted.
    pub counted_usd: Usd,
    /// Riel counted.
    pub counted_khr: Khr,
}

/// A session so far: `GET /v1/cash-sessions/{id}/x`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct XReport {
    /// The session.
    pub cash_session_id: CashSessionId,
    /// Its till.
    pub device_id: DeviceId,
    /// The sums.
    #[serde(flatten)]
    pub report: SessionReport,
    /// Requests to void that are undecided; a close would reject them.
    pub pending_voids: u64,
    /// Tills that were not heard from lately: they may hold sales of before.
    pub silent_devices: Vec<DeviceId>,
}

/// The Z report of a closed session: what the close answered, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZReport {
    /// The session.
    pub cash_session_id: CashSessionId,
    /// The till it was closed on.
    pub device_id: DeviceId,
    /// Who closed it.
    pub closed_by: StaffId,
    /// When.
    pub closed_at: Timestamp,
    /// The sums.
    pub z: SessionReport,
    /// What was counted, with the differences.
    pub counted: DrawerCount,
    /// Requests to void that the close rejected.
    pub rejected_voids: Vec<ClosedVoid>,
    /// Tills that were not heard from lately: a sale of theirs may still come,
    /// as a supplement.
    pub silent_devices: Vec<DeviceId>,
}

/// A Z report and what came after it: `GET /v1/cash-sessions/{id}/z`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZWithSupplements {
    /// The report, byte for byte as the close answered it.
    pub report: ZReport,
    /// Sales that were completed before the close and came after it, by number.
    pub supplements: Vec<Supplement>,
}

/// A sale that came after the close of its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Supplement {
    /// Its number, and when it came.
    #[serde(flatten)]
    pub late: LateSale,
    /// The ticket.
    pub ticket_id: TicketId,
    /// The sale.
    pub sale_id: SaleId,
    /// When it was completed.
    pub finalized_at: Timestamp,
    /// How it was paid.
    pub method: TenderMethod,
    /// In which currency.
    pub currency: Currency,
    /// What was kept: received − change.
    #[schema(value_type = String)]
    pub amount: Decimal,
    /// Its total, in dollars.
    pub grand_total_usd: Usd,
    /// The VAT in it.
    pub vat_usd: Usd,
    /// Where the sale stands.
    pub sale_status: SaleStatus,
}
