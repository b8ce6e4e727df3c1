//! Door edges: the journals of branches that sell through the direct door. They
//! are in the books themselves and are written by the worker that books them.

use schemas::{BranchId, EdgeId, TenantId};

use crate::{Conn, Error, columns::column};

/// The door edge of a branch: its id derives from the branch's.
pub fn door_edge(branch: BranchId) -> EdgeId {
    EdgeId::derived(branch.as_uuid(), "direct-door")
}

/// Makes the door edge of a branch, with its cursor before entry 1. It is there
/// already: nothing changes.
///
/// # Errors
/// [`Error::Database`]; a violated foreign key if there is no such branch.
pub async fn ensure(conn: &mut Conn, tenant: TenantId, branch: BranchId) -> Result<(), Error> {
    let edge = door_edge(branch).as_uuid();
    sqlx::query!(
        "INSERT INTO edge (edge_id, tenant_id, branch_id, epoch, kind)
         VALUES ($1, $2, $3, 1, 'DIRECT') ON CONFLICT DO NOTHING",
        edge,
        tenant.as_uuid(),
        branch.as_uuid(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("INSERT INTO edge_cursor (edge_id) VALUES ($1) ON CONFLICT DO NOTHING", edge)
        .execute(conn)
        .await?;
    Ok(())
}

/// The boxes in the stores that sell for these branches: at most one for each.
///
/// # Errors
/// [`Error::Database`].
pub async fn store_edges(
    conn: &mut Conn,
    branches: &[BranchId],
) -> Result<Vec<(BranchId, EdgeId)>, Error> {
    if branches.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        "SELECT branch_id, edge_id FROM edge
         WHERE branch_id = ANY($1) AND kind = 'STORE' AND state = 'ACTIVE'",
        &column(branches, |id| id.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.branch_id.into(), row.edge_id.into())).collect())
}
