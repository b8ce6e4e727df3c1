//! The edge daemon on a store's LAN: journal, capture, publisher, mapping.
//!
//! It guarantees that a sale it answered is on the disk of this box and will
//! reach the books exactly once, however long the line is down and whenever the
//! process or the machine stops. See [`journal`] for how a sale comes to exist
//! and [`sync`] for how it reaches the books.

pub mod api;
pub mod capture;
pub mod drafts;
pub mod https;
pub mod journal;
pub mod khqr;
pub mod page;
pub mod people;
pub mod printer;
pub mod sync;

mod enrol;
mod fresh_id;
mod run;
mod settings;
mod shifted_clock;
mod standing;

pub use enrol::{enrol, enrol_replacement};
pub use run::{Running, run, start};
pub use settings::{Limits, ReceiptSettings, Settings};
pub use shifted_clock::{ShiftedClock, TORTURE};
pub use standing::Standing;
