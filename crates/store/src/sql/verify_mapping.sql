-- Branches whose invoices are not mapped 1, 2, 3, … up to the head.
WITH mapped AS (
    SELECT branch_id, count(*) AS invoices, min(mapping_seq) AS first, max(mapping_seq) AS last
    FROM invoice
    GROUP BY branch_id
)
SELECT
    'branch ' || COALESCE(m.branch_id, h.branch_id) || ': ' || COALESCE(m.invoices, 0)
    || ' invoices are mapped ' || COALESCE(m.first, 0) || ' to ' || COALESCE(m.last, 0)
    || ', the head is ' || COALESCE(h.last_seq, 0) AS "offender!",
    count(*) OVER () AS "total!"
FROM mapped m
FULL JOIN mapping_head h ON h.branch_id = m.branch_id
WHERE COALESCE(m.invoices, 0) <> COALESCE(h.last_seq, 0)
    OR COALESCE(m.last, 0) <> COALESCE(h.last_seq, 0)
    OR COALESCE(m.first, 1) <> 1
ORDER BY 1
LIMIT $1
