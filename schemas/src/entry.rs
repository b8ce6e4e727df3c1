//! The journal entry: what an edge writes, sends and the books archive.
//!
//! `(edge, seq)` names an entry for good. Its payload is kept and sent as the
//! same bytes; nobody parses and writes it again. How the hash is made is
//! `domain::journal_chain`; how it travels is `bus::entries`.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EdgeId, Sha256Hash, Timestamp, ids::InvalidId};

/// What an entry tells, in the past tense. The version is beside it, because
/// each kind is versioned by itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum EntryKind {
    /// A drawer was opened with a counted float.
    CashSessionOpened,
    /// A sale was completed.
    SaleFinalized,
    /// An order moved on in the kitchen.
    OrderStatusChanged,
    /// An online order is the store's to make.
    OrderAccepted,
    /// Money was put into a drawer or taken out, other than by a sale.
    CashMoved,
    /// A drawer was counted and closed.
    CashSessionClosed,
    /// Someone asked to undo a sale.
    VoidRequested,
    /// A sale was undone.
    VoidApproved,
    /// A sale was not undone.
    VoidRejected,
    /// A command of the centre's was not carried out.
    CommandRefused,
    /// Something for the audit log.
    AuditRecorded,
    /// An edge took over from those before it: its first entry.
    EdgeAdopted,
    /// An entry of a former edge was not imported.
    ImportConflicted,
}

impl EntryKind {
    /// Every kind this build can apply.
    pub const ALL: [Self; 13] = [
        Self::CashSessionOpened,
        Self::SaleFinalized,
        Self::OrderStatusChanged,
        Self::OrderAccepted,
        Self::CashMoved,
        Self::CashSessionClosed,
        Self::VoidRequested,
        Self::VoidApproved,
        Self::VoidRejected,
        Self::CommandRefused,
        Self::AuditRecorded,
        Self::EdgeAdopted,
        Self::ImportConflicted,
    ];

    /// The name in subjects, headers and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CashSessionOpened => "cash.session_opened",
            Self::SaleFinalized => "sale.finalized",
            Self::OrderStatusChanged => "order.status_changed",
            Self::OrderAccepted => "order.accepted",
            Self::CashMoved => "cash.moved",
            Self::CashSessionClosed => "cash.session_closed",
            Self::VoidRequested => "void.requested",
            Self::VoidApproved => "void.approved",
            Self::VoidRejected => "void.rejected",
            Self::CommandRefused => "command.refused",
            Self::AuditRecorded => "audit.recorded",
            Self::EdgeAdopted => "edge.adopted",
            Self::ImportConflicted => "import.conflicted",
        }
    }

    /// The newest schema version this build can apply.
    pub const fn newest_version(self) -> u16 {
        match self {
            Self::CashSessionOpened
            | Self::SaleFinalized
            | Self::OrderStatusChanged
            | Self::OrderAccepted
            | Self::CashMoved
            | Self::CashSessionClosed
            | Self::VoidRequested
            | Self::VoidApproved
            | Self::VoidRejected
            | Self::CommandRefused
            | Self::AuditRecorded
            | Self::EdgeAdopted
            | Self::ImportConflicted => 1,
        }
    }
}

impl FromStr for EntryKind {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| InvalidId {
            what: "entry kind",
            why: format!("{:?} is not known here", text.chars().take(64).collect::<String>()),
        })
    }
}

impl TryFrom<String> for EntryKind {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EntryKind> for String {
    fn from(kind: EntryKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry of an edge's journal, as written and as it travels. The kind is
/// text here: an entry of a kind from the future is still an entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose journal.
    pub edge_id: EdgeId,
    /// The place in it: 1, 2, 3, … without holes.
    pub seq: u64,
    /// The hash of entry `seq - 1`; [`Sha256Hash::ZERO`] for the first.
    pub prev_hash: Sha256Hash,
    /// The hash of this entry, over all of the other fields.
    pub hash: Sha256Hash,
    /// What it tells: an [`EntryKind`]'s name, or one from the future.
    pub kind: String,
    /// The version of the payload's schema, 1 and up.
    pub schema_version: u16,
    /// When the edge wrote it, by its own clock.
    pub recorded_at: Timestamp,
    /// The event as JSON: exactly these bytes, everywhere and for good.
    pub payload: Vec<u8>,
}

impl Entry {
    /// The most that a payload may weigh, in bytes.
    pub const MAX_PAYLOAD_BYTES: usize = 256 * 1024;

    /// The name that appears in logs, message ids and fact ids: `<edge>:<seq>`.
    pub fn name(&self) -> String {
        entry_name(self.edge_id, self.seq)
    }
}

/// The name of an entry: `<edge>:<seq>`.
pub fn entry_name(edge: EdgeId, seq: u64) -> String {
    format!("{edge}:{seq}")
}

impl fmt::Debug for Entry {
    // The payload may hold personal data and stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("edge", &self.edge_id)
            .field("seq", &self.seq)
            .field("kind", &self.kind)
            .field("version", &self.schema_version)
            .field("hash", &self.hash)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}
