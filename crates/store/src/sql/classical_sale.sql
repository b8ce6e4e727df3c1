INSERT INTO sale (
    sale_id, tenant_id, branch_id, edge_id, entry_seq, ticket_id, cash_session_id, device_id,
    cashier_id, customer_id, sale_type, status, finalized_at,
    subtotal_usd, item_discount_usd, branch_discount_usd, vat_usd, grand_total_usd,
    grand_total_khr, khr_rounding, payable_khr, fx_rate,
    tender_method, tender_currency, tender_received, tender_change, catalogue_version
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'FINALIZED', $12,
    $13, $14, $15, $16, $17, $18, $19, $20, $21, 'CASH', $22, $23, $24, $25
)
