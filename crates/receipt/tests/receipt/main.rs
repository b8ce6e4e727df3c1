//! What is on a receipt, in every form and language.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod sample;

#[cfg(feature = "escpos")]
mod decoded;
#[cfg(feature = "escpos")]
mod escpos;
mod html;
mod model;
