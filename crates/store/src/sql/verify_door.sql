-- What came through the direct door and is not in the books as it was told, and
-- house accounts that do not add up.
WITH checked AS (
    SELECT
        'submission ' || s.ticket_id AS what,
        CASE
            WHEN e.seq IS NULL THEN 'is booked by an entry that is not in the archive'
            WHEN s.kind = 'sale' AND sale.sale_id IS NULL AND q.seq IS NULL
                THEN 'is booked and made no sale'
        END AS wrong
    FROM submission s
    LEFT JOIN edge_entry e ON e.edge_id = s.edge_id AND e.seq = s.entry_seq
    LEFT JOIN quarantine q ON q.edge_id = s.edge_id AND q.seq = s.entry_seq AND q.state = 'WAITING'
    LEFT JOIN sale ON sale.sale_id = s.made_id
    WHERE s.state = 'BOOKED'
    UNION ALL
    SELECT 'sale ' || sale.sale_id, 'came through the direct door, where nobody asked for it'
    FROM sale
    JOIN edge d ON d.edge_id = sale.edge_id AND d.kind = 'DIRECT'
    LEFT JOIN submission s ON s.made_id = sale.sale_id AND s.state = 'BOOKED'
    WHERE s.made_id IS NULL
        -- Requests are nowhere but in the books: those of before a recovery may be gone.
        AND NOT EXISTS (
            SELECT FROM recovery r
            WHERE sale.finalized_at < r.needed_at
                AND (r.tenant_id IS NULL OR r.tenant_id = sale.tenant_id)
        )
    UNION ALL
    SELECT
        'sale ' || COALESCE(sale.sale_id, c.sale_id),
        CASE
            WHEN sale.sale_id IS NULL THEN 'is charged to an account and was not sold on one'
            WHEN c.sale_id IS NULL THEN 'was sold on account and is charged to none'
            WHEN c.amount_usd <> sale.grand_total_usd OR c.customer_id <> sale.customer_id
                THEN 'is charged ' || c.amount_usd || ' USD to customer ' || c.customer_id
        END
    FROM (SELECT * FROM sale WHERE tender_method = 'ACCOUNT') sale
    FULL JOIN account_charge c ON c.sale_id = sale.sale_id
    UNION ALL
    SELECT
        'the account of customer ' || a.customer_id,
        'owes ' || a.balance_usd || ' USD and was charged ' || COALESCE(c.charged, 0) || ' USD'
    FROM customer_account a
    LEFT JOIN (
        SELECT tenant_id, customer_id, sum(amount_usd) AS charged
        FROM account_charge
        WHERE balance_after IS NOT NULL
        GROUP BY tenant_id, customer_id
    ) c ON c.tenant_id = a.tenant_id AND c.customer_id = a.customer_id
    WHERE a.balance_usd <> COALESCE(c.charged, 0)
)
SELECT what || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY what
LIMIT $1
