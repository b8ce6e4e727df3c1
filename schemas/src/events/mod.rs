//! What an edge's journal tells, one file for each event. The payload of an
//! entry is one of these as JSON.

mod cash_session_opened;
mod order_status_changed;
mod sale_finalized;

pub use cash_session_opened::CashSessionOpenedV1;
pub use order_status_changed::{OrderStatus, OrderStatusChangedV1};
pub use sale_finalized::{
    AppliedDiscount, CategoryRef, ChosenAddOn, DeductionLine, DiscountSnapshot, KhqrProof,
    KhrRoundingSnapshot, SaleFinalizedV1, SaleLine, SaleStatus, SaleType, Tender, TenderMethod,
    VatSnapshot,
};
