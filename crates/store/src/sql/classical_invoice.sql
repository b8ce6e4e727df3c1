INSERT INTO invoice (series_id, no, printed, invoice_id, tenant_id, branch_id, mapping_seq, sale_id,
    ticket_id, edge_id, entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr,
    issued_at, prev_hash, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
