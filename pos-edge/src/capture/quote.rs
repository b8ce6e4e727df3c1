//! What a cart costs now.

use schemas::edge_api::{Cart, Quote};

use super::{CaptureError, catalogue};
use crate::journal::Journal;

/// Prices a cart with the catalogue in use. Nothing is kept.
///
/// # Errors
/// [`CaptureError::NoCatalogue`] or [`CaptureError::Cart`].
pub fn quote(journal: &Journal, cart: &Cart) -> Result<Quote, CaptureError> {
    let catalogue = catalogue(journal)?;
    let priced = domain::pricing::price(&catalogue.index, cart, journal.now())
        .map_err(CaptureError::cart)?;
    Ok(Quote { catalogue: catalogue.reference, totals: priced.totals })
}
