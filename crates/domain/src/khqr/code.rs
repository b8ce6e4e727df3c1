//! The code of a cart: priced, locked, and ready to be shown. The same at an edge
//! and at the direct door.

use schemas::{
    Currency, Sha256Hash, TicketId, Timestamp,
    catalogue::CatalogueRef,
    edge_api::{Cart, KhqrCode},
    events::DeductionLine,
};

use super::{KhqrError, Payee, SaleCharge, amount_owed, encode, sale_input};
use crate::{
    catalogue::CatalogueIndex,
    hashing::sha256,
    pricing::{self, Priced, PricingError},
};

/// How long a code can be paid, in microseconds: ten minutes.
pub const PAYABLE_MICROS: i64 = 10 * 60 * 1_000_000;

/// What a code is asked for.
#[derive(Debug, Clone, Copy)]
pub struct CodeAsked<'a> {
    /// The ticket of the sale that it is to pay.
    pub ticket_id: &'a TicketId,
    /// What is sold.
    pub cart: &'a Cart,
    /// What the customer pays in.
    pub currency: Currency,
    /// When it is made: discounts are those of this moment.
    pub created_at: Timestamp,
}

/// Why there is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    /// The catalogue names nobody who is paid.
    #[error("its catalogue names no account")]
    NoAccount,
    /// The cart cannot be priced.
    #[error(transparent)]
    Cart(PricingError),
    /// No code says that.
    #[error(transparent)]
    Refused(KhqrError),
}

/// The code that locks a cart at its price, and what the cart takes from stock.
///
/// # Errors
/// [`NoCode`].
pub fn code_for(
    catalogue: (&CatalogueIndex, CatalogueRef),
    asked: &CodeAsked<'_>,
) -> Result<(KhqrCode, Vec<DeductionLine>), NoCode> {
    let (index, reference) = catalogue;
    let CodeAsked { ticket_id, cart, currency, created_at } = *asked;
    let payee = Payee::from(index.document().khqr.as_ref().ok_or(NoCode::NoAccount)?);
    let Priced { totals, deductions } =
        pricing::price(index, cart, created_at).map_err(NoCode::Cart)?;
    let expires_at = created_at.plus_micros(PAYABLE_MICROS);
    let charge =
        SaleCharge { totals: &totals, ticket_id, currency, terminal_label: None, expires_at };
    let encoded =
        encode(&sale_input(&payee, &charge), created_at.unix_millis()).map_err(NoCode::Refused)?;
    let code = KhqrCode {
        md5: encoded.md5,
        payload: encoded.payload,
        ticket_id: ticket_id.clone(),
        currency,
        amount: amount_owed(&totals, currency),
        to_account_id: payee.account.account_id().to_owned(),
        created_at,
        expires_at,
        catalogue: reference,
        totals,
    };
    Ok((code, deductions))
}

/// The moment at which a code of a ticket is made: after `before`, when the one
/// before it was. Codes say when they were made in whole milliseconds.
pub fn newer_than(now: Timestamp, before: Option<Timestamp>) -> Timestamp {
    const STEP_MICROS: i64 = 1_000;
    before.map_or(now, |before| now.max(before.plus_micros(STEP_MICROS)))
}

/// What makes two carts the same: SHA-256 over their JSON as this program writes it.
pub fn cart_hash(cart: &Cart) -> Sha256Hash {
    // A cart holds no maps and no foreign types; writing it cannot fail.
    sha256(&serde_json::to_vec(cart).unwrap_or_default())
}
