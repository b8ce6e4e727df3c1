INSERT INTO numbering_queue (
    tenant_id, branch_id, sale_id, ticket_id, edge_id, entry_seq, entry_hash,
    grand_total_usd, vat_usd, grand_total_khr, customer_id
)
SELECT
    q.tenant_id, q.branch_id, q.sale_id, q.ticket_id, q.edge_id, q.entry_seq, q.entry_hash,
    q.grand_total_usd, q.vat_usd, q.grand_total_khr, q.customer_id
FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::bigint[], $7::bytea[],
    $8::numeric[], $9::numeric[], $10::numeric[], $11::uuid[]
) WITH ORDINALITY AS q (
    tenant_id, branch_id, sale_id, ticket_id, edge_id, entry_seq, entry_hash,
    grand_total_usd, vat_usd, grand_total_khr, customer_id, place
)
-- A number that was issued before the books were restored stays the sale's.
WHERE NOT EXISTS (SELECT FROM numbered_ahead a WHERE a.sale_id = q.sale_id)
ORDER BY q.place
