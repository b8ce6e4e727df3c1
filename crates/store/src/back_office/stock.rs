//! Stock of a store, and what moves it without a sale.

use schemas::{
    BranchId, EdgeId, SaleId, StockItemId, Timestamp,
    back_office::{StockLevelRow, StockReason, StockRow},
    facts::StockMovedLine,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8, unsigned, word},
};

/// The levels of a store, by item, of the items after this one.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn stock_levels(
    conn: &mut Conn,
    branch_id: BranchId,
    after: Uuid,
    limit: u32,
) -> Result<Vec<StockLevelRow>, Error> {
    sqlx::query!(
        "SELECT stock_item_id, level, last_no, updated_at FROM stock_level
         WHERE branch_id = $1 AND stock_item_id > $2 ORDER BY stock_item_id LIMIT $3",
        branch_id.as_uuid(),
        after,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(StockLevelRow {
            stock_item_id: row.stock_item_id.into(),
            level: row.level.normalize(),
            stock_no: unsigned("stock_level.last_no", row.last_no)?,
            updated_at: row.updated_at.into(),
        })
    })
    .collect()
}

/// The ledger of an item of a store, the newest row first, of the places before
/// this one.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn stock_journal(
    conn: &mut Conn,
    branch_id: BranchId,
    item: StockItemId,
    before: u64,
    limit: u32,
) -> Result<Vec<StockRow>, Error> {
    sqlx::query!(
        "SELECT stock_no, delta, level_after, reason, sale_id, edge_id, entry_seq, occurred_at
         FROM stock_journal
         WHERE branch_id = $1 AND stock_item_id = $2 AND stock_no < $3
         ORDER BY stock_no DESC LIMIT $4",
        branch_id.as_uuid(),
        item.as_uuid(),
        int8(before),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        let seq = row.entry_seq.map(|seq| unsigned("stock_journal.entry_seq", seq));
        Ok(StockRow {
            stock_no: unsigned("stock_journal.stock_no", row.stock_no)?,
            delta: row.delta.normalize(),
            level_after: row.level_after.normalize(),
            reason: word("stock_journal.reason", &row.reason)?,
            sale_id: row.sale_id.map(SaleId::from),
            edge_id: row.edge_id.map(EdgeId::from),
            entry_seq: seq.transpose()?,
            occurred_at: row.occurred_at.into(),
        })
    })
    .collect()
}

/// Adds rows to the ledgers of a store whose levels the transaction holds locked:
/// what was delivered or counted.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_stock_rows(
    conn: &mut Conn,
    branch_id: BranchId,
    reason: StockReason,
    lines: &[StockMovedLine],
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO stock_journal (branch_id, stock_item_id, stock_no, delta, level_after,
             reason, occurred_at)
         SELECT $1, j.stock_item_id, j.stock_no, j.delta, j.level_after, $6, $7
         FROM unnest($2::uuid[], $3::bigint[], $4::numeric[], $5::numeric[])
             AS j (stock_item_id, stock_no, delta, level_after)",
        branch_id.as_uuid(),
        &column(lines, |line| line.stock_item_id.as_uuid()),
        &column(lines, |line| int8(line.stock_no)),
        &column(lines, |line| line.delta),
        &column(lines, |line| line.level_after),
        reason.as_str(),
        OffsetDateTime::from(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}
