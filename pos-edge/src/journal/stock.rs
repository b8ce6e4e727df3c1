//! What is probably left: the books' levels less what was sold here since.
//! Never a reason not to sell.
//!
//! What is sold is kept as running totals by entry, so that reading takes the
//! same time however long the line was down.

use std::collections::HashMap;

use rust_decimal::Decimal;
use schemas::{
    EdgeId, StockItemId, Timestamp,
    catalogue::StockItem,
    edge_api::StockViewRow,
    facts::{StockMovedLine, StockMovedV1, StockMovedV2},
    requests::StockSnapshotV1,
};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{
    captures::StockUse,
    columns::{decimal_out, json_rows, place_in, uuid_hex},
    error::JournalError,
    state::{Durability, Ledger},
};

/// Stock is counted in thousandths of an item's unit.
const DECIMALS: u32 = 3;
/// Totals that are forgotten in one transaction.
const FORGET_ROWS: i64 = 2_000;

/// A level as the books have it.
#[derive(Serialize)]
pub(super) struct Level {
    item: String,
    stock_no: u64,
    level: String,
    /// It holds this edge's deductions up to here; 0 where that is not told.
    edge_seq: u64,
    as_of: i64,
}

/// What one entry takes of an item; negative when it gives it back.
#[derive(Serialize)]
pub(super) struct Sold {
    pub(super) item: String,
    pub(super) seq: u64,
    pub(super) quantity: i64,
}

/// What entry `seq` takes.
pub(super) fn taken(uses: &[StockUse], seq: u64) -> impl Iterator<Item = Sold> + '_ {
    uses.iter().map(move |used| Sold {
        item: uuid_hex(used.stock_item_id),
        seq,
        quantity: used.thousandths,
    })
}

/// The newest level of each item of which movements told.
#[derive(Default)]
pub struct NewestLevels(HashMap<StockItemId, Level>);

impl NewestLevels {
    /// Takes in what a sale moved; `own` is the edge that is told. A level that is
    /// older than the one held changes nothing.
    pub fn add_sale(&mut self, moved: &StockMovedV1, own: EdgeId) {
        let edge_seq = if moved.edge_id == own { moved.edge_seq } else { 0 };
        self.add(&moved.lines, edge_seq, moved.moved_at);
    }

    /// Takes in what a delivery or a count moved.
    pub fn add_document(&mut self, moved: &StockMovedV2) {
        self.add(&moved.lines, 0, moved.moved_at);
    }

