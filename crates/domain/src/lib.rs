//! The pure rules: money, pricing, discounts, deductions, tender, KHQR codes, orders,
//! sessions, voids, and the hash chains.
//!
//! This crate guarantees that the same arguments give the same answer on every
//! machine and for good: it does no I/O, reads no clock and draws no random
//! numbers; time and ids are arguments. Figures are exact integers of the
//! smallest unit (cents, riel, thousandths) and every rounding is named where
//! it happens. No input makes it panic or overflow: what lies outside of the
//! stated bounds is an error.

pub mod catalogue;
pub mod completeness;
pub mod pricing;
pub mod tender;

pub mod cash;
pub mod khqr;

pub mod charged;

pub mod reprice;

pub mod orders;
pub mod sale;
pub mod secrets;
pub mod sessions;
pub mod voids;

pub mod invoice_chain;
pub mod invoice_series;
pub mod journal_chain;

mod deductions;
mod discounts;
mod hashing;
mod money;
