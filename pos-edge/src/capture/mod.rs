//! From what a till asks to what the journal keeps.
//!
//! Pricing and writing down happen here, beside the journal's writer, with the
//! catalogue in use; the writer then decides by ticket and session, in the
//! transaction. A retry is answered from what was stored, whatever the
//! catalogue or the clock say by now: the answer is made from the stored
//! payload alone, so it has the same bytes each time.

mod acts;
mod amounts;
mod complete_fact;
mod finalize_sale;
mod idempotency;
mod open_cash_session;
mod quote;
mod receipt;

use std::sync::Arc;

use domain::{charged::ShownError, pricing::PricingError, tender::TenderError};
use schemas::{DeviceId, Entry, StaffId, Usd};

use crate::{
    journal::{CatalogueInUse, Journal, JournalError, Refusal},
    khqr::KhqrError,
};

pub use acts::{
    approve_void, close_cash_session, move_cash, move_order, reject_void, request_void,
};
pub use complete_fact::{
    Completed, Decided, FactBrought, accept_held, before, complete_fact, figures_of_fact,
    reject_held,
};
pub use finalize_sale::{SaleAsked, finalize_sale};
pub use idempotency::request_hash;
pub use open_cash_session::open_cash_session;
pub use quote::quote;
pub use receipt::{receipt, z_report};

/// The answer to a request that captures something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// JSON, the same bytes for every retry.
    pub body: Vec<u8>,
    /// Whether an earlier request captured it.
    pub replayed: bool,
}

/// Why nothing was captured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// This edge never had a catalogue.
    #[error("this edge has no catalogue yet: it needs its line once, to fetch one")]
    NoCatalogue,
    /// The till is not one of this branch.
    #[error("device_id: till {0} is not in this branch's catalogue")]
    UnknownDevice(DeviceId),
    /// The person may not sell here.
    #[error("staff_id: {0} may not sell in this branch")]
    UnknownStaff(StaffId),
    /// The counted float is no amount of money.
    #[error("{field}: {amount} cannot be in a drawer: {rule}")]
    InvalidFloat {
        /// Which.
        field: &'static str,
        /// What was sent.
        amount: String,
        /// What it must be.
        rule: &'static str,
    },
    /// The amount is none that can be counted or moved.
    #[error("{field}: {amount} is not possible: {rule}")]
    InvalidAmount {
        /// Which.
        field: &'static str,
        /// What was sent.
        amount: String,
        /// What it must be.
        rule: &'static str,
    },
    /// The reason or note is missing or too long.
    #[error("{field}: {rule}")]
    InvalidText {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// The cart cannot be priced.
    #[error("{field}: {error}")]
    Cart {
        /// Where in the cart.
        field: String,
        /// Why.
        error: PricingError,
    },
    /// The figures are not those that the till showed.
    #[error(
        "the till showed {shown} USD in all, and it comes to {now} USD now; show the customer \
         the new figures"
    )]
    FiguresChanged {
        /// What the customer was told.
        shown: Usd,
        /// What it comes to.
        now: Usd,
    },
    /// What the till showed cannot be a sale.
    #[error("shown.{0}")]
    Shown(ShownError),
    /// The tender does not pay for it.
    #[error("tender: {0}")]
    Tender(TenderError),
    /// It cannot be paid by KHQR.
    #[error(transparent)]
    Khqr(KhqrError),
    /// It is larger than an entry may be.
    #[error("the sale takes {bytes} bytes; at most {} fit an entry", Entry::MAX_PAYLOAD_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The journal refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What is stored cannot be read as what it must be.
    #[error("what is stored cannot be read: {0}")]
    Unreadable(String),
}

impl From<JournalError> for CaptureError {
    fn from(error: JournalError) -> Self {
        Self::Refused(error.into())
    }
}

impl CaptureError {
    /// Of a request in which the cart is a field of its own.
    pub(crate) fn within_cart(error: PricingError) -> Self {
        match Self::cart(error) {
            Self::Cart { field, error } => Self::Cart { field: format!("cart.{field}"), error },
            other => other,
        }
    }

    fn cart(error: PricingError) -> Self {
        let line =
            |line_no: u16, field: &str| format!("lines[{}].{field}", line_no.saturating_sub(1));
        let field = match &error {
            PricingError::UnknownItem { line_no, .. } => line(*line_no, "menu_item_id"),
            PricingError::UnknownAddOn { line_no, .. }
            | PricingError::RepeatedAddOn { line_no, .. }
            | PricingError::TooManyAddOns { line_no, .. } => line(*line_no, "add_on_ids"),
            PricingError::EmptyCart
            | PricingError::TooManyLines { .. }
            | PricingError::TooExpensive => "lines".to_owned(),
        };
        Self::Cart { field, error }
    }
}

fn catalogue(journal: &Journal) -> Result<Arc<CatalogueInUse>, CaptureError> {
    journal.catalogue().borrow().clone().ok_or(CaptureError::NoCatalogue)
}
