-- Registers a batch of one series ($1, of company $2): the invoices, the facts
-- and audit rows that tell of them, the branches' newest mapping_seq and the
-- series' new head; and takes the sales out of the queue. The facts are runs of
-- at most $26. The caller holds the series' row lock and checks that every count
-- is the batch's.
WITH batch AS MATERIALIZED (
    SELECT * FROM unnest(
        $3::bigint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::bigint[], $8::uuid[],
        $9::text[], $10::uuid[], $11::bigint[], $12::bytea[], $13::numeric[], $14::numeric[],
        $15::numeric[], $16::bytea[], $17::bytea[], $18::text[], $23::uuid[]
    ) AS row (queue_id, no, invoice_id, branch_id, mapping_seq, sale_id, ticket_id, edge_id,
              entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr, prev_hash, hash,
              fact_id, customer_id)
), registered AS (
    INSERT INTO invoice (series_id, no, invoice_id, tenant_id, branch_id, mapping_seq, sale_id,
                         ticket_id, edge_id, entry_seq, entry_hash, grand_total_usd, vat_usd,
                         grand_total_khr, issued_at, prev_hash, hash)
    SELECT $1, no, invoice_id, $2, branch_id, mapping_seq, sale_id, ticket_id, edge_id, entry_seq,
           entry_hash, grand_total_usd, vat_usd, grand_total_khr, $19, prev_hash, hash
    FROM batch ORDER BY no
    RETURNING 1
), told AS (
    INSERT INTO outbox (tenant_id, branch_id, facts, fact_ids, kinds, schema_versions, edge_ids,
                        entry_seqs, series_ids, invoice_nos, bodies, occurred_ats)
    SELECT $2, branch_id, facts, fact_ids, array_fill($20::text, size),
           array_fill(1::smallint, size), array_fill(NULL::uuid, size),
           array_fill(NULL::bigint, size), array_fill($1, size), nos,
           array_fill(NULL::bytea, size), array_fill($19::timestamptz, size)
    FROM (
        SELECT branch_id, count(*)::integer AS facts, ARRAY[count(*)::integer] AS size,
               array_agg(fact_id ORDER BY no) AS fact_ids, array_agg(no ORDER BY no) AS nos
        FROM (
            SELECT branch_id, fact_id, no,
                   (row_number() OVER (PARTITION BY branch_id ORDER BY no) - 1) / $26 AS part
            FROM batch
        ) parted
        GROUP BY branch_id, part
    ) run
    ORDER BY nos[1]
    RETURNING facts
), logged AS (
    INSERT INTO audit_log (tenant_id, branch_id, action, activity, subject_id, target_id, edge_id,
                           entry_seq, occurred_at, meta)
    SELECT $2, branch_id, $24, $25, customer_id, invoice_id, edge_id, entry_seq, $19,
           jsonb_build_object('ticketId', ticket_id, 'invoiceNo', no,
                              'totalCents', (grand_total_usd * 100)::bigint)
    FROM batch ORDER BY no
    RETURNING 1
), mapped AS (
    INSERT INTO mapping_head (branch_id, last_seq)
    SELECT branch_id, max(mapping_seq) FROM batch GROUP BY branch_id ORDER BY branch_id
    ON CONFLICT (branch_id) DO UPDATE SET last_seq = EXCLUDED.last_seq
), taken AS (
    DELETE FROM numbering_queue WHERE tenant_id = $2 AND queue_id = ANY ($3)
    RETURNING 1
), moved AS (
    UPDATE invoice_series SET last_no = $21, head_hash = $22
    WHERE series_id = $1 AND state = 'OPEN' AND last_no + (SELECT count(*) FROM batch) = $21
    RETURNING 1
)
SELECT (SELECT count(*) FROM registered) AS "registered!",
       (SELECT COALESCE(sum(facts), 0) FROM told) AS "told!",
       (SELECT count(*) FROM logged) AS "logged!",
       (SELECT count(*) FROM taken) AS "taken!",
       (SELECT count(*) FROM moved) AS "moved!"
