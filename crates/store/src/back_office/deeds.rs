//! What back offices did: rows of the audit log that no entry tells of.

use schemas::{BranchId, TenantId, Timestamp, TokenId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Conn, Error, columns::column};

/// Something that a program did with its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// The company.
    pub tenant_id: TenantId,
    /// The stores it concerns; a row for each.
    pub branch_ids: Vec<BranchId>,
    /// What was done: `POLICIES_CHANGED`, …
    pub action: &'static str,
    /// Whose token: the actor.
    pub token_id: TokenId,
    /// To what.
    pub subject_id: Option<Uuid>,
    /// What came of it.
    pub target_id: Option<Uuid>,
    /// When.
    pub at: Timestamp,
    /// More.
    pub meta: Option<serde_json::Value>,
}

/// Adds what was done to the audit log.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn record(conn: &mut Conn, deed: &Deed) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO audit_log (tenant_id, branch_id, action, actor_id, subject_id, target_id,
             occurred_at, meta)
         SELECT $1, b.branch_id, $3, $4, $5, $6, $7, $8::text::jsonb
         FROM unnest($2::uuid[]) AS b (branch_id)",
        deed.tenant_id.as_uuid(),
        &column(&deed.branch_ids, |id: &BranchId| id.as_uuid()),
        deed.action,
        deed.token_id.as_uuid(),
        deed.subject_id,
        deed.target_id,
        OffsetDateTime::from(deed.at),
        deed.meta.as_ref().map(ToString::to_string),
    )
    .execute(conn)
    .await?;
    Ok(())
}
