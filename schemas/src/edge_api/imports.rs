//! A journal as it is exported from one box and imported into another.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{BranchId, EdgeId, Sha256Hash, TenantId, TicketId, Timestamp, requests::JournalHead};

/// The first line of an exported journal. A line for each entry follows, and an
/// [`ExportEnd`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportBegin {
    /// [`Self::FORMAT`].
    pub format: String,
    /// [`Self::VERSION`].
    pub version: u16,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// Whose journal.
    pub edge_id: EdgeId,
    /// When it was exported.
    pub exported_at: Timestamp,
    /// What the first entry follows.
    pub after: JournalHead,
}

impl ExportBegin {
    /// What the file is.
    pub const FORMAT: &str = "tillstream-journal";
    /// Its version.
    pub const VERSION: u16 = 1;
}

/// The last line of an exported journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportEnd {
    /// How many entries there are.
    pub entries: u64,
    /// The last of them.
    pub head: JournalHead,
    /// What is wrong with the next one, if the journal was damaged there.
    pub damaged: Option<String>,
    /// SHA-256 of all lines before this one, with their line ends.
    pub sha256: Sha256Hash,
}

/// An entry of an exported journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedEntry {
    /// The place in the journal.
    pub seq: u64,
    /// Its kind.
    pub kind: String,
    /// The version of its payload.
    pub schema_version: u16,
    /// When it was written, by that edge's clock.
    pub recorded_at: Timestamp,
    /// The hash of the entry before.
    pub prev_hash: Sha256Hash,
    /// Its hash.
    pub hash: Sha256Hash,
    /// The payload, byte for byte, as text.
    pub payload: String,
    /// The ticket, of a sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<TicketId>,
    /// The hash of the request that made the sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_hash: Option<Sha256Hash>,
}

/// `POST /v1/import`: entries of a former edge of this store, in their order. The same
/// again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportEntries {
    /// Whose they are.
    pub edge_id: EdgeId,
    /// The entries; at most [`Self::MAX`].
    pub entries: Vec<ExportedEntry>,
    /// Only say what would become of them.
    #[serde(default)]
    pub dry_run: bool,
}

impl ImportEntries {
    /// The most entries in one request.
    pub const MAX: usize = 100;
}

/// What became of an entry that was to be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportOutcome {
    /// It is an entry of this edge now.
    Imported,
    /// The books, or this edge, have it already.
    Known,
    /// It changes nothing any more, or is nothing that is imported.
    Passed,
    /// What is there already speaks against it: a person has to look.
    Conflict,
}

impl ImportOutcome {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "IMPORTED",
            Self::Known => "KNOWN",
            Self::Passed => "PASSED",
            Self::Conflict => "CONFLICT",
        }
    }
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedEntry {
    /// Which.
    pub seq: u64,
    /// Its kind.
    pub kind: String,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// The entry of this edge that came of it, if one did.
    pub own_seq: Option<u64>,
    /// Its ticket, of a sale.
    pub ticket_id: Option<TicketId>,
    /// Why, where it is not imported.
    pub why: Option<String>,
}

/// The answer to `POST /v1/import`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedEntries {
    /// In the order of the request.
    pub entries: Vec<ImportedEntry>,
}
