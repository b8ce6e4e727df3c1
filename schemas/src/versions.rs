//! How an entry's payload is read, whichever version wrote it.
//!
//! A journal keeps what it wrote for good, so every version that was ever
//! published stays readable: it is parsed as the type it was written as and
//! brought up to the newest one here, step by step. Today every kind has only
//! version 1, and nothing is brought up. What this build does not know, a kind
//! or a version from the future, is told apart from what is broken: the former
//! waits for an upgrade, the latter for a person.

use serde::de::DeserializeOwned;

use crate::{
    BranchId, EdgeId, EntryKind, TenantId,
    events::{
        AuditRecordedV1, CashMovedV1, CashSessionClosedV1, CashSessionOpenedV1, CommandRefusedV1,
        EdgeAdoptedV1, ImportConflictedV1, OrderAcceptedV1, OrderStatusChangedV1, SaleFinalizedV1,
        VoidApprovedV1, VoidRejectedV1, VoidRequestedV1,
    },
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
    /// An online order is the store's to make.
    OrderAccepted(Box<OrderAcceptedV1>),
    /// Money moved that no sale moved.
    CashMoved(CashMovedV1),
    /// A drawer was closed.
    CashSessionClosed(Box<CashSessionClosedV1>),
    /// Someone asked to undo a sale.
    VoidRequested(VoidRequestedV1),
    /// A sale was undone.
    VoidApproved(Box<VoidApprovedV1>),
    /// A sale was not undone.
    VoidRejected(VoidRejectedV1),
    /// A command was not carried out.
    CommandRefused(CommandRefusedV1),
    /// Something for the audit log.
    AuditRecorded(AuditRecordedV1),
    /// An edge took over from those before it.
    EdgeAdopted(Box<EdgeAdoptedV1>),
    /// An entry of a former edge could not be imported.
    ImportConflicted(Box<ImportConflictedV1>),
}

impl Event {
    /// The company, store and edge that it says it is of.
    pub fn origin(&self) -> (TenantId, BranchId, EdgeId) {
        macro_rules! of {
            ($($variant:ident),+) => {
                match self {
                    $(Self::$variant(event) => (event.tenant_id, event.branch_id, event.edge_id),)+
                }
            };
        }
        of!(
            CashSessionOpened,
            SaleFinalized,
            OrderStatusChanged,
            OrderAccepted,
            CashMoved,
            CashSessionClosed,
            VoidRequested,
            VoidApproved,
            VoidRejected,
            CommandRefused,
            AuditRecorded,
            EdgeAdopted,
            ImportConflicted
        )
    }
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
    if version == 0 {
        return Err(Unreadable::NoVersion { kind });
    }
    if version > kind.newest_version() {
        let newest = kind.newest_version();
        return Err(Unreadable::FutureVersion { kind, version, newest });
    }
    let event = match kind {
        EntryKind::CashSessionOpened => parse(payload, Event::CashSessionOpened),
        EntryKind::SaleFinalized => parse(payload, Event::SaleFinalized),
        EntryKind::OrderStatusChanged => parse(payload, Event::OrderStatusChanged),
        EntryKind::OrderAccepted => parse(payload, Event::OrderAccepted),
        EntryKind::CashMoved => parse(payload, Event::CashMoved),
        EntryKind::CashSessionClosed => parse(payload, Event::CashSessionClosed),
        EntryKind::VoidRequested => parse(payload, Event::VoidRequested),
        EntryKind::VoidApproved => parse(payload, Event::VoidApproved),
        EntryKind::VoidRejected => parse(payload, Event::VoidRejected),
        EntryKind::CommandRefused => parse(payload, Event::CommandRefused),
        EntryKind::AuditRecorded => parse(payload, Event::AuditRecorded),
        EntryKind::EdgeAdopted => parse(payload, Event::EdgeAdopted),
        EntryKind::ImportConflicted => parse(payload, Event::ImportConflicted),
    };
    event.map_err(|source| Unreadable::Malformed { kind, version, source })
}

fn parse<T: DeserializeOwned>(
    payload: &[u8],
    event: impl FnOnce(T) -> Event,
) -> serde_json::Result<Event> {
    serde_json::from_slice(payload).map(event)
}
