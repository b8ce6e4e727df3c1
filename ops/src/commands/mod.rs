//! The commands of `tillstream`, one module each.

pub mod up;

pub mod bench;
pub mod drive;
pub mod edge;
pub mod edge_replace;
pub mod journal;
pub mod quarantine;
pub mod reach;
pub mod simulate;
pub mod status;
pub mod token;
pub mod verify;
pub mod verify_register;

mod table;

pub(crate) mod output;
