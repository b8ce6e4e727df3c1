//! What edges and the centre say to each other directly (NATS request and
//! reply, and core notices). All of it can be lost; all of it is repeated.

mod adopt;
mod khqr;
mod room;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CommandId, CustomerId, DeviceId, EdgeId, OrderId, SaleId, SeriesId, Sha256Hash, StaffId,
    StockItemId, TicketId, Timestamp, Usd, VoidRequestId,
    catalogue::CatalogueRef,
    events::{OrderedLine, SaleType, TenderMethod},
    facts::InvoiceAssignedV1,
};

pub use adopt::{
    AdoptPart, AdoptPlace, AdoptReplyV1, AdoptRequestV1, AdoptedOrder, AdoptedSale, AdoptedSession,
    ArchivedEntry, KnownReplyV1, KnownRequestV1, KnownTicket,
};
pub use khqr::{KhqrCheckReplyV1, KhqrCheckV1, KhqrIntentReplyV1, KhqrIntentV1, KhqrOutcome};
pub use room::{StorageLevel, StorageReport};

/// A place in an edge's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalHead {
    /// The entry's seq; 0 is before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: Sha256Hash,
}

impl JournalHead {
    /// Before the first entry.
    pub const EMPTY: Self = Self { seq: 0, hash: Sha256Hash::ZERO };
}

/// An edge says how it is, every few seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatV1 {
    /// By the edge's clock.
    pub sent_at: Timestamp,
    /// The newest entry of its journal at that moment.
    pub journal_head: JournalHead,
    /// The newest entry it knows to be in the books.
    pub confirmed_seq: u64,
    /// When the oldest unconfirmed entry was recorded.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// Each till that was heard from, and when last.
    pub devices: Vec<DeviceContact>,
    /// The highest contiguous `mapping_seq` it holds.
    pub mapping_seq: u64,
    /// The highest number it holds of each series.
    pub highest_numbers: Vec<HighestNumber>,
    /// Room on its disk.
    pub storage: StorageReport,
    /// The catalogue it prices with.
    pub catalogue: Option<CatalogueRef>,
    /// The daemon's version.
    pub software_version: String,
    /// By how much the centre's clock is ahead of its own at least, in microseconds: the
    /// centre's time in the newest answer less its own when that came. Not known before
    /// the first answer.
    #[serde(default)]
    pub clock_ahead_us: Option<i64>,
    /// What its outages came to, since the daemon started.
    #[serde(default)]
    pub outages: OutageReport,
}

/// What an edge measured of its outages since its daemon started. Durations are in
/// milliseconds, exact to about half a second; the quantiles are of the newest
/// recoveries ([`Self::RECOVERIES`] at most) and `null` before the first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct OutageReport {
    /// Sales that tills asked for while the line was down, each ticket's tries counted
    /// one by one, repeats of a sale that was captured before not.
    pub attempted: u64,
    /// Those of them that were captured.
    pub finalized: u64,
    /// Recoveries that were measured to their end.
    pub recoveries: u64,
    /// From the line's return until the books had what was sold meanwhile: the median.
    pub confirmed_p50_ms: Option<u64>,
    /// Its 99th percentile.
    pub confirmed_p99_ms: Option<u64>,
    /// From the line's return until all of that had its number here: the median.
    pub numbered_p50_ms: Option<u64>,
    /// Its 99th percentile.
    pub numbered_p99_ms: Option<u64>,
}

impl OutageReport {
    /// Recoveries that the quantiles are of.
    pub const RECOVERIES: usize = 100;
}

/// When a till was last heard from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceContact {
    /// Which.
    pub device_id: DeviceId,
    /// When, by the edge's clock.
    pub last_contact_at: Timestamp,
    /// Whether it is no till of the store any more.
    #[serde(default)]
    pub revoked: bool,
}

/// The highest number that somebody has seen of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HighestNumber {
    /// The series.
    pub series_id: SeriesId,
    /// The number.
    pub no: u64,
}

/// The centre's answer to a heartbeat: all that an edge needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatReplyV1 {
    /// By the centre's clock.
    pub server_time: Timestamp,
    /// How far the books are with this edge's journal.
    pub cursor: JournalHead,
    /// Set when the books hold this edge until a person has looked.
    pub held: Option<String>,
    /// Entries of this shard that wait in the stream, as far as known.
    pub shard_backlog: u64,
    /// The newest `mapping_seq` of the branch.
    pub mapping_head: u64,
    /// Entries up to here are in a backup of the books and may be pruned.
    pub prune_watermark: u64,
    /// The newest catalogue of the branch.
    pub catalogue: Option<CatalogueRef>,
    /// What the centre decided and the store is to carry out; each until its
    /// outcome is in the books.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// Online orders that the store is to make; each until its acceptance is in the
    /// books.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<HandedOrder>,
    /// Set while the books must be recovered from an older backup: the edge tells the
    /// register rows that it holds after this `mapping_seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register_after: Option<u64>,
}

