//! NATS as tillstream uses it: transport, never truth.
//!
//! Guarantees: what was published and whose [`PendingAck`] succeeded was in the
//! stream at that moment; nothing more. A stream may lose it later (a wiped
//! disk, a crash before the broker's own fsync), deliver it twice or out of
//! order. So entries are kept by edges until the *books* confirm them, facts
//! are kept by the books, and every consumer here rebuilds itself: a deleted
//! consumer, a wiped stream or a lost line is waited out, not reported as an
//! end. Nothing here stores anything; a crash at any step loses no data.
//!
//! Subjects and message types are those of `schemas`. This is the only crate
//! that knows `async-nats`.

pub mod catalogue;
pub mod entries;
pub mod facts;
pub mod notices;
pub mod register;
pub mod requests;
pub mod retry;
pub mod topology;

mod connection;
mod error;
mod headers;
mod history;
mod line;
mod publishing;
mod values;

pub use connection::{Bus, Connection, Settings};
pub use error::BusError;
pub use publishing::{PendingAck, wait_all};
