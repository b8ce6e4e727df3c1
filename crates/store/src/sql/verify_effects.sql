-- Entries about sessions, voids, commands and handed orders that left no row of their own without
-- being set aside or told of, and such rows that no entry made.
WITH entry AS (
    SELECT e.kind, e.edge_id, e.seq
    FROM edge_entry e
    LEFT JOIN quarantine q
        ON q.edge_id = e.edge_id AND q.seq = e.seq AND q.state <> 'RELEASED'
    WHERE e.kind IN (
        'cash.moved', 'cash.session_closed', 'void.requested', 'void.approved', 'command.refused',
        'order.accepted'
    )
        AND q.seq IS NULL
),
effect AS (
    SELECT 'cash.moved' AS kind, edge_id, entry_seq
    FROM cash_movement
    WHERE kind IN ('PAID_IN', 'PAID_OUT')
    UNION ALL
    SELECT 'void.approved', edge_id, entry_seq FROM cash_movement WHERE kind = 'REFUND_CASH'
    UNION ALL
    SELECT 'cash.session_closed', edge_id, entry_seq FROM z_report
    UNION ALL
    SELECT 'void.requested', edge_id, entry_seq FROM void_request
    UNION ALL
    SELECT 'command.refused', edge_id, entry_seq
    FROM edge_command
    WHERE state IN ('REFUSED', 'EXPIRED')
    UNION ALL
    SELECT 'order.accepted', edge_id, entry_seq FROM order_handover WHERE state = 'ACCEPTED'
),
counted AS (
    SELECT kind, edge_id, entry_seq, count(*) AS times
    FROM effect
    GROUP BY kind, edge_id, entry_seq
),
told AS (
    SELECT DISTINCT edge_id, entry_seq
    FROM exception
    WHERE kind IN ('SESSION_MISMATCH', 'VOID_MISMATCH', 'ORDER_NOT_HANDED_OVER')
)
SELECT
    COALESCE(e.kind, c.kind) || ' of ' || COALESCE(e.edge_id, c.edge_id) || ':'
    || COALESCE(e.seq, c.entry_seq) || ' is in the books ' || COALESCE(c.times, 0)
    || ' times for ' || CASE WHEN e.seq IS NULL THEN 'no entry' ELSE 'one entry' END
        AS "offender!",
    count(*) OVER () AS "total!"
FROM entry e
FULL JOIN counted c ON c.kind = e.kind AND c.edge_id = e.edge_id AND c.entry_seq = e.seq
LEFT JOIN told t ON t.edge_id = e.edge_id AND t.entry_seq = e.seq
WHERE e.seq IS NULL
    OR c.times > 1
    OR (c.times IS NULL AND t.entry_seq IS NULL)
ORDER BY 1
LIMIT $1
