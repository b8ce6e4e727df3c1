//! The rules of money and the chains, as tables and as properties.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic where it stands")]

mod sample;

mod cases;
mod catalogue_checks;
mod chains;
mod completeness;
mod deductions;
mod discounts;
mod golden;
mod invoice_series;
mod khqr;
mod khqr_sdk_vectors;
mod odd_input;
mod orders;
mod reprice;
mod rounding;
mod secrets;
mod sessions;
mod tender;
mod totals;
mod voids;
