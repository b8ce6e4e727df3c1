-- Sales that have neither a number nor a place in the queue for one, and
-- invoices that are not those of their sale. Numbers that were issued before the books
-- were restored from a backup may be lost, or without their sale; those are said apart.
WITH queued AS (
    SELECT sale_id, count(*) AS places FROM numbering_queue GROUP BY sale_id
),
checked AS (
    SELECT
        COALESCE(s.sale_id, i.sale_id, q.sale_id) AS sale_id,
        i.no,
        s.sale_id IS NULL AND q.sale_id IS NULL AND (
            COALESCE(i.edge_id = '00000000-0000-0000-0000-000000000000', false)
            OR a.sale_id IS NOT NULL
        ) AS is_known,
        CASE
            WHEN s.sale_id IS NULL AND i.no IS NOT NULL THEN 'has an invoice but is not in the books'
            WHEN s.sale_id IS NULL THEN 'waits for a number but is not in the books'
            WHEN i.no IS NULL AND q.places IS NULL
                THEN 'has no invoice and does not wait for one'
            WHEN q.places > 1 THEN 'waits for a number ' || q.places || ' times'
            WHEN i.no IS NOT NULL AND q.places IS NOT NULL
                THEN 'has an invoice and waits for another'
            WHEN i.no IS NULL THEN NULL
            WHEN i.tenant_id <> s.tenant_id OR i.branch_id <> s.branch_id
                THEN 'has an invoice of another branch'
            WHEN i.ticket_id <> s.ticket_id THEN 'has an invoice of another ticket'
            WHEN i.edge_id <> s.edge_id OR i.entry_seq <> s.entry_seq
                THEN 'has an invoice that names another entry'
            WHEN i.entry_hash IS DISTINCT FROM e.hash
                THEN 'has an invoice with another hash than its entry'
            WHEN i.grand_total_usd <> s.grand_total_usd OR i.vat_usd <> s.vat_usd
                OR i.grand_total_khr <> s.grand_total_khr
                THEN 'has an invoice with other amounts'
        END AS wrong
    FROM sale s
    FULL JOIN invoice i ON i.sale_id = s.sale_id
    FULL JOIN queued q ON q.sale_id = COALESCE(s.sale_id, i.sale_id)
    LEFT JOIN numbered_ahead a ON a.sale_id = i.sale_id
    LEFT JOIN edge_entry e ON e.edge_id = s.edge_id AND e.seq = s.entry_seq
)
SELECT
    'sale ' || sale_id || COALESCE(' (No. ' || no || ') ', ' ') || wrong AS "offender!",
    count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL AND NOT is_known
ORDER BY no NULLS FIRST, sale_id
LIMIT $1
