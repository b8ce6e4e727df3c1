-- What each edge said of itself last, beside what the books hold of it.
SELECT
    d.edge_id AS "edge_id!",
    b.name AS "branch_name!",
    c.last_seq AS "last_seq!",
    c.head_hash AS "head_hash!",
    c.held_reason AS "held_reason?",
    h.journal_seq AS "journal_seq?",
    h.journal_hash AS "journal_hash?",
    h.confirmed_seq AS "confirmed_seq?",
    h.mapping_seq AS "mapping_seq?",
    e.hash AS "entry_hash?",
    COALESCE(m.last_seq, 0) AS "mapping_head!"
FROM edge d
JOIN branch b ON b.branch_id = d.branch_id
JOIN edge_cursor c ON c.edge_id = d.edge_id
LEFT JOIN edge_heartbeat h ON h.edge_id = d.edge_id
LEFT JOIN edge_entry e ON e.edge_id = h.edge_id AND e.seq = h.journal_seq
LEFT JOIN mapping_head m ON m.branch_id = d.branch_id
-- A door edge is in the books themselves and reports to nobody.
WHERE d.kind = 'STORE'
ORDER BY b.name, d.epoch
