-- Sales, orders and requests that do not stand as they decide each other. What an
-- edge journaled against the rules was booked as far as it fitted, and is told as
-- an exception.
WITH asked AS (
    SELECT
        sale_id,
        count(*) FILTER (WHERE status = 'PENDING') AS pending,
        count(*) FILTER (WHERE status = 'APPROVED') AS approved
    FROM void_request
    GROUP BY sale_id
),
told AS (
    SELECT DISTINCT sale_id FROM exception WHERE kind = 'VOID_MISMATCH'
),
checked AS (
    SELECT
        'sale ' || s.sale_id || ' '
        || CASE
            WHEN (s.status = 'VOID_PENDING') <> (COALESCE(a.pending, 0) = 1)
                THEN 'is ' || s.status || ' with ' || COALESCE(a.pending, 0) || ' pending requests'
            WHEN a.approved > 1 OR a.approved = 1 AND s.status <> 'VOIDED'
                THEN 'is ' || s.status || ' with ' || a.approved || ' approved requests'
            WHEN s.status = 'VOIDED' AND COALESCE(a.approved, 0) = 0 AND t.sale_id IS NULL
                THEN 'is VOIDED and nobody approved it'
            WHEN o.status = 'VOIDED' AND s.status <> 'VOIDED'
                THEN 'is ' || s.status || ', its order VOIDED'
            WHEN s.status = 'VOIDED' AND o.status <> 'VOIDED' AND t.sale_id IS NULL
                THEN 'is VOIDED, its order ' || o.status
        END AS offender
    FROM sale s
    LEFT JOIN asked a ON a.sale_id = s.sale_id
    LEFT JOIN sale_order o ON o.sale_id = s.sale_id
    LEFT JOIN told t ON t.sale_id = s.sale_id
    UNION ALL
    SELECT
        'void request ' || v.void_request_id || ' '
        || CASE
            WHEN s.sale_id IS NULL THEN 'is about a sale that is not in the books'
            WHEN v.branch_id <> s.branch_id OR v.ticket_id <> s.ticket_id
                OR v.cash_session_id <> s.cash_session_id
                THEN 'is of another branch, ticket or session than its sale'
            WHEN v.status = 'PENDING' AND c.status IS DISTINCT FROM 'OPEN'
                THEN 'is pending in a session that is not open'
        END
    FROM void_request v
    LEFT JOIN sale s ON s.sale_id = v.sale_id
    LEFT JOIN cash_session c ON c.cash_session_id = v.cash_session_id
)
SELECT offender AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE offender IS NOT NULL
ORDER BY 1
LIMIT $1
