//! Paying: whether what the customer hands over is enough, and the change.
//!
//! One tender for each sale. Dollars are held against the grand total in
//! dollars and never rounded to riel; riel against the payable riel. Change is
//! given in the currency that was handed over.

use rust_decimal::Decimal;
use schemas::{
    Currency,
    edge_api::{TenderOffer, Totals},
    events::{KhqrProof, Tender, TenderMethod},
};

use crate::{
    khqr::amount_owed,
    money::{USD_DECIMALS, exact_units},
};

/// The most that is taken in one tender, in whole dollars or riel.
pub const MAX_RECEIVED: i64 = 1_000_000_000_000_000;

const KHR_DECIMALS: u32 = 0;

/// A tender that does not pay for the sale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenderError {
    /// Less was handed over than is owed.
    #[error("received {received} {} of {owed} {} owed", currency.code(), currency.code())]
    NotEnough {
        /// What was handed over.
        received: Decimal,
        /// What is owed.
        owed: Decimal,
        /// Of what.
        currency: Currency,
    },
    /// The amount is negative, beyond [`MAX_RECEIVED`], or has decimals that
    /// the currency has no coins for.
    #[error("{received} {} cannot be handed over: {rule}", currency.code())]
    BadAmount {
        /// What was stated.
        received: Decimal,
        /// Of what.
        currency: Currency,
        /// What it must be.
        rule: &'static str,
    },
    /// A KHQR tender without a confirmed payment.
    #[error("a KHQR payment is taken once it is confirmed; make a code, or take cash")]
    KhqrNotTaken,
    /// House accounts are charged at the centre, which knows their limits.
    #[error("a house account is charged through the direct door only; take cash")]
    AccountNotTaken,
    /// A KHQR tender states another amount than the code's, or another currency.
    #[error(
        "the code asks for {owed} {}, not for {received} {}; the amount is never typed",
        currency.code(),
        stated.code()
    )]
    NotTheCode {
        /// What was stated.
        received: Decimal,
        /// In what.
        stated: Currency,
        /// What the code asks for.
        owed: Decimal,
        /// In what.
        currency: Currency,
    },
}

/// Settles a sale with what the customer hands over.
///
/// # Errors
/// [`TenderError`] if it is no cash (see [`settle_khqr`]), no amount of its currency, or less than is
/// owed.
pub fn settle(totals: &Totals, offer: &TenderOffer) -> Result<Tender, TenderError> {
    match offer.method {
        TenderMethod::Cash => {}
        TenderMethod::Khqr => return Err(TenderError::KhqrNotTaken),
        TenderMethod::Account => return Err(TenderError::AccountNotTaken),
    }
    let currency = offer.received.currency;
    let received = received(offer)?;
    let owed = match currency {
        Currency::Usd => totals.grand_total_usd.amount(),
        Currency::Khr => totals.payable_khr.amount(),
    };
    let change = received
        .checked_sub(owed)
        .filter(|change| *change >= Decimal::ZERO)
        .ok_or(TenderError::NotEnough { received, owed, currency })?;
    Ok(Tender { method: TenderMethod::Cash, currency, received, change, khqr: None })
}

/// Takes what was handed over for a sale that was completed already, where no rule can
/// keep it out any more: as [`settle`], but too little is taken as it was, with no
/// change. That it is too little shows when the sale is priced again
/// ([`crate::reprice`]).
///
/// # Errors
/// [`TenderError`] if it is no cash or no amount of its currency.
pub fn settle_fact(totals: &Totals, offer: &TenderOffer) -> Result<Tender, TenderError> {
    match settle(totals, offer) {
        Err(TenderError::NotEnough { received, currency, .. }) => {
            let (method, change) = (TenderMethod::Cash, Decimal::ZERO);
            Ok(Tender { method, currency, received, change, khqr: None })
        }
        settled => settled,
    }
}

/// Settles a sale with a KHQR payment that was confirmed: exactly what the code
/// asks for in its `currency`, with no change.
///
/// # Errors
/// [`TenderError::NotTheCode`] if the offer states anything else.
pub fn settle_khqr(
    totals: &Totals,
    currency: Currency,
    offer: &TenderOffer,
    proof: KhqrProof,
) -> Result<Tender, TenderError> {
    let owed = amount_owed(totals, currency);
    let (received, stated) = (offer.received.amount, offer.received.currency);
    if (offer.method, stated, received) != (TenderMethod::Khqr, currency, owed) {
        return Err(TenderError::NotTheCode { received, stated, owed, currency });
    }
    let (method, change) = (TenderMethod::Khqr, Decimal::ZERO);
    Ok(Tender { method, currency, received: owed, change, khqr: Some(proof) })
}

fn received(offer: &TenderOffer) -> Result<Decimal, TenderError> {
    let (received, currency) = (offer.received.amount, offer.received.currency);
    let (decimals, most, rule) = match currency {
        Currency::Usd => (USD_DECIMALS, MAX_RECEIVED * 100, "dollars have at most 2 decimals"),
        Currency::Khr => (KHR_DECIMALS, MAX_RECEIVED, "riel have no decimals"),
    };
    let bad = |rule| TenderError::BadAmount { received, currency, rule };
    if received < Decimal::ZERO {
        return Err(bad("it is negative"));
    }
    if received > Decimal::from(MAX_RECEIVED) {
        return Err(bad("it is above 1000000000000000"));
    }
    let units = exact_units(received, decimals, 0, most).ok_or_else(|| bad(rule))?;
    Ok(Decimal::new(units, decimals))
}
