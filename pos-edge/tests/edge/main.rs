//! The edge through the door that a till uses: HTTP, a real journal on a real
//! disk, and no line at all.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod hands;
mod small_disk;
mod store;

mod access;
mod commands;
mod crash;
mod damage;
mod drafts;
mod drawers;
mod facts;
mod golden_carts;
mod held;
mod https;
mod khqr;
mod late;
mod notices;
mod online_orders;
mod openapi;
mod orders;
mod page;
mod people;
mod problems;
mod pruning;
mod races;
mod receipts;
mod refused;
mod room;
mod selling;
mod sessions;
mod shelves;
mod tickets;
mod voids;
mod watching;
