INSERT INTO outbox (
    tenant_id, branch_id, fact_id, kind, schema_version,
    edge_id, entry_seq, series_id, invoice_no, body, occurred_at
)
SELECT
    f.tenant_id, f.branch_id, f.fact_id, f.kind, f.schema_version::smallint,
    f.edge_id, f.entry_seq, f.series_id, f.invoice_no, f.body, f.occurred_at
FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::integer[],
    $6::uuid[], $7::bigint[], $8::uuid[], $9::bigint[], $10::bytea[], $11::timestamptz[]
) WITH ORDINALITY AS f (
    tenant_id, branch_id, fact_id, kind, schema_version,
    edge_id, entry_seq, series_id, invoice_no, body, occurred_at, place
)
ORDER BY f.place
