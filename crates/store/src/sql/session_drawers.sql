-- What moved in the drawers of sessions, by kind and currency; what went out is
-- counted as above zero.
SELECT
    s.cash_session_id,
    s.opened_by,
    s.opened_at,
    s.opening_float_usd,
    s.opening_float_khr,
    COALESCE(sum(m.amount) FILTER (WHERE m.kind = 'SALE_CASH' AND m.currency = 'USD'), 0)
        AS "sales_usd!",
    COALESCE(sum(m.amount) FILTER (WHERE m.kind = 'SALE_CASH' AND m.currency = 'KHR'), 0)
        AS "sales_khr!",
    COALESCE(-sum(m.amount) FILTER (WHERE m.kind = 'REFUND_CASH' AND m.currency = 'USD'), 0)
        AS "refunds_usd!",
    COALESCE(-sum(m.amount) FILTER (WHERE m.kind = 'REFUND_CASH' AND m.currency = 'KHR'), 0)
        AS "refunds_khr!",
    COALESCE(sum(m.amount) FILTER (WHERE m.kind = 'PAID_IN' AND m.currency = 'USD'), 0)
        AS "paid_in_usd!",
    COALESCE(sum(m.amount) FILTER (WHERE m.kind = 'PAID_IN' AND m.currency = 'KHR'), 0)
        AS "paid_in_khr!",
    COALESCE(-sum(m.amount) FILTER (WHERE m.kind = 'PAID_OUT' AND m.currency = 'USD'), 0)
        AS "paid_out_usd!",
    COALESCE(-sum(m.amount) FILTER (WHERE m.kind = 'PAID_OUT' AND m.currency = 'KHR'), 0)
        AS "paid_out_khr!"
FROM cash_session s
LEFT JOIN cash_movement m
    ON m.cash_session_id = s.cash_session_id AND m.branch_id = s.branch_id
WHERE s.cash_session_id = ANY($1)
GROUP BY s.cash_session_id
