//! The centre's HTTP API: what back offices and other clients send and get.
//! Money is a decimal string.

mod access;
mod oddities;
mod page;
mod registers;
mod sales;
mod sessions;
mod stock;
mod voids;

pub use access::{BadScope, Scope};
pub use oddities::{AuditRow, ExceptionRow};
pub use page::Page;
pub use registers::SeriesRow;
pub use sales::{BranchRow, SaleRow, SaleRowLine, TicketRow};
pub use sessions::{SupplementRow, ZReportRow};
pub use stock::{StockLevelRow, StockReason, StockRow};
pub use voids::{VoidRequestRow, VoidRequestStatus};
