//! The words tillstream's parts use with each other: ids, the journal entry
//! and its subject, and every versioned event, fact, request and API type.
//!
//! This crate guarantees that a published version never changes: each type
//! ending in `V<n>` has a JSON Schema and golden files under `schemas/`, and a
//! test that fails when either drifts. A change of shape is a new version and
//! an upcast from the old one, never an edit.
//!
//! It holds types and their validation only: no I/O, no rules of business.

pub mod asyncapi;
pub mod back_office;
pub mod catalogue;
pub mod door_api;
pub mod edge_api;
pub mod entry;
pub mod events;
pub mod facts;
pub mod hash;
pub mod ids;
pub mod json;
pub mod money;
pub mod openapi;
pub mod registry;
pub mod requests;
pub mod subjects;
pub mod time;
pub mod versions;

pub use clock::{Clock, ManualClock, SystemClock};
pub use entry::{Entry, EntryKind};
pub use hash::Sha256Hash;
pub use ids::*;
pub use money::{Currency, Khr, Money, Percent, Quantity, Usd};
pub use time::Timestamp;

mod clock;
