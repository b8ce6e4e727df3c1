//! How far a store is, and up to when it is complete.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BranchId, DeviceId, EdgeId, Timestamp,
    requests::{OutageReport, StorageReport},
};

/// What a store is to the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// The books have all that its edge said it has.
    Level,
    /// Some of it is on its way.
    Sending,
    /// Its edge has not been heard for a while: nobody knows what it sold since.
    Silent,
    /// Its edge was never heard.
    NeverHeard,
    /// The books do not believe its edge until a person has looked.
    Held,
}

/// What keeps a store from being complete up to a later moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoundBy {
    /// The newest proof: the edge was not heard since, or what it has is on its way.
    Proof,
    /// A till that was not heard from since, and may hold sales of its own.
    Till,
    /// An entry that is set aside.
    SetAside,
    /// A sale without its number.
    Unnumbered,
    /// A box that was replaced, and had more than the books.
    OlderBox,
}

/// `GET /v1/branches/{branch}/completeness`. Figures of the edge are those of its last
/// word, and `null` if it was never heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Completeness {
    /// The store.
    pub branch_id: BranchId,
    /// Its company's name.
    pub company: String,
    /// Its name.
    pub store: String,
    /// Its active edge.
    pub edge_id: EdgeId,
    /// What it is to the centre.
    pub state: StoreState,
    /// Entries that its edge said it has.
    pub journaled: Option<u64>,
    /// Entries that the books have.
    pub confirmed: u64,
    /// Sales that have their number.
    pub numbered: u64,
    /// When the oldest entry was recorded that the books do not have.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// T: every sale that the store captured up to then is in the books and has its
    /// number, which is proved. `null`: nobody knows. By the centre's clock.
    pub complete_up_to: Option<Timestamp>,
    /// What keeps T from being later.
    pub bound_by: BoundBy,
    /// The till, if it is one.
    pub bound_by_till: Option<DeviceId>,
    /// When the edge was last heard, by the centre's clock.
    pub last_heard_at: Option<Timestamp>,
    /// How long ago that is, in seconds.
    pub last_heard_seconds_ago: Option<u64>,
    /// Why the books hold the edge, if they do.
    pub held: Option<String>,
    /// By how much the centre's clock is ahead of the edge's, in microseconds, short of
    /// the way of one answer.
    pub clock_ahead_us: Option<i64>,
    /// The daemon's version.
    pub software_version: Option<String>,
    /// Room on the edge's disk.
    pub storage: Option<StorageReport>,
    /// Used ÷ capacity: at 1 new sales are refused.
    #[schema(value_type = Option<String>, example = "0.0371")]
    pub storage_used: Option<Decimal>,
    /// What the store's outages came to.
    pub outages: Option<OutageReport>,
    /// Finalized ÷ attempted while the line was down; `null` before the first attempt.
    #[schema(value_type = Option<String>, example = "1.0000")]
    pub success_rate: Option<Decimal>,
}
