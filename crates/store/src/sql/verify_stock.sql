-- Stock ledgers that are not numbered 1, 2, 3, …, whose level is not the sum of
-- their movements, or whose newest row is not the level that is kept.
WITH ledger AS (
    SELECT
        branch_id,
        stock_item_id,
        stock_no,
        level_after,
        row_number() OVER item AS place,
        sum(delta) OVER item AS running,
        lead(stock_no) OVER item IS NULL AS newest
    FROM stock_journal
    WINDOW item AS (PARTITION BY branch_id, stock_item_id ORDER BY stock_no)
),
checked AS (
    SELECT
        branch_id,
        stock_item_id,
        CASE
            WHEN stock_no <> place THEN 'row ' || stock_no || ' is at place ' || place
            WHEN level_after <> running
                THEN 'row ' || stock_no || ' says ' || level_after || ', its movements add up to '
                    || running
        END AS wrong
    FROM ledger
    UNION ALL
    SELECT
        COALESCE(l.branch_id, s.branch_id),
        COALESCE(l.stock_item_id, s.stock_item_id),
        'the level kept is ' || COALESCE(s.level::text, 'none') || ' at row '
            || COALESCE(s.last_no, 0) || ', the ledger ends with ' || COALESCE(l.level_after, 0)
            || ' at row ' || COALESCE(l.stock_no, 0)
    FROM (SELECT * FROM ledger WHERE newest) l
    FULL JOIN stock_level s ON s.branch_id = l.branch_id AND s.stock_item_id = l.stock_item_id
    WHERE s.level IS DISTINCT FROM COALESCE(l.level_after, 0)
        OR s.last_no IS DISTINCT FROM COALESCE(l.stock_no, 0)
)
SELECT
    'stock item ' || stock_item_id || ' of branch ' || branch_id || ': ' || wrong AS "offender!",
    count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY 1
LIMIT $1
