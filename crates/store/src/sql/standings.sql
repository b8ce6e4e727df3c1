-- How far each store with an active edge is.
SELECT
    t.tenant_id AS "tenant_id!",
    t.name AS "company!",
    b.branch_id AS "branch_id!",
    b.name AS "store!",
    d.edge_id AS "edge_id!",
    COALESCE(c.last_seq, 0) AS "last_seq!",
    c.held_reason AS "held_reason?",
    COALESCE(m.last_seq, 0) AS "numbered!",
    (extract(epoch FROM clock_timestamp() - h.received_at) * 1000000)::bigint AS "ago_us?",
    h.journal_seq AS "journal_seq?",
    h.oldest_unconfirmed_at AS "oldest_unconfirmed_at?",
    h.free_bytes AS "free_bytes?"
FROM edge d
JOIN tenant t ON t.tenant_id = d.tenant_id
JOIN branch b ON b.branch_id = d.branch_id
LEFT JOIN edge_cursor c ON c.edge_id = d.edge_id
LEFT JOIN edge_heartbeat h ON h.edge_id = d.edge_id
LEFT JOIN mapping_head m ON m.branch_id = d.branch_id
WHERE d.state = 'ACTIVE' AND d.kind = 'STORE'
ORDER BY t.name, b.name
