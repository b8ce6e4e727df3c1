//! The quarantine: entries that chain but could not be applied. The cursor has
//! moved past them; they wait until they are released or discarded.

pub mod decisions;

use std::fmt;

use schemas::{BranchId, EdgeId, TenantId, Timestamp, TokenId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8, unsigned},
};

/// Why an entry was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The payload is not what its kind and version say, or not this edge's.
    InvalidPayload,
    /// The database refused the rows it makes.
    DataError,
    /// Its kind or version is newer than this build.
    FutureVersion,
    /// It is about something that another quarantined entry is about.
    Behind,
}

impl Reason {
    const ALL: [Self; 4] =
        [Self::InvalidPayload, Self::DataError, Self::FutureVersion, Self::Behind];

    /// The name in facts and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidPayload => "INVALID_PAYLOAD",
            Self::DataError => "DATA_ERROR",
            Self::FutureVersion => "FUTURE_VERSION",
            Self::Behind => "BEHIND",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The journal.
    pub edge_id: EdgeId,
    /// The entry.
    pub seq: u64,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// What it would have told.
    pub kind: String,
    /// Why.
    pub reason: Reason,
    /// In words.
    pub detail: String,
    /// The ids that it would have made or changed: what comes later about one
    /// of them waits behind it.
    pub about: Vec<Uuid>,
}

/// A waiting entry of a kind or version that was newer than the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FutureEntry {
    /// The journal.
    pub edge_id: EdgeId,
    /// The entry.
    pub seq: u64,
    /// Its kind.
    pub kind: String,
    /// The version of its payload's schema.
    pub schema_version: u16,
}

/// Sets entries aside. One that waits already gets the new reason.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn set_aside(conn: &mut Conn, rows: &[Quarantined]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    // An array of arrays must be rectangular, so `about` travels as text.
    let about: Vec<String> = column(rows, |r| array_literal(&r.about));
    sqlx::query!(
        "INSERT INTO quarantine (edge_id, seq, tenant_id, branch_id, kind, reason, detail, about)
         SELECT q.edge_id, q.seq, q.tenant_id, q.branch_id, q.kind, q.reason, q.detail,
             q.about::uuid[]
         FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],
                 $7::text[], $8::text[])
             AS q (edge_id, seq, tenant_id, branch_id, kind, reason, detail, about)
         ON CONFLICT (edge_id, seq) DO UPDATE
         SET reason = EXCLUDED.reason, detail = EXCLUDED.detail, about = EXCLUDED.about
         WHERE quarantine.state = 'WAITING'",
        &column(rows, |r| r.edge_id.as_uuid()),
        &column(rows, |r| int8(r.seq)),
        &column(rows, |r| r.tenant_id.as_uuid()),
        &column(rows, |r| r.branch_id.as_uuid()),
        &column(rows, |r| r.kind.as_str()) as &[&str],
        &column(rows, |r| r.reason.as_str()) as &[&str],
        &column(rows, |r| r.detail.as_str()) as &[&str],
        &about,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The waiting entries of `edges` that are about any of `ids`, in the order of
/// their journals.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn waiting_about(
    conn: &mut Conn,
    edges: &[EdgeId],
    ids: &[Uuid],
) -> Result<Vec<Quarantined>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT edge_id, seq, tenant_id, branch_id, kind, reason, detail, about
         FROM quarantine
         WHERE state = 'WAITING' AND about && $2 AND edge_id = ANY($1)
         ORDER BY edge_id, seq",
        &column(edges, |edge| edge.as_uuid()),
        ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Quarantined::try_from).collect()
}

/// The waiting entries of one edge from `first_seq` on, in their order.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn waiting_of(
    conn: &mut Conn,
    edge: EdgeId,
    first_seq: u64,
) -> Result<Vec<Quarantined>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT edge_id, seq, tenant_id, branch_id, kind, reason, detail, about
         FROM quarantine
         WHERE state = 'WAITING' AND edge_id = $1 AND seq >= $2
         ORDER BY seq",
        edge.as_uuid(),
        int8(first_seq),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Quarantined::try_from).collect()
}

/// Marks waiting entries as released. Returns how many were waiting.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn release(conn: &mut Conn, names: &[(EdgeId, u64)]) -> Result<u64, Error> {
    if names.is_empty() {
        return Ok(0);
    }
    let released = sqlx::query!(
        "UPDATE quarantine q SET state = 'RELEASED', settled_at = now()
         FROM unnest($1::uuid[], $2::bigint[]) AS r (edge_id, seq)
         WHERE q.edge_id = r.edge_id AND q.seq = r.seq AND q.state = 'WAITING'
           AND q.edge_id = ANY($1)",
        &column(names, |name| name.0.as_uuid()),
        &column(names, |name| int8(name.1)),
    )
    .execute(conn)
    .await?;
    Ok(released.rows_affected())
}

