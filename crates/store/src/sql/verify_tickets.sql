-- Sales and tickets that do not belong together, one for one.
WITH sold AS (
    SELECT
        s.sale_id,
        s.tenant_id,
        s.ticket_id,
        s.edge_id,
        s.entry_seq,
        count(*) OVER (PARTITION BY s.tenant_id, s.ticket_id) AS under_ticket
    FROM sale s
),
checked AS (
    SELECT
        COALESCE(s.ticket_id, t.ticket_id) AS ticket_id,
        CASE
            WHEN s.sale_id IS NULL THEN 'has no sale'
            WHEN t.ticket_id IS NULL THEN 'has a sale but is not kept as a ticket'
            WHEN s.under_ticket > 1 THEN 'has ' || s.under_ticket || ' sales'
            WHEN t.sale_id <> s.sale_id THEN 'names another sale than its own'
            WHEN t.edge_id <> s.edge_id OR t.entry_seq <> s.entry_seq
                THEN 'names another entry than its sale'
            WHEN e.seq IS NULL THEN 'was booked from an entry that is not in the books'
            WHEN e.kind <> 'sale.finalized' THEN 'was booked from an entry that is no sale'
        END AS wrong
    FROM sold s
    FULL JOIN ticket t ON t.tenant_id = s.tenant_id AND t.ticket_id = s.ticket_id
    LEFT JOIN edge_entry e ON e.edge_id = s.edge_id AND e.seq = s.entry_seq
)
SELECT 'ticket ' || ticket_id || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY ticket_id
LIMIT $1
