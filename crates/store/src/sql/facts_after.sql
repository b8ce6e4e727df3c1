-- Facts with their bodies: for each wanted branch those after a fact_seq, in
-- order, at most so many, and of all of them together no more bytes than $4
-- (but always one fact). An invoice's body is made from its row later.
--
-- Entries are looked up one by one: no guess of the planner's makes it read the
-- whole archive.
SELECT branch_id AS "branch_id!", tenant_id AS "tenant_id!", fact_seq AS "fact_seq!",
       fact_id AS "fact_id!", kind AS "kind!", schema_version AS "schema_version!",
       edge_id, series_id, invoice_no, occurred_at AS "occurred_at!", whole AS body
FROM (
    SELECT *, sum(COALESCE(octet_length(whole), 1024))
                  OVER (ORDER BY place, fact_seq
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (
        SELECT f.branch_id, f.tenant_id, f.fact_seq, f.fact_id, f.kind, f.schema_version,
               f.edge_id, f.series_id, f.invoice_no, f.occurred_at, wanted.place,
               COALESCE(f.body, (SELECT e.payload FROM edge_entry e
                                 WHERE e.edge_id = f.edge_id AND e.seq = f.entry_seq)) AS whole
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])
             WITH ORDINALITY AS wanted (branch_id, after_seq, most, place)
        CROSS JOIN LATERAL (
            SELECT * FROM fact
            WHERE fact.branch_id = wanted.branch_id AND fact.fact_seq > wanted.after_seq
            ORDER BY fact.fact_seq LIMIT wanted.most
        ) f
        OFFSET 0
    ) loaded
) bounded
WHERE COALESCE(bytes_before, 0) < $4
ORDER BY place, fact_seq
