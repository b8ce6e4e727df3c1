-- Facts with their bodies: for each wanted branch those after a fact_seq, in
-- order, at most so many, and of all of them together no more bytes than $4
-- (but always one fact). An invoice's body is made from its row later.
SELECT branch_id AS "branch_id!", tenant_id AS "tenant_id!", fact_seq AS "fact_seq!",
       fact_id AS "fact_id!", kind AS "kind!", schema_version AS "schema_version!",
       edge_id, series_id, invoice_no, occurred_at AS "occurred_at!", whole AS body
FROM (
    SELECT f.*, wanted.place, COALESCE(f.body, e.payload) AS whole,
           sum(COALESCE(octet_length(f.body), octet_length(e.payload), 1024))
               OVER (ORDER BY wanted.place, f.fact_seq
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])
         WITH ORDINALITY AS wanted (branch_id, after_seq, most, place)
    CROSS JOIN LATERAL (
        SELECT * FROM fact
        WHERE fact.branch_id = wanted.branch_id AND fact.fact_seq > wanted.after_seq
        ORDER BY fact.fact_seq LIMIT wanted.most
    ) f
    LEFT JOIN edge_entry e
           ON e.edge_id = f.edge_id AND e.seq = f.entry_seq AND f.body IS NULL
) bounded
WHERE COALESCE(bytes_before, 0) < $4
ORDER BY place, fact_seq
