//! Companies, their stores, and the edges that may speak for a store.
//!
//! Every function that creates is idempotent by id: the same call again changes
//! nothing. What belongs together (a company and its invoice series, a store
//! and its heads, an edge and its cursor) is made in one transaction, which the
//! caller passes in.

use domain::invoice_series::{self, PLAIN_FORM};
use schemas::{BranchId, EdgeId, SeriesId, TenantId, Timestamp};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Conn, Error, columns, doors};

/// A company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Which.
    pub tenant_id: TenantId,
    /// Its name.
    pub name: String,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Which.
    pub branch_id: BranchId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Its name.
    pub name: String,
}

/// Whether an edge may sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeState {
    /// It is the one epoch of its branch that may.
    Active,
    /// A newer epoch has replaced it.
    Retired,
}

/// One epoch of a store's edge daemon. Door edges ([`crate::doors`]) are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Which.
    pub edge_id: EdgeId,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// 1, 2, 3, … per branch.
    pub epoch: u32,
    /// Whether it may sell.
    pub state: EdgeState,
}

/// Why an edge, store or company could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The id belongs to something else already.
    #[error("{what} {id} exists already and belongs elsewhere")]
    BelongsElsewhere {
        /// `branch` or `edge`.
        what: &'static str,
        /// The id.
        id: Uuid,
    },
    /// The store is not in the books.
    #[error("branch {0} is not in the books")]
    NoSuchBranch(BranchId),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<sqlx::Error> for EnrolError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Creates a company that numbers its invoices in one plain series, which starts
/// before number 1; returns that. Known already: nothing changes.
///
/// # Errors
/// [`Error::Database`].
pub async fn create_tenant(
    conn: &mut Conn,
    tenant_id: TenantId,
    name: &str,
) -> Result<SeriesId, Error> {
    let series_id = invoice_series::series_id(tenant_id, 1, None, None);
    // The shape of the plain form, as `InvoiceForm::shape` gives it.
    sqlx::query!(
        "WITH made AS (
             INSERT INTO tenant (tenant_id, name) VALUES ($1, $2) ON CONFLICT (tenant_id) DO NOTHING
         ), setting AS (
             INSERT INTO numbering_setting (tenant_id, revision, per_branch, yearly, form, shape,
                                            set_by)
             VALUES ($1, 1, false, false, $4, '#', 'the start') ON CONFLICT DO NOTHING
         ), head AS (
             INSERT INTO numbering_head (tenant_id, revision) VALUES ($1, 1) ON CONFLICT DO NOTHING
         )
         INSERT INTO invoice_series (series_id, tenant_id, revision) VALUES ($3, $1, 1)
         ON CONFLICT DO NOTHING",
        tenant_id.as_uuid(),
        name,
        series_id.as_uuid(),
        PLAIN_FORM,
    )
    .execute(conn)
    .await?;
    Ok(series_id)
}

/// Creates a store with its two sequences (mappings and facts), which start
/// before 1. Known already: nothing changes.
///
/// # Errors
/// [`EnrolError::BelongsElsewhere`] if another company has this branch.
pub async fn create_branch(
    conn: &mut Conn,
    tenant_id: TenantId,
    branch_id: BranchId,
    name: &str,
) -> Result<(), EnrolError> {
    // Two new branches of one company wait for each other here: each gets a
    // number of its own.
    sqlx::query!("SELECT FROM tenant WHERE tenant_id = $1 FOR UPDATE", tenant_id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let owner = sqlx::query_scalar!(
        "WITH made AS (
             INSERT INTO branch (branch_id, tenant_id, name, branch_no)
             SELECT $1, $2, $3, 1 + COALESCE(max(branch_no), 0) FROM branch WHERE tenant_id = $2
             ON CONFLICT (branch_id) DO UPDATE SET branch_id = EXCLUDED.branch_id
             RETURNING tenant_id
         ), mapping AS (
             INSERT INTO mapping_head (branch_id) VALUES ($1) ON CONFLICT (branch_id) DO NOTHING
         ), facts AS (
             INSERT INTO fact_head (branch_id, tenant_id) VALUES ($1, $2)
             ON CONFLICT (branch_id) DO NOTHING
         )
         SELECT tenant_id FROM made",
        branch_id.as_uuid(),
        tenant_id.as_uuid(),
        name,
    )
    .fetch_one(conn)
    .await?;
    if owner != tenant_id.as_uuid() {
        let id = branch_id.as_uuid();
        return Err(EnrolError::BelongsElsewhere { what: "branch", id });
    }
    Ok(())
}

