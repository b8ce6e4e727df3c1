//! Entries that could not be booked, as back offices see them.

use schemas::{
    BranchId, EdgeId, TenantId, Timestamp,
    back_office::{QuarantineRow, QuarantineState},
};
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8, unsigned, word},
};

/// Which entries are listed.
#[derive(Debug, Clone, Default)]
pub struct QuarantineFilter {
    /// Only those of these stores.
    pub branches: Option<Vec<BranchId>>,
    /// Only those that stand so.
    pub state: Option<QuarantineState>,
    /// Those after this one, in the order of journal and place.
    pub after: Option<(EdgeId, u64)>,
    /// At most so many.
    pub limit: u32,
}

/// Entries of a company that are or were in quarantine, in the order of journal and
/// place.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn quarantined(
    conn: &mut Conn,
    tenant: TenantId,
    filter: &QuarantineFilter,
) -> Result<Vec<QuarantineRow>, Error> {
    let (edge, seq) = filter.after.unwrap_or((EdgeId::from_uuid(Uuid::nil()), 0));
    let branches = filter.branches.as_deref().map(|ids| column(ids, |id| id.as_uuid()));
    sqlx::query!(
        "SELECT edge_id, seq, branch_id, kind, reason, detail, state, quarantined_at, settled_at
         FROM quarantine
         WHERE tenant_id = $1 AND (edge_id, seq) > ($2, $3)
           AND ($4::uuid[] IS NULL OR branch_id = ANY($4)) AND ($5::text IS NULL OR state = $5)
         ORDER BY edge_id, seq LIMIT $6",
        tenant.as_uuid(),
        edge.as_uuid(),
        int8(seq),
        branches.as_deref(),
        filter.state.map(QuarantineState::as_str),
        i64::from(filter.limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(QuarantineRow {
            edge_id: row.edge_id.into(),
            seq: unsigned("quarantine.seq", row.seq)?,
            branch_id: row.branch_id.into(),
            kind: row.kind,
            reason: row.reason,
            detail: row.detail,
            state: word("quarantine.state", &row.state)?,
            since: row.quarantined_at.into(),
            settled_at: row.settled_at.map(Timestamp::from),
        })
    })
    .collect()
}
