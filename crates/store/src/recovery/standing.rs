//! How far the edges are with telling the books again what they lost, and what a
//! person must look at afterwards.

use schemas::{BranchId, EdgeId, TenantId, Timestamp, requests::JournalHead};

use crate::{
    Conn, Error,
    columns::{column, digest, unsigned},
};

/// A store's active edge, as the books know it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeStanding {
    /// Which.
    pub edge_id: EdgeId,
    /// Its company.
    pub tenant_id: TenantId,
    /// Its store.
    pub branch_id: BranchId,
    /// The store's name.
    pub store: String,
    /// How far the books are with its journal.
    pub cursor: JournalHead,
    /// Why it is held, if it is.
    pub held: Option<String>,
    /// When it was heard last, by the clock of who heard it.
    pub heard_at: Option<Timestamp>,
    /// The newest entry that it said it has.
    pub journal_seq: u64,
    /// The newest `mapping_seq` that it said it holds.
    pub mapping_seq: u64,
    /// The newest one of the branch that the books hold, or that it told the row of.
    pub told_seq: u64,
}

/// The active edges of stores of these companies, by id.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn edges(conn: &mut Conn, tenants: &[TenantId]) -> Result<Vec<EdgeStanding>, Error> {
    sqlx::query!(
        r#"SELECT e.edge_id, e.tenant_id, e.branch_id, b.name, c.last_seq, c.head_hash,
                  c.held_reason, h.received_at AS "received_at?",
                  COALESCE(h.journal_seq, 0) AS "journal_seq!",
                  COALESCE(h.mapping_seq, 0) AS "mapping_seq!",
                  GREATEST(COALESCE(m.last_seq, 0), COALESCE((
                      SELECT max(w.mapping_seq) FROM register_witness w
                      WHERE w.branch_id = e.branch_id AND w.source = e.edge_id::text), 0))
                      AS "told_seq!"
           FROM edge e JOIN branch b USING (branch_id) JOIN edge_cursor c USING (edge_id)
           LEFT JOIN edge_heartbeat h USING (edge_id)
           LEFT JOIN mapping_head m ON m.branch_id = e.branch_id
           WHERE e.kind = 'STORE' AND e.state = 'ACTIVE' AND e.tenant_id = ANY ($1)
           ORDER BY e.edge_id"#,
        &column(tenants, |tenant| tenant.as_uuid()),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(EdgeStanding {
            edge_id: row.edge_id.into(),
            tenant_id: row.tenant_id.into(),
            branch_id: row.branch_id.into(),
            store: row.name,
            cursor: JournalHead {
                seq: unsigned("edge_cursor.last_seq", row.last_seq)?,
                hash: digest("edge_cursor.head_hash", &row.head_hash)?,
            },
            held: row.held_reason,
            heard_at: row.received_at.map(Timestamp::from),
            journal_seq: unsigned("edge_heartbeat.journal_seq", row.journal_seq)?,
            mapping_seq: unsigned("edge_heartbeat.mapping_seq", row.mapping_seq)?,
            told_seq: unsigned("register_witness.mapping_seq", row.told_seq)?,
        })
    })
    .collect()
}

/// The branches of these companies that sell through the direct door alone: no edge
/// keeps their numbers.
///
/// # Errors
/// [`Error::Database`].
pub async fn doors_alone(conn: &mut Conn, tenants: &[TenantId]) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar!(
        "SELECT b.name FROM branch b
         WHERE b.tenant_id = ANY ($1)
           AND EXISTS (SELECT FROM edge e WHERE e.branch_id = b.branch_id AND e.kind = 'DIRECT')
           AND NOT EXISTS (SELECT FROM edge e WHERE e.branch_id = b.branch_id
                           AND e.kind = 'STORE' AND e.state = 'ACTIVE')
         ORDER BY b.branch_no",
        &column(tenants, |tenant| tenant.as_uuid()),
    )
    .fetch_all(conn)
    .await?)
}

