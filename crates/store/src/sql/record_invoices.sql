-- Registers a batch of one company ($2): the invoices, the facts and audit rows
-- that tell of them, the branches' newest mapping_seq and the series' new heads;
-- and takes the sales out of the queue. The facts are runs of at most $24. The
-- caller holds the company's lock and checks that every count is the batch's.
WITH batch AS MATERIALIZED (
    SELECT * FROM unnest(
        $3::bigint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::bigint[], $8::uuid[],
        $9::text[], $10::uuid[], $11::bigint[], $12::bytea[], $13::numeric[], $14::numeric[],
        $15::numeric[], $16::bytea[], $17::bytea[], $18::text[], $21::uuid[], $1::uuid[],
        $25::text[]
    ) AS row (queue_id, no, invoice_id, branch_id, mapping_seq, sale_id, ticket_id, edge_id,
              entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr, prev_hash, hash,
              fact_id, customer_id, series_id, printed)
), registered AS (
    INSERT INTO invoice (series_id, no, printed, invoice_id, tenant_id, branch_id, mapping_seq, sale_id,
                         ticket_id, edge_id, entry_seq, entry_hash, grand_total_usd, vat_usd,
                         grand_total_khr, issued_at, prev_hash, hash)
    SELECT series_id, no, printed, invoice_id, $2, branch_id, mapping_seq, sale_id, ticket_id, edge_id, entry_seq,
           entry_hash, grand_total_usd, vat_usd, grand_total_khr, $19, prev_hash, hash
    FROM batch ORDER BY series_id, no
    RETURNING 1
), told AS (
    INSERT INTO outbox (tenant_id, branch_id, facts, fact_ids, kinds, schema_versions, edge_ids,
                        entry_seqs, series_ids, invoice_nos, bodies, occurred_ats)
    SELECT $2, branch_id, facts, fact_ids, array_fill($20::text, size),
           array_fill(1::smallint, size), array_fill(NULL::uuid, size),
           array_fill(NULL::bigint, size), series_ids, nos,
           array_fill(NULL::bytea, size), array_fill($19::timestamptz, size)
    FROM (
        SELECT branch_id, count(*)::integer AS facts, ARRAY[count(*)::integer] AS size,
               array_agg(fact_id ORDER BY mapping_seq) AS fact_ids,
               array_agg(series_id ORDER BY mapping_seq) AS series_ids,
               array_agg(no ORDER BY mapping_seq) AS nos, min(queue_id) AS first
        FROM (
            SELECT branch_id, fact_id, series_id, no, mapping_seq, queue_id,
                   (row_number() OVER (PARTITION BY branch_id ORDER BY mapping_seq) - 1) / $24 AS part
            FROM batch
        ) parted
        GROUP BY branch_id, part
    ) run
    ORDER BY first
    RETURNING facts
), logged AS (
    INSERT INTO audit_log (tenant_id, branch_id, action, activity, subject_id, target_id, edge_id,
                           entry_seq, occurred_at, meta)
    SELECT $2, branch_id, $22, $23, customer_id, invoice_id, edge_id, entry_seq, $19,
           jsonb_build_object('ticketId', ticket_id, 'invoiceNo', no,
                              'totalCents', (grand_total_usd * 100)::bigint)
    FROM batch ORDER BY queue_id
    RETURNING 1
), mapped AS (
    INSERT INTO mapping_head (branch_id, last_seq)
    SELECT branch_id, max(mapping_seq) FROM batch GROUP BY branch_id ORDER BY branch_id
    ON CONFLICT (branch_id) DO UPDATE SET last_seq = EXCLUDED.last_seq
), taken AS (
    DELETE FROM numbering_queue WHERE tenant_id = $2 AND queue_id = ANY ($3)
    RETURNING 1
), head AS (
    SELECT DISTINCT ON (series_id) series_id, no, hash,
           count(*) OVER (PARTITION BY series_id) AS sales
    FROM batch ORDER BY series_id, no DESC
), moved AS (
    UPDATE invoice_series s SET last_no = head.no, head_hash = head.hash
    FROM head
    WHERE s.series_id = head.series_id AND s.tenant_id = $2 AND s.state = 'OPEN'
      AND s.last_no + head.sales = head.no
    RETURNING head.sales
)
SELECT (SELECT count(*) FROM registered) AS "registered!",
       (SELECT COALESCE(sum(facts), 0) FROM told) AS "told!",
       (SELECT count(*) FROM logged) AS "logged!",
       (SELECT count(*) FROM taken) AS "taken!",
       (SELECT COALESCE(sum(sales), 0)::bigint FROM moved) AS "moved!"
