//! Edges that replace others: what the books have of a branch's former edges, for the
//! one that follows them, and which sessions and orders it keeps since.
//!
//! A former edge is *sealed* by the first question of the one that follows: from that
//! commit on nothing of it is booked from the stream, so all pages tell of the same.

use schemas::{
    BranchId, EdgeId, TenantId, Timestamp,
    events::{CashSessionOpenedV1, FormerEdge},
    requests::{AdoptedOrder, AdoptedSale, AdoptedSession, ArchivedEntry, JournalHead},
};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, digest, int8, narrow, unsigned},
    orders,
};

/// What an edge adopts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A cash session.
    Session,
    /// An order.
    Order,
}

impl What {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "SESSION",
            Self::Order => "ORDER",
        }
    }
}

/// A session or order that an edge keeps since it adopted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    /// Which of the two.
    pub what: What,
    /// Its id.
    pub subject_id: Uuid,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The entry that adopted it, by whose edge it is kept.
    pub entry: (EdgeId, u64),
}

/// Writes what was adopted; the same again changes nothing.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert(conn: &mut Conn, adopted: &[Adopted]) -> Result<(), Error> {
    if adopted.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO adopted (subject_id, edge_id, what, tenant_id, branch_id, entry_seq)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[],
             $6::bigint[])
         ON CONFLICT DO NOTHING",
        &column(adopted, |a| a.subject_id),
        &column(adopted, |a| a.entry.0.as_uuid()),
        &column(adopted, |a| a.what.as_str()) as &[&str],
        &column(adopted, |a| a.tenant_id.as_uuid()),
        &column(adopted, |a| a.branch_id.as_uuid()),
        &column(adopted, |a| int8(a.entry.1)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The edges of a branch's boxes before this one, the newest first, and whether all of
/// them are sealed. Their cursors are locked.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn former(
    conn: &mut Conn,
    branch: BranchId,
    edge: EdgeId,
) -> Result<(Vec<FormerEdge>, bool), Error> {
    let rows = sqlx::query!(
        r#"SELECT e.edge_id, e.sealed_at IS NOT NULL AS "sealed!", c.last_seq, c.head_hash
           FROM edge e JOIN edge_cursor c USING (edge_id)
           WHERE e.branch_id = $1 AND e.kind = 'STORE'
               AND e.epoch < (SELECT epoch FROM edge WHERE edge_id = $2)
           ORDER BY e.epoch DESC
           FOR NO KEY UPDATE OF c"#,
        branch.as_uuid(),
        edge.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let sealed = rows.iter().all(|row| row.sealed);
    let former = rows.into_iter().map(|row| {
        let cursor = JournalHead {
            seq: unsigned("edge_cursor.last_seq", row.last_seq)?,
            hash: digest("edge_cursor.head_hash", &row.head_hash)?,
        };
        Ok(FormerEdge { edge_id: row.edge_id.into(), cursor })
    });
    Ok((former.collect::<Result<_, Error>>()?, sealed))
}

/// Seals former edges: the books take nothing more of them from the stream.
///
/// # Errors
/// [`Error::Database`] if a statement fails.
pub async fn seal(
    conn: &mut Conn,
    former: &[EdgeId],
    why: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = column(former, |edge| edge.as_uuid());
    sqlx::query!(
        "UPDATE edge_cursor SET held_reason = COALESCE(held_reason, $2) WHERE edge_id = ANY($1)",
        &ids,
        why,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE edge SET sealed_at = $2
         WHERE edge_id = ANY($1) AND sealed_at IS NULL AND state = 'RETIRED'",
        &ids,
        OffsetDateTime::from(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// From when on sales are adopted: since `since`, and since the oldest session that is
/// open in the branch was opened, less a day for clocks that were set.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn begin(
    conn: &mut Conn,
    branch: BranchId,
    since: Timestamp,
) -> Result<Timestamp, Error> {
    let begin = sqlx::query_scalar!(
        r#"SELECT LEAST($2, min(s.opened_at)) - interval '1 day' AS "begin!"
           FROM cash_session s JOIN edge e ON e.edge_id = s.edge_id AND e.kind = 'STORE'
           WHERE s.branch_id = $1 AND s.status = 'OPEN'"#,
        branch.as_uuid(),
        OffsetDateTime::from(since),
    )
    .fetch_one(conn)
    .await?;
    Ok(Timestamp::from(begin))
}

/// Which page of a part.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// The store.
    pub branch: BranchId,
    /// [`begin`].
    pub begin: Timestamp,
    /// Rows before it.
    pub after: u64,
    /// At most this many.
    pub limit: u32,
}

struct Archived {
    edge_id: Uuid,
    epoch: i32,
    seq: i64,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    kind: String,
    schema_version: i16,
    recorded_at: OffsetDateTime,
    payload: Vec<u8>,
}

impl Archived {
    fn into_entry(self) -> Result<ArchivedEntry, Error> {
        let text = String::from_utf8(self.payload)
            .map_err(|error| Error::corrupt("edge_entry.payload", error))?;
        Ok(ArchivedEntry {
            edge_id: self.edge_id.into(),
            epoch: narrow("edge.epoch", i64::from(self.epoch))?,
            seq: unsigned("edge_entry.seq", self.seq)?,
            prev_hash: digest("edge_entry.prev_hash", &self.prev_hash)?,
            hash: digest("edge_entry.hash", &self.hash)?,
            kind: self.kind,
            schema_version: narrow("edge_entry.schema_version", i64::from(self.schema_version))?,
            recorded_at: self.recorded_at.into(),
            payload: RawValue::from_string(text)
                .map_err(|error| Error::corrupt("edge_entry.payload", error))?,
        })
    }
}

/// The columns of an archived entry of a row that has others beside them.
macro_rules! archived {
    ($row:ident) => {
        Archived {
            edge_id: $row.edge_id,
            epoch: $row.epoch,
            seq: $row.seq,
            prev_hash: $row.prev_hash,
            hash: $row.hash,
            kind: $row.kind,
            schema_version: $row.schema_version,
            recorded_at: $row.recorded_at,
            payload: $row.payload,
        }
    };
}

/// Cash sessions that are open, or were closed since.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn sessions(conn: &mut Conn, page: Page) -> Result<Vec<AdoptedSession>, Error> {
    let rows = sqlx::query_file!(
        "src/sql/adopt_sessions.sql",
        page.branch.as_uuid(),
        OffsetDateTime::from(page.begin),
        int8(page.after),
        i64::from(page.limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let closed = match (row.closed_edge, row.payload) {
                (Some(edge_id), Some(payload)) => Some(Archived {
                    edge_id,
                    epoch: row.epoch.unwrap_or_default(),
                    seq: row.seq.unwrap_or_default(),
                    prev_hash: row.prev_hash.unwrap_or_default(),
                    hash: row.hash.unwrap_or_default(),
                    kind: row.kind.unwrap_or_default(),
                    schema_version: row.schema_version.unwrap_or_default(),
                    recorded_at: row.recorded_at.unwrap_or(row.opened_at),
                    payload,
                }),
                _ => None,
            };
            Ok(AdoptedSession {
                opened: CashSessionOpenedV1 {
                    tenant_id: row.tenant_id.into(),
                    branch_id: page.branch,
                    edge_id: row.edge_id.into(),
                    device_id: row.device_id.into(),
                    cash_session_id: row.cash_session_id.into(),
                    opened_by: row.opened_by.into(),
                    opened_at: row.opened_at.into(),
                    opening_float_usd: schemas::Usd(row.opening_float_usd),
                    opening_float_khr: schemas::Khr(row.opening_float_khr),
                    imported_from: None,
                },
                closed: closed.map(Archived::into_entry).transpose()?,
                supplements: narrow("z_supplement.supplement_no", row.supplements)?,
            })
        })
        .collect()
}

/// Sales that were completed since.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn sales(conn: &mut Conn, page: Page) -> Result<Vec<AdoptedSale>, Error> {
    let rows = sqlx::query_file!(
        "src/sql/adopt_sales.sql",
        page.branch.as_uuid(),
        OffsetDateTime::from(page.begin),
        int8(page.after),
        i64::from(page.limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AdoptedSale {
                sale_status: orders::sale_status(&row.sale_status)?,
                order_status: orders::status(&row.order_status)?,
                order_changed_at: row.updated_at.into(),
                entry: archived!(row).into_entry()?,
            })
        })
        .collect()
}

