//! What an edge's journal tells, one file for each event. The payload of an
//! entry is one of these as JSON.

mod audit_recorded;
mod cash_moved;
mod cash_session_closed;
mod cash_session_opened;
mod command_refused;
mod edge_adopted;
mod imports;
mod order_accepted;
mod order_status_changed;
mod sale_finalized;
mod voids;

pub use audit_recorded::{AuditAction, AuditRecordedV1, DraftAudit};
pub use cash_moved::{CashMovedV1, PaidKind};
pub use cash_session_closed::{
    CashSessionClosedV1, ClosedVoid, DrawerCount, DrawerSums, MethodSums, SessionReport,
};
pub use cash_session_opened::CashSessionOpenedV1;
pub use command_refused::CommandRefusedV1;
pub use edge_adopted::{EdgeAdoptedV1, FormerEdge};
pub use imports::{ImportConflictedV1, ImportedFrom};
pub use order_accepted::{OrderAcceptedV1, OrderedLine};
pub use order_status_changed::{OrderStatus, OrderStatusChangedV1};
pub use sale_finalized::{
    AppliedDiscount, CategoryRef, ChosenAddOn, DeductionLine, DiscountSnapshot, KhqrProof,
    KhrRoundingSnapshot, LateSale, SaleFinalizedV1, SaleLine, SaleStatus, SaleType, Tender,
    TenderMethod, VatSnapshot,
};
pub use voids::{VoidApprovedV1, VoidRejectedV1, VoidRequestedV1};
