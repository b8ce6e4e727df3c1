-- Sales of a branch's boxes since, each with its entry and where it stands.
SELECT
    e.edge_id,
    d.epoch,
    e.seq,
    e.prev_hash,
    e.hash,
    e.kind,
    e.schema_version,
    e.recorded_at,
    e.payload,
    s.status AS sale_status,
    o.status AS order_status,
    o.updated_at
FROM sale s
JOIN edge d ON d.edge_id = s.edge_id AND d.kind = 'STORE'
JOIN cash_session c
    ON c.cash_session_id = s.cash_session_id AND (c.status = 'OPEN' OR c.closed_at >= $2)
JOIN edge_entry e ON e.edge_id = s.edge_id AND e.seq = s.entry_seq
JOIN sale_order o ON o.sale_id = s.sale_id
WHERE s.branch_id = $1 AND s.finalized_at >= $2
ORDER BY s.finalized_at, s.sale_id
OFFSET $3
LIMIT $4
