//! `tillstream replay` and `tillstream rebuild`: handling entries again, feeding new
//! consumers, filling lost streams.
//!
//! How far a replay is stands in one small file in the data directory, written whole
//! or not at all after each step, so that one that was interrupted or killed goes on
//! with `--resume`. Nothing depends on it: a replay that begins anew changes nothing
//! that the one before it did.

pub mod books;
pub mod forward;
pub mod rebuild;
pub mod stream;

pub(crate) mod progress;
mod state;

pub use state::{Saved, StateFile};