/// What of a company only a person can put right, in words: API tokens that are valid
/// again or still, catalogues that a store uses and the books lost, submissions that
/// nobody has decided.
///
/// # Errors
/// [`Error::Database`].
pub async fn for_a_person(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<String>, Error> {
    let tenant = tenant_id.as_uuid();
    let mut list = Vec::new();
    let catalogues = sqlx::query!(
        r#"SELECT b.name, h.catalogue_version AS "used!", COALESCE(max(c.version), 0) AS "held!"
           FROM edge e JOIN branch b USING (branch_id) JOIN edge_heartbeat h USING (edge_id)
           LEFT JOIN catalogue_version c ON c.branch_id = e.branch_id
           WHERE e.tenant_id = $1 AND e.state = 'ACTIVE' AND h.catalogue_version IS NOT NULL
           GROUP BY b.name, h.catalogue_version
           HAVING h.catalogue_version > COALESCE(max(c.version), 0) ORDER BY b.name"#,
        tenant,
    )
    .fetch_all(&mut *conn)
    .await?;
    list.extend(catalogues.into_iter().map(|row| {
        let (name, used, held) = (row.name, row.used, row.held);
        format!(
            "catalogue: {name} sells with version {used}, the books end at {held}; make the \
             changes since then again"
        )
    }));
    let tokens = sqlx::query!(
        "SELECT token_id, name, created_at FROM api_token
         WHERE tenant_id = $1 AND revoked_at IS NULL ORDER BY created_at, token_id",
        tenant,
    )
    .fetch_all(&mut *conn)
    .await?;
    list.extend(tokens.into_iter().map(|row| {
        let at = Timestamp::from(row.created_at);
        format!(
            "token: {} ({}, made {at}) is valid; revoke it if it was revoked since the backup",
            row.token_id, row.name
        )
    }));
    let pending = sqlx::query!(
        "SELECT ticket_id, received_at FROM submission
         WHERE tenant_id = $1 AND state = 'PENDING' ORDER BY submission_no",
        tenant,
    )
    .fetch_all(&mut *conn)
    .await?;
    list.extend(pending.into_iter().map(|row| {
        let at = Timestamp::from(row.received_at);
        format!(
            "submission: {} of {at} is undecided in the books and is decided now; it may have \
             had an outcome before",
            row.ticket_id
        )
    }));
    let edges = sqlx::query!(
        "SELECT e.edge_id, b.name, e.enrolled_at FROM edge e JOIN branch b USING (branch_id)
         WHERE e.tenant_id = $1 AND e.state = 'ACTIVE' AND e.kind = 'STORE' ORDER BY b.branch_no",
        tenant,
    )
    .fetch_all(conn)
    .await?;
    list.extend(edges.into_iter().map(|row| {
        let at = Timestamp::from(row.enrolled_at);
        format!(
            "edge: {} of {} (enrolled {at}) is active; enrol again what was enrolled or replaced \
             since the backup",
            row.edge_id, row.name
        )
    }));
    Ok(list)
}

/// The numbers of a company whose sales are not in the books, in words.
///
/// # Errors
/// [`Error::Database`].
pub async fn sales_missing(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<String>, Error> {
    let rows = sqlx::query!(
        "SELECT a.no, a.ticket_id, a.edge_id, a.entry_seq, b.name, i.grand_total_usd
         FROM numbered_ahead a JOIN invoice i ON i.series_id = a.series_id AND i.no = a.no
         JOIN branch b ON b.branch_id = i.branch_id
         WHERE a.tenant_id = $1 AND NOT EXISTS (SELECT FROM sale s WHERE s.sale_id = a.sale_id)
         ORDER BY a.series_id, a.no",
        tenant_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            format!(
                "sale: number {} is ticket {} of {} ({} USD, entry {}:{}); its sale is not in the \
                 books",
                row.no,
                row.ticket_id,
                row.name,
                row.grand_total_usd.normalize(),
                row.edge_id,
                row.entry_seq
            )
        })
        .collect())
}

/// When the backup was made that the books were restored from: the newest one that
/// they hold as begun and not complete, as a dump holds itself.
///
/// # Errors
/// [`Error::Database`].
pub async fn restored_from(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    let began = sqlx::query_scalar!(
        "SELECT began_at FROM backup WHERE completed_at IS NULL ORDER BY began_at DESC LIMIT 1"
    )
    .fetch_optional(conn)
    .await?;
    Ok(began.map(Timestamp::from))
}