    fn add(&mut self, lines: &[StockMovedLine], edge_seq: u64, moved_at: Timestamp) {
        for line in lines {
            let known = self.0.get(&line.stock_item_id);
            let edge_seq = known.map_or(edge_seq, |known| known.edge_seq.max(edge_seq));
            if known.is_some_and(|known| known.stock_no >= line.stock_no) {
                continue;
            }
            self.0.insert(
                line.stock_item_id,
                Level {
                    item: uuid_hex(line.stock_item_id),
                    stock_no: line.stock_no,
                    level: line.level_after.to_string(),
                    edge_seq,
                    as_of: moved_at.unix_micros(),
                },
            );
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_levels(self) -> Vec<Level> {
        self.0.into_values().collect()
    }
}

/// The levels of a snapshot.
pub(super) fn levels_in(snapshot: &StockSnapshotV1) -> Vec<Level> {
    let level = |level: &schemas::requests::StockLevel| Level {
        item: uuid_hex(level.stock_item_id),
        stock_no: level.stock_no,
        level: level.level.to_string(),
        edge_seq: snapshot.edge_seq,
        as_of: snapshot.as_of.unix_micros(),
    };
    snapshot.levels.iter().map(level).collect()
}

/// Takes levels that are newer than the ones held.
pub(super) async fn record(ledger: &mut Ledger, levels: Vec<Level>) -> Result<(), JournalError> {
    if levels.is_empty() {
        return Ok(());
    }
    let rows = json_rows(&levels)?;
    ledger.begin(Durability::Repeatable).await?;
    let written = sqlx::query!(
        "INSERT INTO stock_level (stock_item_id, stock_no, level, edge_seq, as_of)
         SELECT unhex(value ->> 'item'), value ->> 'stock_no', value ->> 'level',
                value ->> 'edge_seq', value ->> 'as_of'
         FROM json_each(?) WHERE true
         ON CONFLICT (stock_item_id) DO UPDATE
         SET stock_no = excluded.stock_no, level = excluded.level, as_of = excluded.as_of,
             edge_seq = max(edge_seq, excluded.edge_seq)
         WHERE excluded.stock_no >= stock_no",
        rows,
    )
    .execute(&mut ledger.connection)
    .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await
}

/// Forgets some totals that are older than what the levels hold; says whether
/// there may be more. The newest of those is kept, to count from.
pub(super) async fn forget_some(ledger: &mut Ledger) -> Result<bool, JournalError> {
    ledger.begin(Durability::Repeatable).await?;
    let written = sqlx::query!(
        "WITH base AS MATERIALIZED (
             SELECT stock_item_id,
                    (SELECT max(seq) FROM stock_sold AS sold
                     WHERE sold.stock_item_id = level.stock_item_id
                       AND sold.seq <= level.edge_seq) AS seq
             FROM stock_level AS level
         )
         DELETE FROM stock_sold WHERE (stock_item_id, seq) IN (
             SELECT sold.stock_item_id, sold.seq
             FROM base JOIN stock_sold AS sold
               ON sold.stock_item_id = base.stock_item_id AND sold.seq < base.seq
             LIMIT ?
         )",
        FORGET_ROWS,
    )
    .execute(&mut ledger.connection)
    .await
    .map(|done| done.rows_affected())
    .map_err(JournalError::from);
    Ok(ledger.finish(written).await? >= FORGET_ROWS.unsigned_abs())
}

/// A quantity in thousandths; more decimals than there should be are cut.
pub(super) fn thousandths(quantity: Decimal) -> i64 {
    let mut quantity = quantity;
    quantity.rescale(DECIMALS);
    i64::try_from(quantity.mantissa()).unwrap_or(i64::MAX)
}

/// See [`super::Journal::stock`].
pub(super) async fn view(
    connection: &mut SqliteConnection,
    items: Vec<StockItem>,
) -> Result<Vec<StockViewRow>, JournalError> {
    let ids: Vec<String> = items.iter().map(|item| uuid_hex(item.stock_item_id)).collect();
    let ids = json_rows(&ids)?;
    let most = place_in(items.len() as u64);
    let rows = sqlx::query!(
        "SELECT level.level AS \"level?: String\", level.as_of AS \"as_of?: i64\",
                coalesce((SELECT total FROM stock_sold AS sold
                          WHERE sold.stock_item_id = unhex(item.value)
                          ORDER BY seq DESC LIMIT 1), 0)
              - coalesce((SELECT total FROM stock_sold AS sold
                          WHERE sold.stock_item_id = unhex(item.value)
                            AND sold.seq <= coalesce(level.edge_seq, 0)
                          ORDER BY seq DESC LIMIT 1), 0) AS \"unbooked!: i64\"
         FROM json_each(?) AS item
         LEFT JOIN stock_level AS level ON level.stock_item_id = unhex(item.value)
         ORDER BY item.key LIMIT ?",
        ids,
        most,
    )
    .fetch_all(connection)
    .await?;
    items
        .into_iter()
        .zip(rows)
        .map(|(item, row)| {
            let booked = row.level.as_deref().map_or(Ok(Decimal::ZERO), decimal_out)?;
            Ok(StockViewRow {
                stock_item_id: item.stock_item_id,
                name: item.name,
                level: (booked - Decimal::new(row.unbooked, DECIMALS)).normalize(),
                unit: item.unit,
                as_of: row.as_of.map(Timestamp::from_unix_micros),
            })
        })
        .collect()
}
