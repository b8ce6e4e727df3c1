//! The commands of `tillstream`, one module each.

pub mod verify;
