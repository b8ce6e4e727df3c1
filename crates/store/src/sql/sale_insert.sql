INSERT INTO sale (
    sale_id, tenant_id, branch_id, edge_id, entry_seq, ticket_id, cash_session_id, device_id,
    cashier_id, customer_id, sale_type, status, finalized_at,
    subtotal_usd, item_discount_usd, branch_discount_usd, vat_usd, grand_total_usd,
    grand_total_khr, khr_rounding, payable_khr, fx_rate,
    tender_method, tender_currency, tender_received, tender_change, catalogue_version
)
SELECT
    s.sale_id, s.tenant_id, s.branch_id, s.edge_id, s.entry_seq, s.ticket_id, s.cash_session_id,
    s.device_id, s.cashier_id, s.customer_id, s.sale_type, 'FINALIZED', s.finalized_at,
    s.subtotal_usd, s.item_discount_usd, s.branch_discount_usd, s.vat_usd, s.grand_total_usd,
    s.grand_total_khr, s.khr_rounding, s.payable_khr, s.fx_rate,
    s.tender_method, s.tender_currency, s.tender_received, s.tender_change, s.catalogue_version
FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::uuid[],
    $8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::timestamptz[],
    $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[], $17::numeric[],
    $18::numeric[], $19::numeric[], $20::numeric[], $21::numeric[],
    $22::text[], $23::text[], $24::numeric[], $25::numeric[], $26::bigint[]
) AS s (
    sale_id, tenant_id, branch_id, edge_id, entry_seq, ticket_id, cash_session_id,
    device_id, cashier_id, customer_id, sale_type, finalized_at,
    subtotal_usd, item_discount_usd, branch_discount_usd, vat_usd, grand_total_usd,
    grand_total_khr, khr_rounding, payable_khr, fx_rate,
    tender_method, tender_currency, tender_received, tender_change, catalogue_version
)
