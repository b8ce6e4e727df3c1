//! Cursors: how far the books are with each edge's journal. Whoever books
//! entries of an edge, or releases them, locks its cursor first.

use schemas::{BranchId, EdgeId, TenantId, requests::JournalHead};
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, digest, int8, unsigned},
};

/// An enrolled edge and its cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whose.
    pub edge_id: EdgeId,
    /// The company it is enrolled for.
    pub tenant_id: TenantId,
    /// The store it is enrolled for.
    pub branch_id: BranchId,
    /// Whether it is a door edge, under whose name nobody sends entries.
    pub direct: bool,
    /// The newest entry in the books.
    pub head: JournalHead,
    /// Why the books no longer believe this edge, if so.
    pub held: Option<String>,
}

/// A cursor's new place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorMove {
    /// Whose.
    pub edge_id: EdgeId,
    /// The newest entry in the books.
    pub head: JournalHead,
    /// Set: the edge is held from now on. Never lifts a hold.
    pub held: Option<String>,
}

/// Locks the cursors of the enrolled ones among `edges`, in the order of their
/// ids, until the end of the transaction.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn lock(conn: &mut Conn, edges: &[EdgeId]) -> Result<Vec<Cursor>, Error> {
    let rows = sqlx::query!(
        r#"SELECT c.edge_id, e.tenant_id, e.branch_id, e.kind = 'DIRECT' AS "direct!", c.last_seq,
             c.head_hash, c.held_reason
         FROM edge_cursor c JOIN edge e ON e.edge_id = c.edge_id
         WHERE c.edge_id = ANY($1) AND e.edge_id = ANY($1)
         ORDER BY c.edge_id
         FOR NO KEY UPDATE OF c"#,
        &column(edges, |edge| edge.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Cursor {
                edge_id: EdgeId::from_uuid(row.edge_id),
                tenant_id: TenantId::from_uuid(row.tenant_id),
                branch_id: BranchId::from_uuid(row.branch_id),
                direct: row.direct,
                head: JournalHead {
                    seq: unsigned("edge_cursor.last_seq", row.last_seq)?,
                    hash: digest("edge_cursor.head_hash", &row.head_hash)?,
                },
                held: row.held_reason,
            })
        })
        .collect()
}

/// Moves cursors, which the transaction holds locked.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn advance(conn: &mut Conn, moves: &[CursorMove]) -> Result<(), Error> {
    if moves.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE edge_cursor c
         SET last_seq = m.last_seq, head_hash = m.head_hash,
             held_reason = COALESCE(c.held_reason, m.held_reason), updated_at = now()
         FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[])
             AS m (edge_id, last_seq, head_hash, held_reason)
         WHERE c.edge_id = m.edge_id AND c.edge_id = ANY($1)",
        &column(moves, |m| m.edge_id.as_uuid()) as &[Uuid],
        &column(moves, |m| int8(m.head.seq)),
        &column(moves, |m| &m.head.hash.as_bytes()[..]) as &[&[u8]],
        &column(moves, |m| m.held.as_deref()) as &[Option<&str>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The cursor of an edge as it is now, unlocked; `None` if it is not enrolled.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(conn: &mut Conn, edge_id: EdgeId) -> Result<Option<Cursor>, Error> {
    sqlx::query!(
        r#"SELECT e.tenant_id, e.branch_id, e.kind = 'DIRECT' AS "direct!", c.last_seq, c.head_hash,
             c.held_reason
         FROM edge_cursor c JOIN edge e USING (edge_id) WHERE c.edge_id = $1"#,
        edge_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        Ok(Cursor {
            edge_id,
            tenant_id: TenantId::from_uuid(row.tenant_id),
            branch_id: BranchId::from_uuid(row.branch_id),
            direct: row.direct,
            head: JournalHead {
                seq: unsigned("edge_cursor.last_seq", row.last_seq)?,
                hash: digest("edge_cursor.head_hash", &row.head_hash)?,
            },
            held: row.held_reason,
        })
    })
    .transpose()
}
