//! Everything in the books that the finalizing of entries decides, comparable
//! whatever the books are made of.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uuid::Uuid;

/// The books, as text where a type would add nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Edge → seq, hash, held.
    pub cursors: BTreeMap<Uuid, (i64, Vec<u8>, bool)>,
    /// Edge, seq → hash.
    pub entries: BTreeMap<(Uuid, i64), Vec<u8>>,
    /// Ticket → sale, edge, seq.
    pub tickets: BTreeMap<String, (Uuid, Uuid, i64)>,
    /// Sale → ticket, seq, total, status.
    pub sales: BTreeMap<Uuid, (String, i64, Decimal, String)>,
    /// Order → sale, status.
    pub orders: BTreeMap<Uuid, (Uuid, String)>,
    /// Handed order → sale, and the entry that accepted it.
    pub handovers: BTreeMap<Uuid, (Uuid, Option<(Uuid, i64)>)>,
    /// Session → status.
    pub sessions: BTreeMap<Uuid, String>,
    /// Session → seq and payload of its close.
    pub reports: BTreeMap<Uuid, (i64, Vec<u8>)>,
    /// Late sale → session, number.
    pub supplements: BTreeMap<Uuid, (Uuid, i64)>,
    /// Request → sale, status.
    pub requests: BTreeMap<Uuid, (Uuid, String)>,
    /// Movement → session, amount, kind.
    pub cash: BTreeMap<Uuid, (Uuid, Decimal, String)>,
    /// Branch, item, no → delta, level after, seq.
    pub ledger: BTreeMap<(Uuid, Uuid, i64), (Decimal, Decimal, i64)>,
    /// Branch, item → level, no.
    pub levels: BTreeMap<(Uuid, Uuid), (Decimal, i64)>,
    /// Id → kind, seq.
    pub exceptions: BTreeMap<Uuid, (String, i64)>,
    /// Edge, seq → reason, about, waiting.
    pub quarantine: BTreeMap<(Uuid, i64), (String, Vec<Uuid>, bool)>,
    /// Sale → md5 and hash of its KHQR proof.
    pub proofs: BTreeMap<Uuid, (String, String)>,
    /// KHQR code → the sale that claims it.
    pub claims: BTreeMap<String, Uuid>,
    /// Branch → fact ids in their order.
    pub facts: BTreeMap<Uuid, Vec<String>>,
    /// Branch → sales in the order in which they get their numbers.
    pub queue: BTreeMap<Uuid, Vec<Uuid>>,
    /// Branch → actions, activities and entries in their order.
    pub audit: BTreeMap<Uuid, Vec<(String, String, i64)>>,
}
