//! The edge's HTTP API: what a till sends and gets. Money is a decimal string.

mod carts;
mod drafts;
mod held;
mod imports;
mod khqr;
mod notifications;
mod orders;
mod people;
mod problem;
mod sales;
mod sessions;
mod stock;
mod sync;
mod tickets;
mod updates;
mod voids;

pub use carts::{Cart, CartLine, Quote, Totals};
pub use drafts::{Draft, PutDraft};
pub use held::{
    AcceptHeldSale, HeldDecided, HeldSale, HeldSalePage, HeldSaleRow, HeldState, HeldWhy,
    RejectHeldSale,
};
pub use imports::{
    ExportBegin, ExportEnd, ExportedEntry, ImportEntries, ImportOutcome, ImportedEntries,
    ImportedEntry,
};
pub use khqr::{KhqrChecked, KhqrCode, NewKhqr};
pub use notifications::{NotificationPage, NotificationRow};
pub use orders::{MoveOrder, OrderLine, OrderMoved, OrderOrigin, OrderPage, OrderRow};
pub use people::{LogIn, LoggedIn, Me, MeStaff, PairDevice, PairedDevice};
pub use problem::Problem;
pub use sales::{FinalizeSale, SaleReceipt, Shown, TenderOffer};
pub use sessions::{
    CashMoved, CashMovement, CashSession, CloseCashSession, MoveCash, MovementKind, MovementPage,
    OpenCashSession, Supplement, XReport, ZReport, ZWithSupplements,
};
pub use stock::{StockView, StockViewRow};
pub use sync::{LinkState, Standing, SyncStatus};
pub use tickets::{TicketPage, TicketRow, TicketStatus};
pub use updates::Update;
pub use voids::{
    ApproveVoid, RejectVoid, RequestVoid, VoidApproved, VoidDecided, VoidRejected, VoidRequestPage,
    VoidRequestRow, VoidRequestStatus, VoidRequested,
};
