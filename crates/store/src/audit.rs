//! The audit log: who did what, when. Rows are only ever added.

use schemas::{BranchId, EdgeId, StaffId, TenantId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

/// A row to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// What was done: `SALE_FINALIZED`, `EVENT_QUARANTINED`, …
    pub action: &'static str,
    /// The key under which the activity feed knows it: `pos.sale.created`, …
    pub activity: Option<&'static str>,
    /// By whom, where a person did it.
    pub actor_id: Option<StaffId>,
    /// On what: the id of the sale, session or order.
    pub subject_id: Option<Uuid>,
    /// What came of it or was used for it: the id of the request or movement.
    pub target_id: Option<Uuid>,
    /// The entry that tells of it.
    pub entry: (EdgeId, u64),
    /// When.
    pub occurred_at: Timestamp,
    /// More, as JSON text.
    pub meta: Option<String>,
}

/// Adds rows.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn append(conn: &mut Conn, rows: &[NewAudit]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO audit_log (tenant_id, branch_id, action, activity, actor_id, subject_id,
             target_id, edge_id, entry_seq, occurred_at, meta)
         SELECT a.tenant_id, a.branch_id, a.action, a.activity, a.actor_id, a.subject_id,
             a.target_id, a.edge_id, a.entry_seq, a.occurred_at, a.meta::jsonb
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[],
                 $7::bigint[], $8::timestamptz[], $9::text[], $10::text[], $11::uuid[])
             AS a (tenant_id, branch_id, action, actor_id, subject_id, edge_id, entry_seq,
                 occurred_at, meta, activity, target_id)",
        &column(rows, |r| r.tenant_id.as_uuid()),
        &column(rows, |r| r.branch_id.as_uuid()),
        &column(rows, |r| r.action) as &[&str],
        &column(rows, |r| r.actor_id.map(Uuid::from)) as &[Option<Uuid>],
        &column(rows, |r| r.subject_id) as &[Option<Uuid>],
        &column(rows, |r| r.entry.0.as_uuid()),
        &column(rows, |r| int8(r.entry.1)),
        &column(rows, |r| OffsetDateTime::from(r.occurred_at)),
        &column(rows, |r| r.meta.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.activity) as &[Option<&str>],
        &column(rows, |r| r.target_id) as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}