/// Enrols an edge as the store's newest epoch, with a cursor before entry 1,
/// and retires the epoch before it. Known already: nothing changes, and it is
/// returned as it stands, also if it has been retired since.
///
/// # Errors
/// [`EnrolError::NoSuchBranch`], or [`EnrolError::BelongsElsewhere`] if the id
/// is another store's edge.
pub async fn enrol_edge(
    conn: &mut Conn,
    tenant_id: TenantId,
    branch_id: BranchId,
    edge_id: EdgeId,
) -> Result<Edge, EnrolError> {
    // Two enrolments at one store wait for each other here.
    sqlx::query_scalar!(
        "SELECT branch_id FROM branch WHERE branch_id = $1 AND tenant_id = $2 FOR UPDATE",
        branch_id.as_uuid(),
        tenant_id.as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(EnrolError::NoSuchBranch(branch_id))?;
    if let Some(known) = edge(conn, edge_id).await? {
        if known.branch_id != branch_id {
            let id = edge_id.as_uuid();
            return Err(EnrolError::BelongsElsewhere { what: "edge", id });
        }
        return Ok(known);
    }
    sqlx::query!(
        "UPDATE edge SET state = 'RETIRED'
         WHERE branch_id = $1 AND kind = 'STORE' AND state = 'ACTIVE'",
        branch_id.as_uuid(),
    )
    .execute(&mut *conn)
    .await?;
    // Whoever books what the direct door takes locks this cursor: its sales after
    // this place are handed over to the new edge.
    let door_seq = sqlx::query_scalar!(
        "SELECT last_seq FROM edge_cursor WHERE edge_id = $1 FOR NO KEY UPDATE",
        doors::door_edge(branch_id).as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let epoch = sqlx::query_scalar!(
        "INSERT INTO edge (edge_id, tenant_id, branch_id, epoch, door_seq)
         SELECT $1, $2, $3, COALESCE(max(epoch), 0) + 1, $4 FROM edge
         WHERE branch_id = $3 AND kind = 'STORE'
         RETURNING epoch",
        edge_id.as_uuid(),
        tenant_id.as_uuid(),
        branch_id.as_uuid(),
        door_seq.unwrap_or_default(),
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!("INSERT INTO edge_cursor (edge_id) VALUES ($1)", edge_id.as_uuid())
        .execute(conn)
        .await?;
    let epoch = columns::narrow("edge.epoch", i64::from(epoch))?;
    Ok(Edge { edge_id, tenant_id, branch_id, epoch, state: EdgeState::Active })
}

/// Puts another box in the place of a store's: enrols `edge_id` as [`enrol_edge`] does and
/// writes into the audit log who replaced which edge by it, and why. What waits for the
/// store's edge (commands, online orders) waits for the new one. Known already: nothing
/// changes. Returns the edge as it stands and the one that it replaced, if this call did.
///
/// # Errors
/// As of [`enrol_edge`].
pub async fn replace_edge(
    conn: &mut Conn,
    (tenant_id, branch_id): (TenantId, BranchId),
    edge_id: EdgeId,
    (by, reason): (&str, &str),
    at: Timestamp,
) -> Result<(Edge, Option<EdgeId>), EnrolError> {
    let known = edge(conn, edge_id).await?.is_some();
    let before = sqlx::query_scalar!(
        "SELECT edge_id FROM edge
         WHERE branch_id = $1 AND kind = 'STORE' AND state = 'ACTIVE' FOR UPDATE",
        branch_id.as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let enrolled = enrol_edge(conn, tenant_id, branch_id, edge_id).await?;
    let Some(before) = before.filter(|_| !known) else { return Ok((enrolled, None)) };
    let meta = json!({ "by": by, "reason": reason, "replaced": before });
    sqlx::query!(
        "WITH replaced AS (UPDATE edge SET replaced_at = $5 WHERE edge_id = $4)
         INSERT INTO audit_log (tenant_id, branch_id, action, subject_id, target_id, occurred_at,
             meta)
         VALUES ($1, $2, 'EDGE_REPLACED', $3, $4, $5, $6::text::jsonb)",
        tenant_id.as_uuid(),
        branch_id.as_uuid(),
        edge_id.as_uuid(),
        before,
        OffsetDateTime::from(at),
        meta.to_string(),
    )
    .execute(conn)
    .await?;
    Ok((enrolled, Some(before.into())))
}

/// Retires the edges of a company: none of them may sell from now on.
///
/// # Errors
/// [`Error::Database`].
pub async fn retire_edges(conn: &mut Conn, tenant_id: TenantId) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE edge SET state = 'RETIRED'
         WHERE tenant_id = $1 AND kind = 'STORE' AND state = 'ACTIVE'",
        tenant_id.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One edge, if it is enrolled.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn edge(conn: &mut Conn, edge_id: EdgeId) -> Result<Option<Edge>, Error> {
    sqlx::query!(
        "SELECT tenant_id, branch_id, epoch, state FROM edge
         WHERE edge_id = $1 AND kind = 'STORE'",
        edge_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        Ok(Edge {
            edge_id,
            tenant_id: row.tenant_id.into(),
            branch_id: row.branch_id.into(),
            epoch: columns::narrow("edge.epoch", i64::from(row.epoch))?,
            state: edge_state(&row.state)?,
        })
    })
    .transpose()
}

/// All edges, by branch and epoch.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn edges(conn: &mut Conn) -> Result<Vec<Edge>, Error> {
    sqlx::query!(
        "SELECT edge_id, tenant_id, branch_id, epoch, state FROM edge WHERE kind = 'STORE'
         ORDER BY branch_id, epoch"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(Edge {
            edge_id: row.edge_id.into(),
            tenant_id: row.tenant_id.into(),
            branch_id: row.branch_id.into(),
            epoch: columns::narrow("edge.epoch", i64::from(row.epoch))?,
            state: edge_state(&row.state)?,
        })
    })
    .collect()
}

