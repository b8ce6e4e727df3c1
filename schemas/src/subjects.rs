//! Subjects: who is speaking about what, readable from the subject alone, so
//! that a broker's permissions can hold each edge to its own.

use std::fmt;

use crate::{BranchId, EdgeId, TenantId, facts::FactKind, ids::InvalidId};

/// The stream of entries on their way up.
pub const POS_STREAM: &str = "POS";
/// The stream of facts on their way down and out.
pub const BOOKS_STREAM: &str = "BOOKS";
/// The key-value bucket of branch catalogues; keys are `<tenant>.<branch>`.
pub const CATALOGUE_BUCKET: &str = "catalogue";
/// The key-value bucket that remembers, outside of Postgres, the highest
/// number of each series; keys are series ids.
pub const REGISTER_BUCKET: &str = "register";
/// Everything on its way up.
pub const POS_ALL: &str = "pos.>";
/// Every fact.
pub const BOOKS_ALL: &str = "books.>";
/// Every request to the centre.
pub const CENTRAL_ALL: &str = "central.*.*.*.*";
/// Core notice: entries were committed and may await numbers.
pub const WAKE_NUMBERING: &str = "wake.numbering";
/// Core notice: the outbox holds facts to relay.
pub const WAKE_RELAY: &str = "wake.relay";
/// Core notice: submissions at the direct door were decided; the body is the list
/// of their ids.
pub const DOOR_SETTLED: &str = "door.settled";

/// How many shards entries are spread over. One worker at a time holds a
/// shard; a branch stays in its shard for good, so this is fixed at enrolment.
pub const DEFAULT_SHARDS: u16 = 4;

/// The shard of a branch: FNV-1a (64 bit) over the ids' bytes, modulo `shards`.
/// Computed by us so that it does not depend on a broker's own hashing.
pub fn shard_of(tenant: TenantId, branch: BranchId, shards: u16) -> u16 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in tenant.as_uuid().as_bytes().iter().chain(branch.as_uuid().as_bytes()) {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    }
    let shard = hash % u64::from(shards.max(1));
    u16::try_from(shard).unwrap_or(0)
}

/// Where an edge publishes: `pos.<shard>.<tenant>.<branch>.<edge>.<kind…>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PosSubject {
    /// The branch's shard.
    pub shard: u16,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that speaks.
    pub edge_id: EdgeId,
    /// The entry's kind; may be one from the future.
    pub kind: String,
}

impl PosSubject {
    /// The one filter of a shard's consumer.
    pub fn shard_filter(shard: u16) -> String {
        format!("pos.{shard}.>")
    }

    /// Reads a subject back.
    ///
    /// # Errors
    /// [`InvalidId`] if it is not of this form.
    pub fn parse(subject: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { what: "pos subject", why: "it has another form".to_owned() };
        let mut parts = subject.splitn(6, '.');
        let mut next = || parts.next().ok_or_else(invalid);
        if next()? != "pos" {
            return Err(invalid());
        }
        Ok(Self {
            shard: next()?.parse().map_err(|_| invalid())?,
            tenant_id: next()?.parse()?,
            branch_id: next()?.parse()?,
            edge_id: next()?.parse()?,
            kind: next()?.to_owned(),
        })
    }
}

impl fmt::Display for PosSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shard, tenant_id, branch_id, edge_id, kind } = self;
        write!(f, "pos.{shard}.{tenant_id}.{branch_id}.{edge_id}.{kind}")
    }
}

/// Where a fact is published: `books.<tenant>.<branch>.<fact…>`.
pub fn fact(tenant: TenantId, branch: BranchId, fact: FactKind) -> String {
    format!("books.{tenant}.{branch}.{fact}")
}

/// Every fact of a branch.
pub fn branch_facts(tenant: TenantId, branch: BranchId) -> String {
    format!("books.{tenant}.{branch}.>")
}

/// The catalogue bucket's key of a branch.
pub fn catalogue_key(tenant: TenantId, branch: BranchId) -> String {
    format!("{tenant}.{branch}")
}

/// Core notice to an edge: how far the books are with its journal.
pub fn confirmed(edge: EdgeId) -> String {
    format!("edge.{edge}.confirmed")
}

/// Core notice to an edge: the centre has something for it, so that it asks at once
/// by a heartbeat. Its body is empty.
pub fn wake_edge(edge: EdgeId) -> String {
    format!("edge.{edge}.wake")
}

/// Core notice to whoever holds a shard: the direct door holds submissions for it.
pub fn wake_door(shard: u16) -> String {
    format!("wake.door.{shard}")
}

/// Every `invoice.assigned` of every company.
pub const ALL_NUMBERS: &str = "books.*.*.invoice.assigned";

/// What an edge may ask of the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CentralRequest {
    /// `HeartbeatV1` → `HeartbeatReplyV1`.
    Heartbeat,
    /// `MappingRequestV1` → `MappingReplyV1`.
    Mapping,
    /// empty → the branch's `CatalogueV1` bytes.
    Catalogue,
    /// empty → `StockSnapshotV1`.
    Stock,
    /// `FactsRequestV1` → `FactsReplyV1`.
    Facts,
    /// `KhqrIntentV1` → `KhqrIntentReplyV1`.
    KhqrIntent,
    /// `KhqrCheckV1` → `KhqrCheckReplyV1`.
    KhqrCheck,
    /// `RegisterRowsV1` → `RegisterRowsReplyV1`.
    Register,
    /// `AdoptRequestV1` → `AdoptReplyV1`.
    Adopt,
    /// `KnownRequestV1` → `KnownReplyV1`.
    Known,
}

impl CentralRequest {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Heartbeat,
        Self::Mapping,
        Self::Catalogue,
        Self::Stock,
        Self::Facts,
        Self::KhqrIntent,
        Self::KhqrCheck,
        Self::Register,
        Self::Adopt,
        Self::Known,
    ];

    /// The last token of the subject.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Mapping => "mapping",
            Self::Catalogue => "catalogue",
            Self::Stock => "stock",
            Self::Facts => "facts",
            Self::KhqrIntent => "khqr_intent",
            Self::KhqrCheck => "khqr_check",
            Self::Register => "register",
            Self::Adopt => "adopt",
            Self::Known => "known",
        }
    }
}

/// A request's subject: `central.<tenant>.<branch>.<edge>.<what>`. The subject
/// says who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CentralSubject {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that asks.
    pub edge_id: EdgeId,
    /// What it asks.
    pub what: CentralRequest,
}

impl CentralSubject {
    /// Reads a subject back.
    ///
    /// # Errors
    /// [`InvalidId`] if it is not of this form.
    pub fn parse(subject: &str) -> Result<Self, InvalidId> {
        let invalid =
            || InvalidId { what: "central subject", why: "it has another form".to_owned() };
        let parts: Vec<&str> = subject.split('.').collect();
        let ["central", tenant, branch, edge, what] = parts.as_slice() else {
            return Err(invalid());
        };
        Ok(Self {
            tenant_id: tenant.parse()?,
            branch_id: branch.parse()?,
            edge_id: edge.parse()?,
            what: CentralRequest::ALL
                .into_iter()
                .find(|known| known.as_str() == *what)
                .ok_or_else(invalid)?,
        })
    }
}

impl fmt::Display for CentralSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant_id, branch_id, edge_id, what } = self;
        write!(f, "central.{tenant_id}.{branch_id}.{edge_id}.{}", what.as_str())
    }
}
