//! KHQR at the till: a code for a priced, locked cart; whether it was paid; and
//! what a sale that is paid by it is made of.
//!
//! What is guaranteed:
//! - A till gets a code only after the centre has written it down, so that no
//!   customer pays a code that nobody knows of. It needs the line, and says so at
//!   once when there is none ([`KhqrError::NeedsLine`]).
//! - A code locks its cart: what is sold is what was priced then, whatever the
//!   catalogue says later. Another cart needs another code, which supersedes it.
//! - The amount comes from the cart. Nobody types it.
//! - A confirmation finalizes nothing: it is kept on this edge's disk, and the
//!   cashier finalizes, with a line or without ([`locked`]).
//!
//! A crash between the centre's answer and this edge's disk leaves a code that no
//! till was shown, or a payment that the next tap hears of again.

mod check;
mod code;
mod turns;

use domain::khqr::KhqrError as CodeError;
use schemas::{
    TicketId,
    edge_api::{Cart, Totals},
    events::{DeductionLine, KhqrProof},
};

use crate::{
    capture::CaptureError,
    journal::{HeldCode, Journal, JournalError, Refusal},
    sync::Centre,
};

pub use check::check;
pub use code::make;

use turns::Turns;

/// What KHQR works with.
pub struct Khqr {
    centre: Centre,
    /// Requests under one key go one after the other, so that a retry meets the
    /// first.
    keys: Turns,
    /// Codes of a ticket are made one after the other, so that its newest is the
    /// same here and at the centre.
    tickets: Turns,
}

impl Khqr {
    /// Asks this centre.
    pub fn new(centre: Centre) -> Self {
        Self { centre, keys: Turns::default(), tickets: Turns::default() }
    }
}

/// A cart that was locked by a code, and paid.
#[derive(Debug, Clone)]
pub struct LockedSale {
    /// The figures, as they were priced.
    pub totals: Totals,
    /// What it takes from stock.
    pub deductions: Vec<DeductionLine>,
    /// What it was priced with.
    pub catalogue: schemas::catalogue::CatalogueRef,
    /// What was paid in.
    pub currency: schemas::Currency,
    /// The proof of the payment.
    pub proof: KhqrProof,
}

/// The cart that the code of a ticket locked, if the code was paid and `cart` is
/// that cart.
///
/// # Errors
/// [`CaptureError::Khqr`] if it is not, or the storage's.
pub async fn locked(
    journal: &Journal,
    ticket: &TicketId,
    cart: &Cart,
) -> Result<LockedSale, CaptureError> {
    let held = journal.khqr_of_ticket(ticket.clone()).await?;
    let HeldCode { code, cart_hash, deductions, confirmed, .. } =
        held.ok_or(KhqrError::NotConfirmed("it has no code yet"))?;
    if cart_hash != domain::khqr::cart_hash(cart) {
        return Err(KhqrError::CartChanged.into());
    }
    let paid = confirmed.ok_or(KhqrError::NotConfirmed("no payment of its code is known yet"))?;
    Ok(LockedSale {
        totals: code.totals,
        deductions,
        catalogue: code.catalogue,
        currency: code.currency,
        proof: KhqrProof {
            khqr_md5: code.md5,
            khqr_hash: paid.khqr_hash,
            khqr_to_account_id: paid.to_account_id,
            khqr_confirmed_at: paid.confirmed_at,
            khqr_priced_at: Some(code.created_at),
        },
    })
}

/// Why there is no code, no answer or no sale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KhqrError {
    /// There is no line, or the centre does not answer.
    #[error("KHQR needs the line, and {0}; take cash, or try again")]
    NeedsLine(String),
    /// The store has nobody who is paid by KHQR, or the centre nobody to ask.
    #[error("this store takes no KHQR: {0}; take cash")]
    NotSetUp(String),
    /// No code can be made of the cart.
    #[error("no code can be made: {0}")]
    Refused(CodeError),
    /// The ticket is a sale's already.
    #[error("ticket {0} was sold already; mint a new one for this sale")]
    TicketSold(TicketId),
    /// The ticket's code was paid.
    #[error("the code of ticket {0} was paid; complete the sale")]
    AlreadyPaid(TicketId),
    /// There is no such code.
    #[error("there is no such KHQR code in this store")]
    NotFound,
    /// The code is of another till.
    #[error("it is another till's code; a manager or admin may look")]
    NotYours,
    /// The sale is not paid, as far as this edge knows.
    #[error("the sale is not paid by KHQR: {0}; check the payment first")]
    NotConfirmed(&'static str),
    /// The cart is not the one that the code locked.
    #[error("the cart is not the one that the code was made for; make a new code")]
    CartChanged,
    /// The centre said something else than an answer.
    #[error("the centre refused: {0}")]
    Centre(String),
}

impl From<KhqrError> for CaptureError {
    fn from(error: KhqrError) -> Self {
        Self::Khqr(error)
    }
}

/// Why the centre did not answer, for the till.
fn unanswered(error: bus::BusError) -> KhqrError {
    use bus::BusError;
    match error {
        BusError::Disconnected => KhqrError::NeedsLine("there is none right now".to_owned()),
        BusError::NobodyAnswers(_) | BusError::Timeout { .. } => {
            KhqrError::NeedsLine("the centre does not answer".to_owned())
        }
        BusError::Refused { code, text } => match code.as_str() {
            "khqr_not_set_up" => KhqrError::NotSetUp(text),
            "khqr_not_found" => KhqrError::NotFound,
            "busy" | "too_slow" | "books_unavailable" | "broker_unavailable" => {
                KhqrError::NeedsLine("the centre cannot answer right now".to_owned())
            }
            _ => KhqrError::Centre(format!("{text} ({code})")),
        },
        other => KhqrError::Centre(other.to_string()),
    }
}

/// A refusal of the journal's.
fn refused(refusal: impl Into<Refusal>) -> CaptureError {
    CaptureError::Refused(refusal.into())
}

fn failed(error: JournalError) -> CaptureError {
    refused(error)
}