fn edge_state(text: &str) -> Result<EdgeState, Error> {
    match text {
        "ACTIVE" => Ok(EdgeState::Active),
        "RETIRED" => Ok(EdgeState::Retired),
        other => Err(Error::corrupt("edge.state", other)),
    }
}

/// All companies, by name.
///
/// # Errors
/// [`Error::Database`].
pub async fn tenants(conn: &mut Conn) -> Result<Vec<Tenant>, Error> {
    let rows = sqlx::query!("SELECT tenant_id, name FROM tenant ORDER BY name, tenant_id")
        .fetch_all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Tenant { tenant_id: row.tenant_id.into(), name: row.name })
        .collect())
}

/// A company's stores, by name.
///
/// # Errors
/// [`Error::Database`].
pub async fn branches(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<Branch>, Error> {
    let rows = sqlx::query!(
        "SELECT branch_id, name FROM branch WHERE tenant_id = $1 ORDER BY name, branch_id",
        tenant_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Branch { branch_id: row.branch_id.into(), tenant_id, name: row.name })
        .collect())
}

/// One store, if it is in the books.
///
/// # Errors
/// [`Error::Database`].
pub async fn branch(conn: &mut Conn, branch_id: BranchId) -> Result<Option<Branch>, Error> {
    let row = sqlx::query!(
        "SELECT tenant_id, name FROM branch WHERE branch_id = $1",
        branch_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Branch { branch_id, tenant_id: row.tenant_id.into(), name: row.name }))
}
