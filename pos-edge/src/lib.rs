//! The edge daemon on a store's LAN: journal, capture, publisher, mapping.
//!
//! It guarantees that a sale it answered is on the disk of this box and will
//! reach the books exactly once, however long the line is down and whenever the
//! process or the machine stops. See [`journal`] for how a sale comes to exist.

pub mod journal;
pub mod sync;
