//! Receipts, from stored sales alone.
//!
//! [`Receipt::from_entry`] takes what the journal keeps and, once there is one,
//! the register's number. What comes out says the same in every form: the
//! receipt itself as JSON, [`html`] for a browser's printer, and with the feature
//! `escpos` the bytes for a receipt printer. Every figure is shown as it was
//! stored; nothing is computed again, and nothing is read from live data.
//!
//! Without the feature there is no more in here than text, so that it also
//! compiles for a browser.

pub mod html;
pub mod model;

mod figures;
mod line;
mod paper;
mod view;
mod words;

#[cfg(feature = "escpos")]
pub mod escpos;

pub use line::Line;
pub use model::{Numbered, Payment, Receipt};
pub use paper::Paper;
pub use view::View;
pub use words::Language;
