-- A sale's facts as one run, with the next places among its branch's. The
-- branch's row is locked until the commit.
WITH head AS (
    UPDATE fact_head SET last_seq = last_seq + cardinality($3::text[])
    WHERE branch_id = $2
    RETURNING last_seq
)
INSERT INTO outbox (
    tenant_id, branch_id, facts, first_seq, placed_at, fact_ids, kinds, schema_versions,
    edge_ids, entry_seqs, series_ids, invoice_nos, bodies, occurred_ats
)
SELECT
    $1, $2, cardinality($3), last_seq + 1 - cardinality($3), $12, $3, $4::text[], $5::smallint[],
    $6::uuid[], $7::bigint[], $8::uuid[], $9::bigint[], $10::bytea[], $11::timestamptz[]
FROM head