/// Online orders that a former edge accepted and that are not delivered.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn online_orders(conn: &mut Conn, page: Page) -> Result<Vec<AdoptedOrder>, Error> {
    let rows = sqlx::query!(
        "SELECT e.edge_id, d.epoch, e.seq, e.prev_hash, e.hash, e.kind, e.schema_version,
             e.recorded_at, e.payload, o.status, o.updated_at
         FROM order_handover h
         JOIN sale_order o ON o.order_id = h.order_id AND o.status IN ('IN_PREP', 'READY')
         JOIN edge_entry e ON e.edge_id = h.edge_id AND e.seq = h.entry_seq
         JOIN edge d ON d.edge_id = e.edge_id
         WHERE h.branch_id = $1 AND h.state = 'ACCEPTED'
         ORDER BY d.epoch, e.seq OFFSET $2 LIMIT $3",
        page.branch.as_uuid(),
        int8(page.after),
        i64::from(page.limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AdoptedOrder {
                status: orders::status(&row.status)?,
                changed_at: row.updated_at.into(),
                entry: archived!(row).into_entry()?,
            })
        })
        .collect()
}

/// `void.requested` entries of requests that are undecided.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn voids(conn: &mut Conn, page: Page) -> Result<Vec<ArchivedEntry>, Error> {
    let rows = sqlx::query_as!(
        Archived,
        "SELECT e.edge_id, d.epoch, e.seq, e.prev_hash, e.hash, e.kind, e.schema_version,
             e.recorded_at, e.payload
         FROM void_request r
         JOIN edge_entry e ON e.edge_id = r.edge_id AND e.seq = r.entry_seq
         JOIN edge d ON d.edge_id = e.edge_id AND d.kind = 'STORE'
         WHERE r.branch_id = $1 AND r.status = 'PENDING'
         ORDER BY d.epoch, e.seq OFFSET $2 LIMIT $3",
        page.branch.as_uuid(),
        int8(page.after),
        i64::from(page.limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Archived::into_entry).collect()
}