/// The entries that wait for a build that knows their version, at most `limit`,
/// after `after`, in the order of edge and seq.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn from_the_future(
    conn: &mut Conn,
    after: Option<(EdgeId, u64)>,
    limit: i64,
) -> Result<Vec<FutureEntry>, Error> {
    let (edge, seq) = after.unwrap_or((EdgeId::from_uuid(Uuid::nil()), 0));
    let rows = sqlx::query!(
        "SELECT q.edge_id, q.seq, e.kind, e.schema_version
         FROM quarantine q JOIN edge_entry e ON e.edge_id = q.edge_id AND e.seq = q.seq
         WHERE q.state = 'WAITING' AND q.reason = 'FUTURE_VERSION'
           AND (q.edge_id, q.seq) > ($1, $2)
         ORDER BY q.edge_id, q.seq
         LIMIT $3",
        edge.as_uuid(),
        int8(seq),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(FutureEntry {
                edge_id: EdgeId::from_uuid(row.edge_id),
                seq: unsigned("quarantine.seq", row.seq)?,
                kind: row.kind,
                schema_version: u16::try_from(row.schema_version)
                    .map_err(|error| Error::corrupt("edge_entry.schema_version", error))?,
            })
        })
        .collect()
}

/// Which entries are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those of this store.
    pub branch: Option<BranchId>,
    /// Only those of this journal.
    pub edge: Option<EdgeId>,
    /// Only those that still wait.
    pub waiting: bool,
}

/// An entry that is or was set aside, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry.
    pub entry: Quarantined,
    /// `WAITING`, `RELEASED` or `DISCARDED`.
    pub state: String,
    /// When it was set aside.
    pub since: Timestamp,
    /// When it was released or discarded.
    pub settled_at: Option<Timestamp>,
}

/// Entries that are or were set aside, at most `limit` after `after`, in the order
/// of edge and seq.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn list(
    conn: &mut Conn,
    filter: Filter,
    after: Option<(EdgeId, u64)>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let (edge, seq) = after.unwrap_or((EdgeId::from_uuid(Uuid::nil()), 0));
    let rows = sqlx::query!(
        "SELECT edge_id, seq, tenant_id, branch_id, kind, reason, detail, about, state,
             quarantined_at, settled_at
         FROM quarantine
         WHERE (edge_id, seq) > ($1, $2)
           AND ($3::uuid IS NULL OR branch_id = $3) AND ($4::uuid IS NULL OR edge_id = $4)
           AND (NOT $5 OR state = 'WAITING')
         ORDER BY edge_id, seq
         LIMIT $6",
        edge.as_uuid(),
        int8(seq),
        filter.branch.map(BranchId::as_uuid),
        filter.edge.map(EdgeId::as_uuid),
        filter.waiting,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let (tenant_id, branch_id) = (row.tenant_id, row.branch_id);
            let (kind, reason, detail, about) = (row.kind, row.reason, row.detail, row.about);
            let (edge_id, seq) = (row.edge_id, row.seq);
            let entry = Row { edge_id, seq, tenant_id, branch_id, kind, reason, detail, about };
            Ok(Listed {
                entry: entry.try_into()?,
                state: row.state,
                since: row.quarantined_at.into(),
                settled_at: row.settled_at.map(Timestamp::from),
            })
        })
        .collect()
}

/// Who gives an entry up, and why, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discard {
    /// Who, by name.
    pub by: String,
    /// Whose token, if it came through the centre's door.
    pub token: Option<TokenId>,
    /// Why.
    pub why: String,
}

/// Gives up a waiting entry for good, and says so in the audit log. Returns whether it
/// was waiting.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn discard(
    conn: &mut Conn,
    (edge, seq): (EdgeId, u64),
    Discard { by, token, why }: &Discard,
    at: Timestamp,
) -> Result<bool, Error> {
    let discarded = sqlx::query!(
        "WITH gone AS (
             UPDATE quarantine SET state = 'DISCARDED', settled_at = $5
             WHERE edge_id = $1 AND seq = $2 AND state = 'WAITING'
             RETURNING tenant_id, branch_id, edge_id, seq, kind, reason, detail
         )
         INSERT INTO audit_log (tenant_id, branch_id, action, actor_id, edge_id, entry_seq,
             occurred_at, meta)
         SELECT tenant_id, branch_id, 'ENTRY_DISCARDED', $6, edge_id, seq, $5,
             jsonb_build_object('by', $3::text, 'why', $4::text, 'kind', kind, 'reason', reason,
                 'detail', detail)
         FROM gone",
        edge.as_uuid(),
        int8(seq),
        by,
        why,
        OffsetDateTime::from(at),
        token.map(TokenId::as_uuid),
    )
    .execute(conn)
    .await?;
    Ok(discarded.rows_affected() > 0)
}

struct Row {
    edge_id: Uuid,
    seq: i64,
    tenant_id: Uuid,
    branch_id: Uuid,
    kind: String,
    reason: String,
    detail: String,
    about: Vec<Uuid>,
}

impl TryFrom<Row> for Quarantined {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let reason = Reason::ALL.into_iter().find(|reason| reason.as_str() == row.reason);
        Ok(Self {
            edge_id: EdgeId::from_uuid(row.edge_id),
            seq: unsigned("quarantine.seq", row.seq)?,
            tenant_id: TenantId::from_uuid(row.tenant_id),
            branch_id: BranchId::from_uuid(row.branch_id),
            kind: row.kind,
            reason: reason.ok_or_else(|| Error::corrupt("quarantine.reason", &row.reason))?,
            detail: row.detail,
            about: row.about,
        })
    }
}

fn array_literal(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("{{{}}}", ids.join(","))
}
