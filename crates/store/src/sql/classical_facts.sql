-- A sale's facts, with the next places among its branch's. The branch's row is
-- locked until the commit.
WITH head AS (
    UPDATE fact_head
    SET last_seq = last_seq + cardinality($3::text[])
    WHERE branch_id = $1
    RETURNING last_seq - cardinality($3::text[]) AS before
)
INSERT INTO fact (branch_id, fact_seq, tenant_id, fact_id, kind, schema_version, edge_id,
    entry_seq, body, occurred_at)
SELECT $1, h.before + f.place, $2, f.fact_id, f.kind, 1, $6, $7, f.body, $8
FROM head h, unnest($3::text[], $4::text[], $5::bytea[]) WITH ORDINALITY
    AS f (fact_id, kind, body, place)