/// Entries that moved money other than by a sale, of the sessions that are adopted.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn movements(conn: &mut Conn, page: Page) -> Result<Vec<ArchivedEntry>, Error> {
    let rows = sqlx::query_as!(
        Archived,
        "SELECT e.edge_id, d.epoch, e.seq, e.prev_hash, e.hash, e.kind, e.schema_version,
             e.recorded_at, e.payload
         FROM cash_session s
         JOIN cash_movement m ON m.cash_session_id = s.cash_session_id
         JOIN edge_entry e ON e.edge_id = m.edge_id AND e.seq = m.entry_seq
         JOIN edge d ON d.edge_id = e.edge_id AND d.kind = 'STORE'
         WHERE s.branch_id = $1 AND (s.status = 'OPEN' OR s.closed_at >= $2)
         ORDER BY d.epoch, e.seq OFFSET $3 LIMIT $4",
        page.branch.as_uuid(),
        OffsetDateTime::from(page.begin),
        int8(page.after),
        i64::from(page.limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Archived::into_entry).collect()
}

/// Which of these entries of an edge are archived with the same hash.
///
/// # Errors
/// [`Error`] if the statement fails or a stored hash is not one.
pub async fn archived(
    conn: &mut Conn,
    edge: EdgeId,
    entries: &[JournalHead],
) -> Result<Vec<JournalHead>, Error> {
    let names: Vec<_> = entries.iter().map(|entry| (edge, entry.seq)).collect();
    let known = crate::entries::hashes(conn, &names).await?.into_iter();
    let known = known.map(|((_, seq), hash)| JournalHead { seq, hash });
    Ok(known.filter(|head| entries.contains(head)).collect())
}
