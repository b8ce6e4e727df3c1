-- Cash sales whose money is not in their drawer exactly once, movements of
-- sales that took no cash, and sales in a session that nobody knows.
WITH taken AS (
    SELECT
        sale_id,
        cash_session_id,
        tender_currency AS currency,
        tender_received - tender_change AS amount
    FROM sale
    WHERE tender_method = 'CASH'
),
moved AS (
    SELECT
        sale_id,
        count(*) AS movements,
        sum(amount) AS amount,
        min(currency) AS currency,
        array_agg(cash_session_id) AS sessions
    FROM cash_movement
    WHERE kind = 'SALE_CASH'
    GROUP BY sale_id
),
checked AS (
    SELECT
        COALESCE(t.sale_id, m.sale_id) AS sale_id,
        CASE
            WHEN t.sale_id IS NULL THEN 'put cash in a drawer but took none'
            WHEN m.sale_id IS NULL THEN 'took cash that is in no drawer'
            WHEN m.movements > 1 THEN 'put its cash in a drawer ' || m.movements || ' times'
            WHEN m.sessions[1] <> t.cash_session_id THEN 'put its cash in another session''s drawer'
            WHEN m.currency <> t.currency OR m.amount <> t.amount
                THEN 'took ' || t.amount || ' ' || t.currency || ', its drawer ' || m.amount || ' '
                    || m.currency
        END AS wrong
    FROM taken t
    FULL JOIN moved m ON m.sale_id = t.sale_id
    UNION ALL
    SELECT s.sale_id, 'was sold in a session that is not in the books'
    FROM sale s
    LEFT JOIN cash_session c ON c.cash_session_id = s.cash_session_id
    LEFT JOIN exception x ON x.sale_id = s.sale_id AND x.kind = 'SESSION_NOT_OPEN'
    -- An online order was sold in none.
    WHERE s.cash_session_id IS NOT NULL AND c.cash_session_id IS NULL
        AND x.exception_id IS NULL
)
SELECT 'sale ' || sale_id || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY sale_id
LIMIT $1
