//! Facts that have their place, with their bodies: what the relay publishes and
//! what consumers refetch, byte for byte the same.
//!
//! A fact's body is its own, or the payload of the entry that it repeats, or
//! the invoice's row as JSON ([`InvoiceAssignedV1`], always the same bytes).

use std::collections::HashMap;

use schemas::{
    BranchId, EdgeId, SeriesId, TenantId, Timestamp, facts::InvoiceAssignedV1, requests::FactV1,
};
use serde_json::value::RawValue;

use crate::{Conn, Error, columns, invoices};

/// A fact with its place and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedFact {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The place among the branch's facts: 1, 2, 3, …
    pub fact_seq: u64,
    /// Derived from its cause.
    pub fact_id: String,
    /// What it tells.
    pub kind: String,
    /// The version of the body's schema.
    pub schema_version: u16,
    /// The edge whose entry caused it, if one did.
    pub edge_id: Option<EdgeId>,
    /// When what it tells happened.
    pub occurred_at: Timestamp,
    /// JSON. `None` if the books do not hold what it repeats: damage.
    pub body: Option<Vec<u8>>,
}

impl PlacedFact {
    /// The fact as it is handed out by request.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if its body is missing or no JSON.
    pub fn into_reply(self) -> Result<FactV1, Error> {
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt("fact.body", why);
        let body = self.body.ok_or_else(|| corrupt(&format!("{} has none", self.fact_id)))?;
        let body = String::from_utf8(body).map_err(|error| corrupt(&error))?;
        Ok(FactV1 {
            fact_seq: self.fact_seq,
            fact_id: self.fact_id,
            kind: self.kind,
            schema_version: self.schema_version,
            occurred_at: self.occurred_at,
            edge_id: self.edge_id,
            body: RawValue::from_string(body).map_err(|error| corrupt(&error))?,
        })
    }
}

/// Some facts of one branch that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The store.
    pub branch_id: BranchId,
    /// Those after this place.
    pub after_seq: u64,
    /// At most so many.
    pub most: u32,
}

/// The facts of one branch after `after_seq`, in order: at most `limit` and
/// about `max_bytes` of bodies, but at least one if there is one.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn after(
    conn: &mut Conn,
    branch_id: BranchId,
    after_seq: u64,
    limit: u32,
    max_bytes: u64,
) -> Result<Vec<PlacedFact>, Error> {
    after_each(conn, &[Wanted { branch_id, after_seq, most: limit }], max_bytes).await
}

/// The same for several branches at once, in the order wanted; `max_bytes` is
/// for all of them together.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn after_each(
    conn: &mut Conn,
    wanted: &[Wanted],
    max_bytes: u64,
) -> Result<Vec<PlacedFact>, Error> {
    let branch_ids: Vec<_> = wanted.iter().map(|wanted| wanted.branch_id.as_uuid()).collect();
    let after_seqs: Vec<_> = wanted.iter().map(|wanted| columns::int8(wanted.after_seq)).collect();
    let most: Vec<_> = wanted.iter().map(|wanted| i64::from(wanted.most)).collect();
    let rows = sqlx::query_file!(
        "src/sql/facts_after.sql",
        &branch_ids,
        &after_seqs,
        &most,
        columns::int8(max_bytes),
    )
    .fetch_all(&mut *conn)
    .await?;

    let (series_ids, nos): (Vec<_>, Vec<_>) = rows
        .iter()
        .filter(|row| row.body.is_none())
        .filter_map(|row| row.series_id.zip(row.invoice_no))
        .unzip();
    let mut invoices = invoice_bodies(conn, &series_ids, &nos).await?;

    rows.into_iter()
        .map(|row| {
            let invoice = row.series_id.map(SeriesId::from).zip(row.invoice_no);
            Ok(PlacedFact {
                tenant_id: row.tenant_id.into(),
                branch_id: row.branch_id.into(),
                fact_seq: columns::unsigned("outbox.first_seq", row.fact_seq)?,
                fact_id: row.fact_id,
                kind: row.kind,
                schema_version: columns::narrow(
                    "outbox.schema_versions",
                    i64::from(row.schema_version),
                )?,
                edge_id: row.edge_id.map(EdgeId::from),
                occurred_at: row.occurred_at.into(),
                body: row.body.or_else(|| invoices.remove(&invoice?)),
            })
        })
        .collect()
}

/// The bodies of `invoice.assigned` for these places of the register.
async fn invoice_bodies(
    conn: &mut Conn,
    series_ids: &[uuid::Uuid],
    nos: &[i64],
) -> Result<HashMap<(SeriesId, i64), Vec<u8>>, Error> {
    if nos.is_empty() {
        return Ok(HashMap::new());
    }
    invoices::at(conn, series_ids, nos)
        .await?
        .into_iter()
        .map(|invoice| {
            let place = (invoice.series_id, columns::int8(invoice.no));
            Ok((place, invoice_body(&invoice)?))
        })
        .collect()
}

/// The body of the fact that this invoice was assigned.
///
/// # Errors
/// [`Error::Corrupt`] if it cannot be written as JSON.
pub fn invoice_body(invoice: &InvoiceAssignedV1) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(invoice).map_err(|error| Error::corrupt("invoice", error))
}

/// The newest `fact_seq` of a branch; 0 before the first.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn head(conn: &mut Conn, branch_id: BranchId) -> Result<u64, Error> {
    let head = sqlx::query_scalar!(
        "SELECT last_seq FROM fact_head WHERE branch_id = $1",
        branch_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    columns::unsigned("fact_head.last_seq", head.unwrap_or(0))
}
