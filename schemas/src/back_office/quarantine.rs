//! Entries that could not be booked, and what a back office decides about them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{BranchId, DecisionId, EdgeId, Timestamp};

/// Where an entry stands that could not be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuarantineState {
    /// It is in the archive and in nothing else.
    Waiting,
    /// It was booked later.
    Released,
    /// It was given up, for good.
    Discarded,
}

impl QuarantineState {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Released => "RELEASED",
            Self::Discarded => "DISCARDED",
        }
    }
}

/// An entry that is or was in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantineRow {
    /// Its journal.
    pub edge_id: EdgeId,
    /// Its place there.
    pub seq: u64,
    /// The store.
    pub branch_id: BranchId,
    /// What it would tell, e.g. `sale.finalized`.
    pub kind: String,
    /// Why it was set aside, as a code: `INVALID_PAYLOAD`, `DATA_ERROR`,
    /// `FUTURE_VERSION`, or `BEHIND` another one about the same.
    pub reason: String,
    /// Why, in words.
    pub detail: String,
    /// Where it stands.
    pub state: QuarantineState,
    /// When it was set aside.
    pub since: Timestamp,
    /// When it was released or given up.
    pub settled_at: Option<Timestamp>,
}

/// An entry in quarantine, with what it tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuarantinedEntry {
    /// Which, and why.
    #[serde(flatten)]
    pub row: QuarantineRow,
    /// When the store wrote it.
    pub recorded_at: Timestamp,
    /// The version of its payload's schema.
    pub schema_version: u16,
    /// The payload as the archive has it: JSON, or text if it is none.
    #[schema(value_type = Object)]
    pub payload: serde_json::Value,
}

/// Gives an entry up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardEntry {
    /// Why, for the audit log: 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// What is decided about an entry in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuarantineDecision {
    /// Book it, and what waits behind it, in order.
    Release,
    /// Give it up for good.
    Discard,
}

impl QuarantineDecision {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "RELEASE",
            Self::Discard => "DISCARD",
        }
    }
}

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DecisionState {
    /// Not carried out yet.
    Waiting,
    /// It was done, once.
    CarriedOut,
    /// It could not be done and changed nothing.
    Refused,
}

/// A decision about an entry in quarantine, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantineDecisionRow {
    /// Which.
    pub decision_id: DecisionId,
    /// The store.
    pub branch_id: BranchId,
    /// The entry's journal.
    pub edge_id: EdgeId,
    /// Its place there.
    pub seq: u64,
    /// What was decided.
    pub decision: QuarantineDecision,
    /// Why it is given up.
    pub reason: Option<String>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Where it stands.
    pub state: DecisionState,
    /// Of a release that was carried out: the entries that it booked, in order.
    pub applied: Option<Vec<u64>>,
    /// Of a release that was carried out: those behind them that wait on, each for a
    /// reason of its own.
    pub still_waiting: Option<Vec<u64>>,
    /// Of one that was refused: why, as a code.
    pub refusal_code: Option<String>,
    /// Why, in words.
    pub refusal_detail: Option<String>,
    /// When it was carried out or refused.
    pub settled_at: Option<Timestamp>,
}
