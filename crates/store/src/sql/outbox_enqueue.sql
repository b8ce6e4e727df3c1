-- One row for each run: its share of the flat columns, which hold the facts of
-- the first run, then those of the second, and so on.
INSERT INTO outbox (
    tenant_id, branch_id, facts, fact_ids, kinds, schema_versions,
    edge_ids, entry_seqs, series_ids, invoice_nos, bodies, occurred_ats
)
SELECT
    run.tenant_id, run.branch_id, run.facts,
    ($4::text[])[run.first:run.last],
    ($5::text[])[run.first:run.last],
    ($6::integer[])[run.first:run.last]::smallint[],
    ($7::uuid[])[run.first:run.last],
    ($8::bigint[])[run.first:run.last],
    ($9::uuid[])[run.first:run.last],
    ($10::bigint[])[run.first:run.last],
    ($11::bytea[])[run.first:run.last],
    ($12::timestamptz[])[run.first:run.last]
FROM (
    SELECT tenant_id, branch_id, facts, place,
           (sum(facts) OVER (ORDER BY place) - facts + 1)::integer AS first,
           (sum(facts) OVER (ORDER BY place))::integer AS last
    FROM unnest($1::uuid[], $2::uuid[], $3::integer[])
        WITH ORDINALITY AS sizes (tenant_id, branch_id, facts, place)
) run
ORDER BY run.place
