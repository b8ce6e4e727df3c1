-- What was sold in sessions, by how it was paid. Sales are found by their
-- branch and time, for which there is an index: from a day before the opening
-- on, should the edge's clock have been put back.
SELECT
    c.cash_session_id,
    s.tender_method,
    s.tender_currency,
    count(*) AS "sales!",
    sum(s.tender_received - s.tender_change) AS "kept!",
    sum(s.grand_total_usd) AS "grand_total_usd!",
    sum(s.vat_usd) AS "vat_usd!",
    count(*) FILTER (WHERE s.status = 'VOIDED') AS "voids!",
    COALESCE(sum(s.grand_total_usd) FILTER (WHERE s.status = 'VOIDED'), 0) AS "voids_usd!"
FROM cash_session c
CROSS JOIN LATERAL (
    SELECT * FROM sale
    WHERE sale.branch_id = c.branch_id
        AND sale.finalized_at >= c.opened_at - interval '1 day'
        AND sale.cash_session_id = c.cash_session_id
    OFFSET 0
) s
WHERE c.cash_session_id = ANY($1)
GROUP BY c.cash_session_id, s.tender_method, s.tender_currency
ORDER BY c.cash_session_id, s.tender_method, s.tender_currency
