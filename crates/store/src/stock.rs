//! Stock: a ledger for each item of a branch, and its newest row.
//!
//! Levels are locked in the order of their key, and nothing refers to them by
//! a foreign key: both are what keeps two batches from a deadlock.

use rust_decimal::Decimal;
use schemas::{BranchId, EdgeId, SaleId, StockItemId, Timestamp};
use time::OffsetDateTime;

use crate::{
    Conn, Error,
    columns::{column, int8, unsigned},
};

/// The newest row of an item's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The store.
    pub branch_id: BranchId,
    /// The item.
    pub stock_item_id: StockItemId,
    /// What is left; may be negative.
    pub level: Decimal,
    /// The newest place in the ledger; 0 before the first.
    pub last_no: u64,
}

/// Why a sale moves stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was sold.
    Sale,
    /// It was undone.
    Void,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "SALE",
            Self::Void => "VOID",
        }
    }
}

/// A row of an item's ledger that a sale made, or the undoing of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleMovement {
    /// The store.
    pub branch_id: BranchId,
    /// The item.
    pub stock_item_id: StockItemId,
    /// The place in the ledger.
    pub stock_no: u64,
    /// By how much; negative when sold.
    pub delta: Decimal,
    /// What is left after it.
    pub level_after: Decimal,
    /// The journal of the entry that made it.
    pub edge_id: EdgeId,
    /// That entry.
    pub entry_seq: u64,
    /// The sale.
    pub sale_id: SaleId,
    /// When it was made, or undone.
    pub occurred_at: Timestamp,
}

/// Locks the levels of `items` that are there, in the order of their key,
/// until the end of the transaction.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn lock_levels(
    conn: &mut Conn,
    items: &[(BranchId, StockItemId)],
) -> Result<Vec<Level>, Error> {
    let rows = sqlx::query!(
        "SELECT l.branch_id, l.stock_item_id, l.level, l.last_no
         FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS i (branch_id, stock_item_id)
               ORDER BY i.branch_id, i.stock_item_id) AS wanted
         CROSS JOIN LATERAL (
             -- Row by row, in that order.
             SELECT * FROM stock_level
             WHERE stock_level.branch_id = wanted.branch_id
               AND stock_level.stock_item_id = wanted.stock_item_id
             FOR NO KEY UPDATE
         ) l",
        &column(items, |item| item.0.as_uuid()),
        &column(items, |item| item.1.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Level {
                branch_id: BranchId::from_uuid(row.branch_id),
                stock_item_id: StockItemId::from_uuid(row.stock_item_id),
                level: row.level,
                last_no: unsigned("stock_level.last_no", row.last_no)?,
            })
        })
        .collect()
}

/// Makes empty ledgers for those of `items` that have none.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn create_levels(
    conn: &mut Conn,
    items: &[(BranchId, StockItemId)],
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO stock_level (branch_id, stock_item_id, level, last_no, updated_at)
         SELECT i.branch_id, i.stock_item_id, 0, 0, now()
         FROM unnest($1::uuid[], $2::uuid[]) AS i (branch_id, stock_item_id)
         ORDER BY i.branch_id, i.stock_item_id
         ON CONFLICT (branch_id, stock_item_id) DO NOTHING",
        &column(items, |item| item.0.as_uuid()),
        &column(items, |item| item.1.as_uuid()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds rows of one reason to ledgers whose levels the transaction holds locked.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_movements(
    conn: &mut Conn,
    reason: Reason,
    rows: &[SaleMovement],
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO stock_journal (branch_id, stock_item_id, stock_no, delta, level_after,
             reason, edge_id, entry_seq, sale_id, occurred_at)
         SELECT j.branch_id, j.stock_item_id, j.stock_no, j.delta, j.level_after,
             $10, j.edge_id, j.entry_seq, j.sale_id, j.occurred_at
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::numeric[], $5::numeric[],
                 $6::uuid[], $7::bigint[], $8::uuid[], $9::timestamptz[])
             AS j (branch_id, stock_item_id, stock_no, delta, level_after,
                 edge_id, entry_seq, sale_id, occurred_at)",
        &column(rows, |r| r.branch_id.as_uuid()),
        &column(rows, |r| r.stock_item_id.as_uuid()),
        &column(rows, |r| int8(r.stock_no)),
        &column(rows, |r| r.delta),
        &column(rows, |r| r.level_after),
        &column(rows, |r| r.edge_id.as_uuid()),
        &column(rows, |r| int8(r.entry_seq)),
        &column(rows, |r| r.sale_id.as_uuid()),
        &column(rows, |r| OffsetDateTime::from(r.occurred_at)),
        reason.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets levels that the transaction holds locked.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn set_levels(conn: &mut Conn, levels: &[Level]) -> Result<(), Error> {
    if levels.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        // Found by the key's index, whatever the planner guesses.
        "INSERT INTO stock_level (branch_id, stock_item_id, level, last_no, updated_at)
         SELECT n.branch_id, n.stock_item_id, n.level, n.last_no, now()
         FROM unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::bigint[])
             AS n (branch_id, stock_item_id, level, last_no)
         ON CONFLICT (branch_id, stock_item_id) DO UPDATE
         SET level = EXCLUDED.level, last_no = EXCLUDED.last_no, updated_at = now()",
        &column(levels, |l| l.branch_id.as_uuid()),
        &column(levels, |l| l.stock_item_id.as_uuid()),
        &column(levels, |l| l.level),
        &column(levels, |l| int8(l.last_no)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A branch's levels at one moment, and how much of an edge's journal is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The levels hold every deduction of the edge up to this entry.
    pub edge_seq: u64,
    /// Every item of the branch that ever moved, by id.
    pub levels: Vec<Level>,
}

/// The levels of a branch together with the cursor of its edge: one statement,
/// so that both are of the same moment. `None` if the edge is not enrolled.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn snapshot(
    conn: &mut Conn,
    branch_id: BranchId,
    edge_id: EdgeId,
) -> Result<Option<Snapshot>, Error> {
    let rows = sqlx::query!(
        r#"SELECT c.last_seq, l.stock_item_id AS "stock_item_id?", l.level AS "level?",
                  l.last_no AS "last_no?"
           FROM edge_cursor c LEFT JOIN stock_level l ON l.branch_id = $2
           WHERE c.edge_id = $1
           ORDER BY l.stock_item_id"#,
        edge_id.as_uuid(),
        branch_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut snapshot: Option<Snapshot> = None;
    for row in rows {
        let edge_seq = unsigned("edge_cursor.last_seq", row.last_seq)?;
        let snapshot = snapshot.get_or_insert(Snapshot { edge_seq, levels: Vec::new() });
        // A branch whose stock never moved has one row without a level.
        if let (Some(item), Some(level), Some(last_no)) =
            (row.stock_item_id, row.level, row.last_no)
        {
            snapshot.levels.push(Level {
                branch_id,
                stock_item_id: StockItemId::from_uuid(item),
                level,
                last_no: unsigned("stock_level.last_no", last_no)?,
            });
        }
    }
    Ok(snapshot)
}
