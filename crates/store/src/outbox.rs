//! The outbox: facts, written in the transaction that made them true. The relay
//! gives them their place among their branch's facts and publishes them.
//!
//! What one transaction tells of one branch is a *run*: one row, whose arrays
//! hold the facts in their order. Nothing here asks whether a fact was told
//! before: effects and cursor commit together, so no cause comes twice.

use std::collections::HashMap;

use schemas::{BranchId, EdgeId, SeriesId, TenantId, Timestamp, facts::FactKind};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

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

/// The most facts in one run: whoever reads one fact reads its whole run.
pub const RUN_FACTS: usize = 500;

/// Enqueues facts: those of each branch in this order.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn enqueue(conn: &mut Conn, facts: &[NewFact]) -> Result<(), Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let runs = runs(facts);
    let facts = runs.concat();
    sqlx::query_file!(
        "src/sql/outbox_enqueue.sql",
        &column(&runs, |run| run[0].tenant_id.as_uuid()),
        &column(&runs, |run| run[0].branch_id.as_uuid()),
        &column(&runs, |run| i32::try_from(run.len()).unwrap_or(i32::MAX)),
        &column(&facts, |f| f.fact_id.as_str()) as &[&str],
        &column(&facts, |f| f.kind.as_str()) as &[&str],
        &column(&facts, |f| i32::from(f.schema_version)),
        &column(&facts, |f| f.entry.map(|entry| entry.0.as_uuid())) as &[Option<Uuid>],
        &column(&facts, |f| f.entry.map(|entry| int8(entry.1))) as &[Option<i64>],
        &column(&facts, |f| f.invoice.map(|invoice| invoice.0.as_uuid())) as &[Option<Uuid>],
        &column(&facts, |f| f.invoice.map(|invoice| int8(invoice.1))) as &[Option<i64>],
        &column(&facts, |f| f.body.as_deref()) as &[Option<&[u8]>],
        &column(&facts, |f| OffsetDateTime::from(f.occurred_at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The facts by branch, in their order, at most [`RUN_FACTS`] together; runs in
/// the order of their first facts.
fn runs(facts: &[NewFact]) -> Vec<Vec<&NewFact>> {
    let mut runs: Vec<Vec<&NewFact>> = Vec::new();
    let mut newest = HashMap::new();
    for fact in facts {
        let run = newest.entry((fact.tenant_id, fact.branch_id)).or_insert(usize::MAX);
        match runs.get_mut(*run) {
            Some(run) if run.len() < RUN_FACTS => run.push(fact),
            _ => {
                *run = runs.len();
                runs.push(vec![fact]);
            }
        }
    }
    runs
}
