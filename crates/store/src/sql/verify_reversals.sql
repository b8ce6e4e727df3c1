-- Sales that were undone without giving back, once, what they had taken, cash and
-- stock; and others that gave something back.
WITH refunded AS (
    SELECT
        sale_id,
        count(*) AS refunds,
        sum(amount) AS amount,
        min(currency) AS currency,
        array_agg(cash_session_id) AS sessions
    FROM cash_movement
    WHERE kind = 'REFUND_CASH'
    GROUP BY sale_id
),
cash AS (
    SELECT
        COALESCE(s.sale_id, r.sale_id) AS sale_id,
        CASE
            WHEN s.sale_id IS NULL THEN 'gave cash back and is not in the books'
            WHEN s.status <> 'VOIDED' THEN 'is ' || s.status || ' and gave cash back'
            WHEN s.tender_method <> 'CASH' THEN 'gave cash back and took none'
            WHEN r.sale_id IS NULL THEN 'is VOIDED and gave no cash back'
            WHEN r.refunds > 1 THEN 'gave its cash back ' || r.refunds || ' times'
            WHEN r.sessions[1] <> s.cash_session_id THEN 'gave cash back from another drawer'
            WHEN r.currency <> s.tender_currency
                OR r.amount <> s.tender_change - s.tender_received
                THEN 'gave back ' || -r.amount || ' ' || r.currency || ' of '
                    || s.tender_received - s.tender_change || ' ' || s.tender_currency
        END AS wrong
    FROM (
        SELECT * FROM sale WHERE status = 'VOIDED' AND tender_method = 'CASH'
        UNION ALL
        SELECT s.* FROM sale s
        WHERE s.sale_id IN (SELECT sale_id FROM refunded)
            AND NOT (s.status = 'VOIDED' AND s.tender_method = 'CASH')
    ) s
    FULL JOIN refunded r ON r.sale_id = s.sale_id
),
-- What is left of a sale's stock, item by item: nothing of one that was undone.
moved AS (
    SELECT
        sale_id,
        branch_id,
        stock_item_id,
        count(*) FILTER (WHERE reason = 'SALE') AS taken,
        count(*) FILTER (WHERE reason = 'VOID') AS restored,
        sum(delta) AS delta
    FROM stock_journal
    WHERE sale_id IN (
        SELECT sale_id FROM stock_journal WHERE reason = 'VOID'
        UNION
        SELECT sale_id FROM sale WHERE status = 'VOIDED'
    )
    GROUP BY sale_id, branch_id, stock_item_id
),
stock AS (
    SELECT
        m.sale_id,
        CASE
            WHEN s.status IS DISTINCT FROM 'VOIDED' THEN 'is not VOIDED and gave stock back'
            WHEN m.restored <> 1 OR m.taken <> 1
                THEN 'took stock item ' || m.stock_item_id || ' ' || m.taken || ' times and gave it back '
                    || m.restored || ' times'
            WHEN m.delta <> 0
                THEN 'left ' || m.delta || ' of stock item ' || m.stock_item_id || ' behind'
        END AS wrong
    FROM moved m
    LEFT JOIN sale s ON s.sale_id = m.sale_id
),
checked AS (
    SELECT sale_id, wrong FROM cash
    UNION ALL
    SELECT sale_id, wrong FROM stock
)
SELECT 'sale ' || sale_id || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY 1
LIMIT $1
