//! How far every store is, as the books know it.

use schemas::{BranchId, EdgeId, TenantId, Timestamp};

use crate::{Conn, Error, columns::unsigned};

/// How far one store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The company.
    pub tenant_id: TenantId,
    /// Its name.
    pub company: String,
    /// The store.
    pub branch_id: BranchId,
    /// Its name.
    pub store: String,
    /// Its active edge.
    pub edge_id: EdgeId,
    /// Entries that the books have.
    pub confirmed: u64,
    /// Invoices that were assigned to this store.
    pub numbered: u64,
    /// Set when the books hold this edge until a person has looked.
    pub held: Option<String>,
    /// What the edge said of itself last, if it was ever heard.
    pub heard: Option<Heard>,
}

/// An edge's last heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Microseconds since then, by the database's clock.
    pub ago_us: i64,
    /// Entries in its journal.
    pub journaled: u64,
    /// When its oldest unconfirmed entry was recorded.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// Bytes free on its disk.
    pub free_bytes: u64,
}

/// Every store with an active edge, by company and name.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn standings(conn: &mut Conn) -> Result<Vec<Standing>, Error> {
    let rows = sqlx::query_file!("src/sql/standings.sql").fetch_all(conn).await?;
    rows.into_iter()
        .map(|row| {
            let heard = match (row.ago_us, row.journal_seq, row.free_bytes) {
                (Some(ago_us), Some(journaled), Some(free_bytes)) => Some(Heard {
                    ago_us,
                    journaled: unsigned("edge_heartbeat.journal_seq", journaled)?,
                    oldest_unconfirmed_at: row.oldest_unconfirmed_at.map(Timestamp::from),
                    free_bytes: unsigned("edge_heartbeat.free_bytes", free_bytes)?,
                }),
                _ => None,
            };
            Ok(Standing {
                tenant_id: row.tenant_id.into(),
                company: row.company,
                branch_id: row.branch_id.into(),
                store: row.store,
                edge_id: row.edge_id.into(),
                confirmed: unsigned("edge_cursor.last_seq", row.last_seq)?,
                numbered: unsigned("mapping_head.last_seq", row.numbered)?,
                held: row.held_reason,
                heard,
            })
        })
        .collect()
}
