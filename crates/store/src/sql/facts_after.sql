-- Facts with their bodies: for each wanted branch those after a fact_seq, or
-- from the first that is kept, in order, at most so many, and of all of them
-- together no more bytes than $4 (but always one fact). An invoice's body is
-- made from its row later.
--
-- Runs are read by a range of their places, from the one that holds the first
-- place wanted, and entries are looked up one by one: no guess of the planner's
-- makes it read the whole log or archive.
SELECT branch_id AS "branch_id!", tenant_id AS "tenant_id!", fact_seq AS "fact_seq!",
       fact_id AS "fact_id!", kind AS "kind!", schema_version AS "schema_version!",
       edge_id, series_id, invoice_no, occurred_at AS "occurred_at!", whole AS body
FROM (
    SELECT *, sum(COALESCE(octet_length(whole), 1024))
                  OVER (ORDER BY place, fact_seq
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (
        SELECT f.*, wanted.branch_id, wanted.place,
               COALESCE(f.body, (SELECT e.payload FROM edge_entry e
                                 WHERE e.edge_id = f.edge_id AND e.seq = f.entry_seq)) AS whole
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])
             WITH ORDINALITY AS wanted (branch_id, after_seq, most, place)
        CROSS JOIN LATERAL (
            SELECT GREATEST(wanted.after_seq + 1, (
                SELECT first_seq FROM outbox
                WHERE branch_id = wanted.branch_id AND first_seq IS NOT NULL
                ORDER BY first_seq LIMIT 1
            )) AS first
            OFFSET 0
        ) kept
        CROSS JOIN LATERAL (
            SELECT * FROM outbox
            WHERE branch_id = wanted.branch_id
              AND first_seq >= (
                  SELECT first_seq FROM outbox
                  WHERE branch_id = wanted.branch_id AND first_seq <= kept.first
                  ORDER BY first_seq DESC LIMIT 1
              )
              AND first_seq < kept.first + wanted.most
            ORDER BY first_seq LIMIT wanted.most
        ) run
        CROSS JOIN LATERAL (
            SELECT run.tenant_id, run.first_seq + told.element - 1 AS fact_seq, told.*
            FROM unnest(
                run.fact_ids, run.kinds, run.schema_versions, run.edge_ids, run.entry_seqs,
                run.series_ids, run.invoice_nos, run.bodies, run.occurred_ats
            ) WITH ORDINALITY AS told (
                fact_id, kind, schema_version, edge_id, entry_seq,
                series_id, invoice_no, body, occurred_at, element
            )
        ) f
        WHERE f.fact_seq >= kept.first AND f.fact_seq < kept.first + wanted.most
        OFFSET 0
    ) loaded
) bounded
WHERE COALESCE(bytes_before, 0) < $4
ORDER BY place, fact_seq
