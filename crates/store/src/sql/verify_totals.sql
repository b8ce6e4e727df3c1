-- Sales whose figures do not add up by themselves.
WITH line AS (
    SELECT
        sale_id,
        count(*) AS lines,
        min(line_no) AS first_no,
        max(line_no) AS last_no,
        sum(line_total_usd) AS total_usd,
        sum(discount_usd) AS discount_usd,
        bool_and(base_amount_usd - discount_usd = line_total_usd AND quantity > 0) AS hold
    FROM sale_line
    GROUP BY sale_id
),
checked AS (
    SELECT
        COALESCE(s.sale_id, l.sale_id) AS sale_id,
        CASE
            WHEN s.sale_id IS NULL THEN 'has lines but is not in the books'
            WHEN l.sale_id IS NULL THEN 'has no lines'
            WHEN l.first_no <> 1 OR l.last_no <> l.lines THEN 'has lines that are not numbered 1, 2, 3'
            WHEN NOT l.hold THEN 'has a line whose total is not base less discount'
            WHEN l.total_usd <> s.subtotal_usd
                THEN 'has lines of ' || l.total_usd || ' USD and a subtotal of ' || s.subtotal_usd
            WHEN l.discount_usd <> s.item_discount_usd
                THEN 'has line discounts of ' || l.discount_usd || ' USD and a sum of '
                    || s.item_discount_usd
            WHEN s.subtotal_usd - s.branch_discount_usd + s.vat_usd <> s.grand_total_usd
                THEN 'has a grand total that is not subtotal less discount plus VAT'
            WHEN round(s.grand_total_usd * s.fx_rate) <> s.grand_total_khr
                THEN 'has a riel total that is not its dollar total times the rate'
            WHEN s.grand_total_khr + s.khr_rounding <> s.payable_khr
                THEN 'has a payable that is not its riel total plus rounding'
            WHEN s.tender_received - s.tender_change
                <> CASE s.tender_currency WHEN 'USD' THEN s.grand_total_usd ELSE s.payable_khr END
                -- What a client took offline was taken; an exception tells of it.
                AND NOT EXISTS (
                    SELECT FROM exception x
                    WHERE x.sale_id = s.sale_id AND x.kind = 'PRICE_MISMATCH')
                THEN 'was paid with another amount than what was owed'
        END AS wrong
    FROM sale s
    FULL JOIN line l ON l.sale_id = s.sale_id
)
SELECT 'sale ' || sale_id || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY sale_id
LIMIT $1
