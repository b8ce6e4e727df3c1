//! The rules of money and the chains, as tables and as properties.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic where it stands")]

mod sample;

mod catalogue_checks;
mod chains;
mod deductions;
mod discounts;
mod golden;
mod khqr;
mod khqr_sdk_vectors;
mod odd_input;
mod reprice;
mod rounding;
mod secrets;
mod tender;
mod totals;
