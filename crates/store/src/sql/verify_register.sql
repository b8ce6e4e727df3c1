-- The register, in the order of its numbers. Streamed: never held whole.
SELECT
    s.series_id AS "head_series_id!",
    s.last_no AS "last_no!",
    s.head_hash AS "head_hash!",
    s.state AS "state!",
    i.no AS "no?",
    i.printed AS "printed?",
    i.invoice_id AS "invoice_id?",
    i.tenant_id AS "tenant_id?",
    i.branch_id AS "branch_id?",
    i.mapping_seq AS "mapping_seq?",
    i.sale_id AS "sale_id?",
    i.ticket_id AS "ticket_id?",
    i.edge_id AS "edge_id?",
    i.entry_seq AS "entry_seq?",
    i.entry_hash AS "entry_hash?",
    i.grand_total_usd AS "grand_total_usd?",
    i.vat_usd AS "vat_usd?",
    i.grand_total_khr AS "grand_total_khr?",
    i.issued_at AS "issued_at?",
    i.prev_hash AS "prev_hash?",
    i.hash AS "hash?"
FROM invoice_series s
LEFT JOIN invoice i ON i.series_id = s.series_id
ORDER BY s.series_id, i.no
