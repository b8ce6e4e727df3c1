//! What is on the shelves when a store enters the books.

use rust_decimal::Decimal;
use schemas::{BranchId, StockItemId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Conn, Error};

/// Starts the ledgers of `items` with what was counted; ledgers that are there
/// already stay as they are, so a repeated call changes nothing.
///
/// # Errors
/// [`Error::Database`].
pub async fn open_ledgers(
    conn: &mut Conn,
    branch_id: BranchId,
    items: &[(StockItemId, Decimal)],
    at: Timestamp,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.0.as_uuid()).collect();
    let counted: Vec<Decimal> = items.iter().map(|item| item.1).collect();
    sqlx::query!(
        "WITH opened AS (
             INSERT INTO stock_level (branch_id, stock_item_id, level, last_no, updated_at)
             SELECT $1, i.stock_item_id, i.counted, 1, $4
             FROM unnest($2::uuid[], $3::numeric[]) AS i (stock_item_id, counted)
             ORDER BY i.stock_item_id
             ON CONFLICT (branch_id, stock_item_id) DO NOTHING
             RETURNING stock_item_id, level
         )
         INSERT INTO stock_journal
             (branch_id, stock_item_id, stock_no, delta, level_after, reason, occurred_at)
         SELECT $1, o.stock_item_id, 1, o.level, o.level, 'COUNT', $4 FROM opened o",
        branch_id.as_uuid(),
        &ids,
        &counted,
        OffsetDateTime::from(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}
