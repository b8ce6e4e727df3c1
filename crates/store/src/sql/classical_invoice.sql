-- The classical gapless number: the counter's row is locked by its update until
-- the commit. All in one round trip, and the chain is left to the server, so
-- that the lock is held for as short a time as it can be.
WITH counter AS (
    UPDATE invoice_series
    SET last_no = last_no + 1, head_hash = sha256(head_hash || $2)
    WHERE series_id = $1
    RETURNING last_no, head_hash
),
mapping AS (
    UPDATE mapping_head SET last_seq = last_seq + 1 WHERE branch_id = $3 RETURNING last_seq
),
told AS (
    INSERT INTO outbox (tenant_id, branch_id, fact_id, kind, schema_version, series_id,
        invoice_no, occurred_at)
    SELECT $4, $3, $1::uuid || ':' || c.last_no, 'invoice.assigned', 1, $1, c.last_no, now()
    FROM counter c
)
INSERT INTO invoice (series_id, no, invoice_id, tenant_id, branch_id, mapping_seq, sale_id,
    ticket_id, edge_id, entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr,
    issued_at, prev_hash, hash)
SELECT $1, c.last_no, gen_random_uuid(), $4, $3, m.last_seq, $5, $6, $7, $8, $2, $9, $10, $11,
    now(), c.head_hash, c.head_hash
FROM counter c, mapping m
RETURNING no
