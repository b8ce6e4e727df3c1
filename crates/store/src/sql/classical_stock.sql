-- Takes a sale's deductions from their levels, in the order of their key, and
-- writes the ledgers' rows.
WITH taken AS (
    SELECT stock_item_id, quantity FROM unnest($2::uuid[], $3::numeric[]) AS t (stock_item_id, quantity)
),
locked AS (
    SELECT l.stock_item_id, t.quantity
    FROM stock_level l
    JOIN taken t ON t.stock_item_id = l.stock_item_id
    WHERE l.branch_id = $1
    ORDER BY l.stock_item_id
    FOR NO KEY UPDATE OF l
),
moved AS (
    UPDATE stock_level l
    SET level = l.level - k.quantity, last_no = l.last_no + 1, updated_at = now()
    FROM locked k
    WHERE l.branch_id = $1 AND l.stock_item_id = k.stock_item_id
    RETURNING l.stock_item_id, l.last_no, l.level, k.quantity
),
written AS (
    INSERT INTO stock_journal (branch_id, stock_item_id, stock_no, delta, level_after, reason,
        edge_id, entry_seq, sale_id, occurred_at)
    SELECT $1, m.stock_item_id, m.last_no, -m.quantity, m.level, 'SALE', $4, $5, $6, $7
    FROM moved m
)
SELECT stock_item_id, last_no, level, quantity FROM moved
