-- Branches whose runs of facts do not follow one another without a gap up to
-- their head, runs that are not as long as they say, facts that tell nothing or
-- are kept twice, and sales, invoices and movements of stock that are not told
-- exactly once (with a place or still pending). Facts are pruned from the oldest
-- on, so what came before the first one kept may be told no more.
WITH runs AS (
    SELECT
        outbox_id, branch_id, facts, first_seq, first_seq + facts - 1 AS last_seq,
        lag(first_seq + facts - 1) OVER (PARTITION BY branch_id ORDER BY first_seq) AS before_seq
    FROM outbox
),
told AS (
    SELECT run.branch_id, f.*
    FROM outbox run
    CROSS JOIN LATERAL (
        SELECT
            fact_id, kind, edge_id, entry_seq, series_id, invoice_no, body IS NULL AS is_repeated
        FROM unnest(
            run.fact_ids, run.kinds, run.edge_ids, run.entry_seqs, run.series_ids,
            run.invoice_nos, run.bodies
        ) AS f (fact_id, kind, edge_id, entry_seq, series_id, invoice_no, body)
    ) f
),
of_entries AS (
    SELECT kind, edge_id, entry_seq, count(*) AS times
    FROM told
    -- What was delivered or counted has no entry.
    WHERE kind IN ('sale.finalized', 'stock.moved') AND edge_id IS NOT NULL
    GROUP BY kind, edge_id, entry_seq
),
of_invoices AS (
    SELECT series_id, invoice_no, count(*) AS times
    FROM told
    WHERE kind = 'invoice.assigned'
    GROUP BY series_id, invoice_no
),
sequenced AS (
    SELECT branch_id, min(first_seq) AS first, max(last_seq) AS last
    FROM (
        SELECT branch_id, first_seq, last_seq FROM runs WHERE first_seq IS NOT NULL
        UNION ALL
        -- Passed over when the books were restored from a backup.
        SELECT branch_id, first_seq, last_seq FROM fact_gap
    ) placed
    GROUP BY branch_id
),
pruned AS (
    SELECT branch_id FROM sequenced WHERE first > 1
),
-- The oldest of each kind that is told still.
kept AS (
    SELECT kind, branch_id, edge_id, min(entry_seq) AS entry_seq, min(invoice_no) AS invoice_no
    FROM told
    GROUP BY kind, branch_id, edge_id
),
checked AS (
    SELECT
        'branch ' || COALESCE(q.branch_id, h.branch_id) || ': the last fact has place '
        || COALESCE(q.last, 0) || ', the head is ' || COALESCE(h.last_seq, 0) AS offender
    FROM sequenced q
    FULL JOIN fact_head h ON h.branch_id = q.branch_id
    WHERE COALESCE(q.last, 0) <> COALESCE(h.last_seq, 0)
    UNION ALL
    SELECT
        'branch ' || branch_id || ': a run begins at ' || first_seq
        || ', the one before it ends at ' || before_seq
    FROM runs
    WHERE first_seq - before_seq - 1 <> (
        SELECT COALESCE(sum(g.last_seq - g.first_seq + 1), 0) FROM fact_gap g
        WHERE g.branch_id = runs.branch_id
            AND g.first_seq > runs.before_seq AND g.last_seq < runs.first_seq
    )
    UNION ALL
    SELECT
        'run ' || outbox_id || ' of branch ' || branch_id || ' does not hold its ' || facts
        || ' facts'
    FROM outbox
    WHERE facts <> ANY (ARRAY[
            cardinality(fact_ids), cardinality(kinds), cardinality(schema_versions),
            cardinality(edge_ids), cardinality(entry_seqs), cardinality(series_ids),
            cardinality(invoice_nos), cardinality(bodies), cardinality(occurred_ats)
        ])
    UNION ALL
    SELECT 'fact ' || fact_id || ' is kept ' || count(*) || ' times'
    FROM told
    GROUP BY fact_id
    HAVING count(*) > 1
    UNION ALL
    SELECT 'fact ' || fact_id || ' of branch ' || branch_id || ' tells nothing'
    FROM told
    WHERE (edge_id IS NULL) <> (entry_seq IS NULL)
        OR (series_id IS NULL) <> (invoice_no IS NULL)
        OR (is_repeated AND edge_id IS NULL AND series_id IS NULL)
    UNION ALL
    SELECT
        'sale.finalized of ' || COALESCE(s.edge_id, f.edge_id) || ':'
        || COALESCE(s.entry_seq, f.entry_seq) || ' is told ' || COALESCE(f.times, 0)
        || ' times for ' || CASE WHEN s.sale_id IS NULL THEN 'no sale' ELSE 'one sale' END
    FROM sale s
    FULL JOIN (SELECT * FROM of_entries WHERE kind = 'sale.finalized') f
        ON f.edge_id = s.edge_id AND f.entry_seq = s.entry_seq
    LEFT JOIN pruned p ON p.branch_id = s.branch_id
    LEFT JOIN kept k ON k.kind = 'sale.finalized' AND k.edge_id = s.edge_id
    WHERE (s.sale_id IS NULL OR f.times IS DISTINCT FROM 1)
        AND NOT (
            f.times IS NULL AND p.branch_id IS NOT NULL
            AND COALESCE(s.entry_seq < k.entry_seq, true)
        )
    UNION ALL
    SELECT
        'invoice.assigned of No. ' || COALESCE(i.no, f.invoice_no) || ' is told '
        || COALESCE(f.times, 0) || ' times for '
        || CASE WHEN i.no IS NULL THEN 'no invoice' ELSE 'one invoice' END
    FROM invoice i
    FULL JOIN of_invoices f ON f.series_id = i.series_id AND f.invoice_no = i.no
    LEFT JOIN pruned p ON p.branch_id = i.branch_id
    LEFT JOIN kept k ON k.kind = 'invoice.assigned' AND k.branch_id = i.branch_id
    WHERE (i.no IS NULL OR f.times IS DISTINCT FROM 1)
        AND NOT (
            f.times IS NULL AND p.branch_id IS NOT NULL
            AND COALESCE(i.no < k.invoice_no, true)
        )
    UNION ALL
    SELECT
        'stock.moved of ' || COALESCE(j.edge_id, f.edge_id) || ':'
        || COALESCE(j.entry_seq, f.entry_seq) || ' is told ' || COALESCE(f.times, 0)
        || ' times for ' || CASE WHEN j.edge_id IS NULL THEN 'no movement' ELSE 'one sale' END
    FROM (
        SELECT DISTINCT branch_id, edge_id, entry_seq FROM stock_journal
        WHERE reason IN ('SALE', 'VOID')
    ) j
    FULL JOIN (SELECT * FROM of_entries WHERE kind = 'stock.moved') f
        ON f.edge_id = j.edge_id AND f.entry_seq = j.entry_seq
    LEFT JOIN pruned p ON p.branch_id = j.branch_id
    LEFT JOIN kept k ON k.kind = 'stock.moved' AND k.edge_id = j.edge_id
    WHERE (j.edge_id IS NULL OR f.times IS DISTINCT FROM 1)
        AND NOT (
            f.times IS NULL AND p.branch_id IS NOT NULL
            AND COALESCE(j.entry_seq < k.entry_seq, true)
        )
)
SELECT offender AS "offender!", count(*) OVER () AS "total!"
FROM checked
ORDER BY 1
LIMIT $1
