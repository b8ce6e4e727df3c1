INSERT INTO z_report (
    cash_session_id, tenant_id, branch_id, edge_id, entry_seq, device_id, closed_by, closed_at,
    sale_count, sales_usd, vat_usd, void_count, voids_usd, counted_usd, counted_khr,
    difference_usd, difference_khr, body
)
SELECT
    z.cash_session_id, z.tenant_id, z.branch_id, z.edge_id, z.entry_seq, z.device_id, z.closed_by,
    z.closed_at, z.sale_count, z.sales_usd, z.vat_usd, z.void_count, z.voids_usd, z.counted_usd,
    z.counted_khr, z.difference_usd, z.difference_khr, z.body
FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::uuid[],
    $8::timestamptz[], $9::bigint[], $10::numeric[], $11::numeric[], $12::bigint[],
    $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[], $17::numeric[], $18::bytea[]
) AS z (
    cash_session_id, tenant_id, branch_id, edge_id, entry_seq, device_id, closed_by, closed_at,
    sale_count, sales_usd, vat_usd, void_count, voids_usd, counted_usd, counted_khr,
    difference_usd, difference_khr, body
)