/// An online order that is handed over to the store's edge: it was sold at the
/// direct door, and the edge moves it from now on. It does not expire, because it is
/// paid, and it cannot be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandedOrder {
    /// The order. It is accepted once, however often it comes.
    pub order_id: OrderId,
    /// Its sale.
    pub sale_id: SaleId,
    /// The sale's ticket.
    pub ticket_id: TicketId,
    /// How it is consumed.
    pub sale_type: SaleType,
    /// Who ordered, if known.
    pub customer_id: Option<CustomerId>,
    /// How it was paid.
    pub method: TenderMethod,
    /// The sale's total.
    pub grand_total_usd: Usd,
    /// What is to be made.
    pub lines: Vec<OrderedLine>,
    /// When the sale was completed, by the centre's clock.
    pub finalized_at: Timestamp,
}

/// Something that the centre decided and the store carries out, or refuses: the
/// store's own state decides, and its journal tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The command. It is carried out once, however often it comes.
    pub command_id: CommandId,
    /// From when on it is refused instead.
    pub expires_at: Timestamp,
    /// Who decided.
    pub decided_by: StaffId,
    /// About which request to void.
    pub void_request_id: VoidRequestId,
    /// What was decided.
    pub decision: VoidDecision,
}

/// What was decided about a request to void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "verdict", rename_all = "snake_case", deny_unknown_fields)]
pub enum VoidDecision {
    /// Undo the sale.
    Approve {
        /// A remark.
        note: Option<String>,
    },
    /// Leave it.
    Reject {
        /// Why.
        reason: String,
    },
}

/// Core notice from a worker after a commit, to `edge.<edge>.confirmed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedV1 {
    /// How far the books are.
    pub cursor: JournalHead,
    /// Whether the worker saw a hole after the cursor and asks for everything
    /// from `cursor.seq + 1` on again.
    pub resend: bool,
    /// Set when the books hold this edge until a person has looked.
    pub held: Option<String>,
}

/// An edge asks for the invoices it has not heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingRequestV1 {
    /// It holds everything up to here.
    pub after_mapping_seq: u64,
    /// At most this many; the centre caps it at [`Self::MAX_ROWS`].
    pub limit: u32,
}

impl MappingRequestV1 {
    /// The most rows in one reply.
    pub const MAX_ROWS: u32 = 500;
}

/// The invoices that followed, in the order of `mapping_seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingReplyV1 {
    /// Register rows; empty when there are none.
    pub rows: Vec<InvoiceAssignedV1>,
    /// The newest `mapping_seq` of the branch.
    pub head: u64,
}

/// An edge tells which register rows of its branch it holds, because the books were
/// restored from an older backup and ask for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRowsV1 {
    /// As they were issued, in the order of `mapping_seq`; at most
    /// [`MappingRequestV1::MAX_ROWS`].
    pub rows: Vec<InvoiceAssignedV1>,
}

/// What the centre keeps of them until the books are recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRowsReplyV1 {
    /// Tell the rows after this `mapping_seq` next.
    pub register_after: u64,
}

/// The stock of a branch as the books have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StockSnapshotV1 {
    /// By the centre's clock.
    pub as_of: Timestamp,
    /// The levels hold every deduction of the asking edge up to this entry.
    pub edge_seq: u64,
    /// All stock items of the branch that ever moved.
    pub levels: Vec<StockLevel>,
}

/// The level of one stock item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StockLevel {
    /// Which.
    pub stock_item_id: StockItemId,
    /// The newest place in its ledger.
    pub stock_no: u64,
    /// What is left; may be negative.
    #[schemars(with = "String")]
    pub level: Decimal,
}

/// A consumer asks for facts of a branch that it missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactsRequestV1 {
    /// It holds everything up to here.
    pub after_fact_seq: u64,
    /// At most this many; the centre caps it at [`Self::MAX_FACTS`].
    pub limit: u32,
}

impl FactsRequestV1 {
    /// The most facts in one reply; a reply is also cut at half a mebibyte.
    pub const MAX_FACTS: u32 = 200;
}

/// The facts that followed, in the order of `fact_seq`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactsReplyV1 {
    /// The facts; empty when there are none.
    pub facts: Vec<FactV1>,
    /// The newest `fact_seq` of the branch.
    pub head: u64,
    /// Places that directly follow what the consumer holds and that no fact has (any
    /// more): they were given out before the books were restored from a backup. What
    /// was told there is told again at later places, under the same ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<SkippedPlaces>,
}

/// Places that no fact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkippedPlaces {
    /// The first.
    pub first: u64,
    /// The last; the facts go on after it.
    pub last: u64,
}

/// One fact, outside of the stream.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactV1 {
    /// The place among the branch's facts: 1, 2, 3, …
    pub fact_seq: u64,
    /// Derived from its cause.
    pub fact_id: String,
    /// What it tells.
    pub kind: String,
    /// The version of the body's schema.
    pub schema_version: u16,
    /// When what it tells happened.
    pub occurred_at: Timestamp,
    /// The edge whose entry caused it, if one did.
    pub edge_id: Option<EdgeId>,
    /// The body, byte for byte as in the stream.
    #[schemars(with = "serde_json::Value")]
    #[schema(value_type = Object)]
    pub body: Box<serde_json::value::RawValue>,
}
