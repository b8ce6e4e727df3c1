//! The outbox: facts, written in the transaction that made them true. The relay
//! gives them their place among their branch's facts and publishes them.

use schemas::{BranchId, EdgeId, SeriesId, TenantId, Timestamp, facts::FactKind};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Conn, Error, columns::int8};

/// A fact to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFact {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// Derived from its cause; unique for good.
    pub fact_id: String,
    /// What it tells.
    pub kind: FactKind,
    /// The version of its body's schema.
    pub schema_version: u16,
    /// The entry that caused it, if one did. Its payload is the body if there
    /// is neither [`Self::body`] nor [`Self::invoice`].
    pub entry: Option<(EdgeId, u64)>,
    /// The invoice it tells of, if it does; the body is made from its row.
    pub invoice: Option<(SeriesId, u64)>,
    /// The body, where it is neither of these.
    pub body: Option<Vec<u8>>,
    /// When what it tells happened.
    pub occurred_at: Timestamp,
}

/// Enqueues facts, in this order.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn enqueue(conn: &mut Conn, facts: &[NewFact]) -> Result<(), Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = facts.iter().map(|f| f.tenant_id.as_uuid()).collect();
    let branches: Vec<Uuid> = facts.iter().map(|f| f.branch_id.as_uuid()).collect();
    let ids: Vec<&str> = facts.iter().map(|f| f.fact_id.as_str()).collect();
    let kinds: Vec<&str> = facts.iter().map(|f| f.kind.as_str()).collect();
    let versions: Vec<i32> = facts.iter().map(|f| i32::from(f.schema_version)).collect();
    let edges: Vec<Option<Uuid>> = facts.iter().map(|f| f.entry.map(|e| e.0.as_uuid())).collect();
    let seqs: Vec<Option<i64>> = facts.iter().map(|f| f.entry.map(|e| int8(e.1))).collect();
    let series: Vec<Option<Uuid>> =
        facts.iter().map(|f| f.invoice.map(|i| i.0.as_uuid())).collect();
    let numbers: Vec<Option<i64>> = facts.iter().map(|f| f.invoice.map(|i| int8(i.1))).collect();
    let bodies: Vec<Option<&[u8]>> = facts.iter().map(|f| f.body.as_deref()).collect();
    let times: Vec<OffsetDateTime> = facts.iter().map(|f| f.occurred_at.into()).collect();
    sqlx::query_file!(
        "src/sql/outbox_enqueue.sql",
        &tenants,
        &branches,
        &ids as &[&str],
        &kinds as &[&str],
        &versions,
        &edges as &[Option<Uuid>],
        &seqs as &[Option<i64>],
        &series as &[Option<Uuid>],
        &numbers as &[Option<i64>],
        &bodies as &[Option<&[u8]>],
        &times,
    )
    .execute(conn)
    .await?;
    Ok(())
}
