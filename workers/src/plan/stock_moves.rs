//! What a sale takes from stock, and what its undoing gives back: rows of the
//! ledgers, and the fact that tells of them.

use rust_decimal::Decimal;
use schemas::{
    BranchId, SaleId, Timestamp,
    events::DeductionLine,
    facts::{FactKind, StockMovedLine, StockMovedV1, id_from_entry},
};
use store::stock::{Reason, SaleMovement};

use super::{Changes, State, Work, state::no_stock};

/// Which way, why, and when.
pub(super) struct StockMove<'a> {
    pub(super) reason: Reason,
    pub(super) branch_id: BranchId,
    pub(super) sale_id: SaleId,
    pub(super) at: Timestamp,
    pub(super) lines: &'a [DeductionLine],
}

/// Moves stock; says what fell below zero by it, in words.
pub(super) fn move_stock(
    work: &Work<'_>,
    moved: &StockMove<'_>,
    state: &mut State,
    changes: &mut Changes<'_>,
) -> Vec<String> {
    let mut below = Vec::new();
    if moved.lines.is_empty() {
        return below;
    }
    let StockMove { reason, branch_id, sale_id, at, .. } = *moved;
    let (edge_id, entry_seq) = work.name();
    let mut lines = Vec::with_capacity(moved.lines.len());
    for line in moved.lines {
        let stock_item_id = line.stock_item_id;
        let key = (branch_id, stock_item_id);
        let level = state.levels.entry(key).or_insert_with(|| no_stock(branch_id, stock_item_id));
        let before = level.level;
        let delta = match reason {
            Reason::Sale => -line.quantity,
            Reason::Void => line.quantity,
        };
        level.level = before.saturating_add(delta);
        level.last_no += 1;
        let (stock_no, level_after) = (level.last_no, level.level);
        changes.levels.insert(key, *level);
        let row = SaleMovement {
            branch_id,
            stock_item_id,
            stock_no,
            delta,
            level_after,
            edge_id,
            entry_seq,
            sale_id,
            occurred_at: at,
        };
        match reason {
            Reason::Sale => changes.deductions.push(row),
            Reason::Void => changes.restored.push(row),
        }
        if before >= Decimal::ZERO && level_after < Decimal::ZERO {
            below.push(format!("{} is {} {}", line.name, level_after.normalize(), line.unit));
        }
        let unit = line.unit.clone();
        // Read back from a column it has trailing zeros; told, it has none.
        let level_after = level_after.normalize();
        lines.push(StockMovedLine { stock_item_id, stock_no, delta, level_after, unit });
    }
    let moved =
        StockMovedV1 { branch_id, edge_id, edge_seq: entry_seq, sale_id, moved_at: at, lines };
    let id = id_from_entry(edge_id, entry_seq, FactKind::StockMoved);
    changes.tell_more(work, FactKind::StockMoved, id, &moved);
    below
}
