-- Every archived entry in the order of its journal, with the sale that was
-- booked from it and what became of it otherwise. Streamed: never held whole.
SELECT
    e.edge_id AS "edge_id!",
    e.seq AS "seq!",
    e.kind AS "kind!",
    e.schema_version AS "schema_version!",
    e.recorded_at AS "recorded_at!",
    e.prev_hash AS "prev_hash!",
    e.hash AS "hash!",
    e.payload AS "payload!",
    q.state AS "quarantine_state?",
    q.reason AS "quarantine_reason?",
    s.sale_id AS "sale_id?",
    s.tenant_id AS "tenant_id?",
    s.branch_id AS "branch_id?",
    s.ticket_id AS "ticket_id?",
    s.cash_session_id AS "cash_session_id?",
    s.device_id AS "device_id?",
    s.cashier_id AS "cashier_id?",
    s.customer_id AS "customer_id?",
    s.finalized_at AS "finalized_at?",
    s.subtotal_usd AS "subtotal_usd?",
    s.item_discount_usd AS "item_discount_usd?",
    s.branch_discount_usd AS "branch_discount_usd?",
    s.vat_usd AS "vat_usd?",
    s.grand_total_usd AS "grand_total_usd?",
    s.grand_total_khr AS "grand_total_khr?",
    s.khr_rounding AS "khr_rounding?",
    s.payable_khr AS "payable_khr?",
    s.fx_rate AS "fx_rate?",
    s.tender_currency AS "tender_currency?",
    s.tender_received AS "tender_received?",
    s.tender_change AS "tender_change?",
    s.catalogue_version AS "catalogue_version?",
    l.lines AS "lines?",
    l.units AS "units?"
FROM edge_entry e
LEFT JOIN sale s ON s.edge_id = e.edge_id AND s.entry_seq = e.seq AND e.kind = 'sale.finalized'
LEFT JOIN (
    SELECT sale_id, count(*) AS lines, sum(quantity) AS units FROM sale_line GROUP BY sale_id
) l ON l.sale_id = s.sale_id
LEFT JOIN quarantine q ON q.edge_id = e.edge_id AND q.seq = e.seq
ORDER BY e.edge_id, e.seq, s.sale_id
