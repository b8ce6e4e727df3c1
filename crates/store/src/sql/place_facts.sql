-- Moves up to $1 facts from the outbox to the fact log, giving each the next
-- place of its branch, in the order of their outbox ids.
--
-- Rows are taken by being there, never by id above a mark: lower ids commit
-- later. Two relays at once are safe: the second waits for the first's rows
-- and heads, sees that they are gone or moved on, and takes what is left. The
-- DELETE is the lock: locking the rows first would write each of them twice.
-- A fact id that has its place already is told already: it is taken and left.
--
-- Written so that no guess of the planner's makes it read the whole log.
WITH taken AS MATERIALIZED (
    DELETE FROM outbox
    WHERE outbox_id = ANY (ARRAY(SELECT outbox_id FROM outbox ORDER BY outbox_id LIMIT $1))
    RETURNING *
), fresh AS MATERIALIZED (
    SELECT DISTINCT ON (fact_id) * FROM taken
    WHERE (SELECT fact.fact_seq FROM fact WHERE fact.fact_id = taken.fact_id) IS NULL
    ORDER BY fact_id, outbox_id
), per_branch AS (
    SELECT branch_id, min(tenant_id::text)::uuid AS tenant_id, count(*) AS facts
    FROM fresh GROUP BY branch_id
), heads AS (
    INSERT INTO fact_head (branch_id, tenant_id, last_seq)
    SELECT branch_id, tenant_id, facts FROM per_branch ORDER BY branch_id
    ON CONFLICT (branch_id) DO UPDATE SET last_seq = fact_head.last_seq + EXCLUDED.last_seq
    RETURNING branch_id, last_seq
), placed AS (
    INSERT INTO fact (branch_id, fact_seq, tenant_id, fact_id, kind, schema_version, edge_id,
                      entry_seq, series_id, invoice_no, body, occurred_at, placed_at)
    SELECT fresh.branch_id,
           heads.last_seq - per_branch.facts
               + row_number() OVER (PARTITION BY fresh.branch_id ORDER BY fresh.outbox_id),
           fresh.tenant_id, fresh.fact_id, fresh.kind, fresh.schema_version, fresh.edge_id,
           fresh.entry_seq, fresh.series_id, fresh.invoice_no, fresh.body, fresh.occurred_at, $2
    FROM fresh JOIN per_branch USING (branch_id) JOIN heads USING (branch_id)
    RETURNING 1
)
SELECT (SELECT count(*) FROM taken) AS "taken!", (SELECT count(*) FROM fresh) AS "fresh!",
       (SELECT count(*) FROM placed) AS "placed!"
