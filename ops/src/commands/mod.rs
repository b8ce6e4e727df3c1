//! The commands of `tillstream`, one module each.

pub mod up;

pub mod backup;
pub mod bench;
pub mod centre;
pub mod drive;
pub mod edge;
pub mod edge_replace;
pub mod journal;
pub mod quarantine;
pub mod reach;
pub mod rebuild;
pub mod recover;
pub mod replay;
pub mod simulate;
pub mod status;
pub mod token;
pub mod torture;
pub mod verify;
pub mod verify_register;

mod table;

pub(crate) mod output;
