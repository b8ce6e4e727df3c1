//! How an entry's payload is read, whichever version wrote it.
//!
//! A journal keeps what it wrote for good, so every version that was ever
//! published stays readable: it is parsed as the type it was written as and
//! brought up to the newest one here, step by step. Today every kind has only
//! version 1, and nothing is brought up. What this build does not know, a kind
//! or a version from the future, is told apart from what is broken: the former
//! waits for an upgrade, the latter for a person.

use crate::{
    EntryKind,
    events::{CashSessionOpenedV1, OrderStatusChangedV1, SaleFinalizedV1},
};

/// What an entry tells, in the newest version of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A drawer was opened.
    CashSessionOpened(CashSessionOpenedV1),
    /// A sale was completed.
    SaleFinalized(Box<SaleFinalizedV1>),
    /// An order moved on.
    OrderStatusChanged(OrderStatusChangedV1),
}

/// A payload that this build cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The kind is not known here; it may come with an upgrade.
    #[error("entries of kind {kind:?} are not known to this version")]
    UnknownKind {
        /// The kind, cut to 64 characters.
        kind: String,
    },
    /// The version is not known here; it may come with an upgrade.
    #[error("{kind} version {version} is newer than {newest}, the newest known to this version")]
    FutureVersion {
        /// The kind.
        kind: EntryKind,
        /// Its version.
        version: u16,
        /// The newest that this build can read.
        newest: u16,
    },
    /// Versions start at 1.
    #[error("{kind} has no version 0")]
    NoVersion {
        /// The kind.
        kind: EntryKind,
    },
    /// The payload is not what its kind and version say.
    #[error("the payload is no {kind} version {version}")]
    Malformed {
        /// The kind.
        kind: EntryKind,
        /// Its version.
        version: u16,
        /// Where it is wrong.
        source: serde_json::Error,
    },
}

/// Reads a payload of a kind and version as the newest version of that kind.
///
/// # Errors
/// [`Unreadable::UnknownKind`] and [`Unreadable::FutureVersion`] for what is
/// from the future, the others for what is broken.
pub fn read(kind: &str, version: u16, payload: &[u8]) -> Result<Event, Unreadable> {
    let Ok(kind) = kind.parse::<EntryKind>() else {
        return Err(Unreadable::UnknownKind { kind: kind.chars().take(64).collect() });
    };
    let event = match (kind, version) {
        (_, 0) => return Err(Unreadable::NoVersion { kind }),
        (EntryKind::CashSessionOpened, 1) => {
            serde_json::from_slice(payload).map(Event::CashSessionOpened)
        }
        (EntryKind::SaleFinalized, 1) => serde_json::from_slice(payload).map(Event::SaleFinalized),
        (EntryKind::OrderStatusChanged, 1) => {
            serde_json::from_slice(payload).map(Event::OrderStatusChanged)
        }
        _ => {
            let newest = kind.newest_version();
            return Err(Unreadable::FutureVersion { kind, version, newest });
        }
    };
    event.map_err(|source| Unreadable::Malformed { kind, version, source })
}
