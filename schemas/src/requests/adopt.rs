//! What an edge that replaces another one asks of the books.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::JournalHead;
use crate::{
    EdgeId, Sha256Hash, TicketId, Timestamp,
    events::{CashSessionOpenedV1, FormerEdge, OrderStatus, SaleStatus},
};

/// A new edge asks for what the books have of its branch's former ones, page by page.
/// The first answer ends what the books take of those edges from the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptRequestV1 {
    /// Sales since then, and those of open sessions; the same in each request.
    pub since: Timestamp,
    /// Where to go on; `null` is the beginning.
    pub place: Option<AdoptPlace>,
}

/// A place in what is adopted: all parts are listed one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptPlace {
    /// The part.
    pub part: AdoptPart,
    /// How many rows of it were given.
    pub after: u64,
}

/// The parts of what is adopted, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdoptPart {
    /// Cash sessions.
    Sessions,
    /// Sales.
    Sales,
    /// Online orders that a former edge accepted.
    OnlineOrders,
    /// Requests to undo sales that are undecided.
    Voids,
    /// Money that moved other than by a sale.
    Movements,
}

/// A page of what is adopted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptReplyV1 {
    /// The former edges, the newest first.
    pub former: Vec<FormerEdge>,
    /// Cash sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<AdoptedSession>,
    /// Sales.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sales: Vec<AdoptedSale>,
    /// Online orders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub online_orders: Vec<AdoptedOrder>,
    /// `void.requested` entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voids: Vec<ArchivedEntry>,
    /// `cash.moved` and `void.approved` entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<ArchivedEntry>,
    /// Where to go on; `null` when this was the last page.
    pub next: Option<AdoptPlace>,
}

/// An entry as the books archived it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedEntry {
    /// Whose journal.
    pub edge_id: EdgeId,
    /// Which epoch of the branch that is: 1, 2, 3, …
    pub epoch: u32,
    /// The place in it.
    pub seq: u64,
    /// The hash of the entry before.
    pub prev_hash: Sha256Hash,
    /// Its hash.
    pub hash: Sha256Hash,
    /// Its kind.
    pub kind: String,
    /// The version of its payload.
    pub schema_version: u16,
    /// When it was written, by that edge's clock.
    pub recorded_at: Timestamp,
    /// The payload, byte for byte.
    #[schemars(with = "serde_json::Value")]
    pub payload: Box<serde_json::value::RawValue>,
}

/// A cash session of a former edge.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptedSession {
    /// How it was opened.
    pub opened: CashSessionOpenedV1,
    /// The entry that closed it, if one did.
    pub closed: Option<ArchivedEntry>,
    /// How many sales came after that.
    pub supplements: u32,
}

/// A sale of a former edge.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptedSale {
    /// Its entry.
    pub entry: ArchivedEntry,
    /// Where it stands.
    pub sale_status: SaleStatus,
    /// Where its order stands.
    pub order_status: OrderStatus,
    /// Since when.
    pub order_changed_at: Timestamp,
}

/// An online order that a former edge accepted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptedOrder {
    /// The entry that accepted it.
    pub entry: ArchivedEntry,
    /// Where it stands.
    pub status: OrderStatus,
    /// Since when.
    pub changed_at: Timestamp,
}

/// An edge that imports asks which entries of another journal, and which tickets, the
/// books have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownRequestV1 {
    /// Whose journal.
    pub edge_id: EdgeId,
    /// Entries of it; at most [`Self::MAX`].
    pub entries: Vec<JournalHead>,
    /// Tickets; at most [`Self::MAX`].
    pub tickets: Vec<TicketId>,
}

impl KnownRequestV1 {
    /// The most entries and tickets in one request.
    pub const MAX: usize = 200;
}

/// What the books have of what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownReplyV1 {
    /// The entries that are archived, with the same hash.
    pub entries: Vec<JournalHead>,
    /// The tickets that are taken.
    pub tickets: Vec<KnownTicket>,
}

/// A ticket that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownTicket {
    /// Which.
    pub ticket_id: TicketId,
    /// The hash of the request that took it.
    pub request_hash: Sha256Hash,
    /// The edge whose entry is its sale.
    pub edge_id: EdgeId,
    /// That entry.
    pub seq: u64,
}
