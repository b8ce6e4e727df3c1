//! Z reports.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CashSessionId, DeviceId, EdgeId, SaleId, StaffId, TicketId, Timestamp, Usd,
    events::{ClosedVoid, DrawerCount, SessionReport},
};

/// The Z report of a closed session, for good, with what came after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZReportRow {
    /// The session.
    pub cash_session_id: CashSessionId,
    /// The till it was closed on.
    pub device_id: DeviceId,
    /// Who closed it.
    pub closed_by: StaffId,
    /// When.
    pub closed_at: Timestamp,
    /// The journal of the entry that closed it.
    pub edge_id: EdgeId,
    /// That entry.
    pub entry_seq: u64,
    /// The report.
    pub report: SessionReport,
    /// What was counted.
    pub counted: DrawerCount,
    /// Requests to void that the close rejected.
    pub rejected_voids: Vec<ClosedVoid>,
    /// Sales that came after the close; the report is without them.
    pub supplements: Vec<SupplementRow>,
}

/// A sale that came after the close of its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupplementRow {
    /// 1, 2, 3, … in its session.
    pub supplement_no: u64,
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Its total.
    pub grand_total_usd: Usd,
    /// When the store's edge received it.
    pub received_at: Timestamp,
}
