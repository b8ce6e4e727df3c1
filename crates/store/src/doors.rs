//! Door edges: the journals of branches that sell through the direct door. They
//! are in the books themselves and are written by the worker that books them.

use schemas::{BranchId, EdgeId, TenantId};

use crate::{Conn, Error};

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

/// Whether a box in the store sells for a branch.
///
/// # Errors
/// [`Error::Database`].
pub async fn has_store_edge(conn: &mut Conn, branch: BranchId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM edge WHERE branch_id = $1 AND kind = 'STORE'
               AND state = 'ACTIVE') AS "has!""#,
        branch.as_uuid(),
    )
    .fetch_one(conn)
    .await?)
}
