//! The whole system under test, run as it is run in a store and at a
//! headquarters: every service a process of its own, a real Postgres, a real
//! nats-server, and for each store a line that can be cut.
//!
//! A test sells through [`Till`] as a tablet would, breaks something, waits for
//! what must become true, and ends with [`World::books_are_right`]: the same
//! checks that `tillstream verify` makes.

#![expect(clippy::missing_panics_doc, reason = "everything here panics when a test must fail")]

mod centre;
mod door;
mod shop;
mod till;
mod world;

pub use centre::Centre;
pub use door::{DoorAnswer, DoorClient, open_account};
pub use shop::{OldBox, Shop};
pub use till::{Answer, Till, new_ticket};
pub use world::World;
