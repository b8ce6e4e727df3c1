//! The edge through the door that a till uses: HTTP, a real journal on a real
//! disk, and no line at all.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod store;

mod crash;
mod damage;
mod openapi;
mod problems;
mod receipts;
mod refused;
mod room;
mod selling;
mod sessions;
mod shelves;
mod tickets;
mod watching;
