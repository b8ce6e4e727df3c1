//! The centre's HTTP API: what back offices and other clients send and get.
//! Money is a decimal string.

mod access;
mod catalogue;
mod completeness;
mod numbering;
mod oddities;
mod page;
mod quarantine;
mod registers;
mod reports;
mod sales;
mod sessions;
mod stock;
mod voids;

pub use access::{BadScope, Scope};
pub use catalogue::{
    CatalogueVersionRow, CompanyCatalogues, CompanyDiscounts, DeviceRow, PairingCode, PutCategory,
    PutDevice, PutDiscount, PutMenuItem, PutStaff, PutStockItem, SetPin, StaffRow,
};
pub use completeness::{BoundBy, Completeness, StoreState};
pub use numbering::Numbering;
pub use oddities::{AuditRow, ExceptionRow};
pub use page::Page;
pub use quarantine::{
    DecisionState, DiscardEntry, QuarantineDecision, QuarantineDecisionRow, QuarantineRow,
    QuarantineState, QuarantinedEntry,
};
pub use registers::SeriesRow;
pub use reports::{CategorySales, CompanyRow, DaySales, ItemSales, MethodSales, PutTimeZone};
pub use sales::{BranchRow, SaleRow, SaleRowLine, TicketRow};
pub use sessions::{SupplementRow, ZReportRow};
pub use stock::{
    CountedLine, ReceivedLine, StockCount, StockDocument, StockLevelRow, StockReason, StockReceipt,
    StockRow,
};
pub use voids::{
    ApproveVoid, CommandRow, CommandState, RejectVoid, VoidRequestRow, VoidRequestStatus,
};
