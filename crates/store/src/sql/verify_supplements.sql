-- Supplements without their sale, of another session than their sale, or not
-- numbered 1, 2, 3, … without anybody having been told; and late sales that are
-- no supplements.
WITH told AS (
    SELECT sale_id FROM exception WHERE kind = 'SESSION_MISMATCH' AND sale_id IS NOT NULL
),
numbered AS (
    SELECT
        p.sale_id,
        p.cash_session_id,
        p.supplement_no,
        row_number() OVER (PARTITION BY p.cash_session_id ORDER BY p.supplement_no) AS place,
        -- One that was told of puts the others out of step.
        bool_or(t.sale_id IS NOT NULL) OVER (PARTITION BY p.cash_session_id) AS told
    FROM z_supplement p
    LEFT JOIN (SELECT DISTINCT sale_id FROM told) t ON t.sale_id = p.sale_id
),
late AS (
    SELECT DISTINCT sale_id FROM exception WHERE kind = 'LATE_SALE'
),
checked AS (
    SELECT
        COALESCE(n.sale_id, l.sale_id) AS sale_id,
        CASE
            WHEN n.sale_id IS NULL THEN 'came late and is no supplement'
            WHEN l.sale_id IS NULL THEN 'is a supplement without an exception'
            WHEN s.sale_id IS NULL THEN 'is a supplement but is not in the books'
            WHEN s.cash_session_id <> n.cash_session_id
                THEN 'is a supplement to another session than its own'
            WHEN n.supplement_no <> n.place AND NOT n.told
                THEN 'is supplement ' || n.supplement_no || ' at place ' || n.place
        END AS wrong
    FROM numbered n
    FULL JOIN late l ON l.sale_id = n.sale_id
    LEFT JOIN sale s ON s.sale_id = n.sale_id
)
SELECT 'sale ' || sale_id || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY 1
LIMIT $1
