-- How far each store with an active edge is, and what proves up to when it is
-- complete: of all stores ($1 null) or of these.
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
    h.received_at AS "received_at?",
    h.sent_at AS "sent_at?",
    h.clock_ahead_us AS "clock_ahead_us?",
    h.journal_seq AS "journal_seq?",
    h.oldest_unconfirmed_at AS "oldest_unconfirmed_at?",
    h.journal_bytes AS "journal_bytes?",
    h.free_bytes AS "free_bytes?",
    h.used_bytes AS "used_bytes?",
    h.capacity_bytes AS "capacity_bytes?",
    h.bytes_per_ticket AS "bytes_per_ticket?",
    h.tickets_left AS "tickets_left?",
    h.storage_level AS "storage_level?",
    h.outages::text AS "outages?",
    h.devices::text AS "devices?",
    h.software_version AS "software_version?",
    h.proved_at AS "proved_at?",
    h.pending_at AS "pending_at?",
    COALESCE(h.journal_seq = 0, false) OR EXISTS (
        SELECT FROM edge_entry e
        WHERE e.edge_id = h.edge_id AND e.seq = h.journal_seq AND e.hash = h.journal_hash
    ) AS "newest_proved!",
    EXISTS (
        SELECT FROM edge_entry e
        WHERE e.edge_id = h.edge_id AND e.seq = h.pending_seq AND e.hash = h.pending_hash
    ) AS "pending_proved!",
    aside.recorded_at AS "aside_recorded_at?",
    aside.set_aside_at AS "set_aside_at?",
    unnumbered.recorded_at AS "unnumbered_recorded_at?",
    unnumbered.queued_at AS "unnumbered_queued_at?",
    open.devices AS "open_devices!",
    open.opened AS "open_since!",
    older.unproved AS "older_unproved?",
    older.proved_at AS "older_proved_at?"
FROM edge d
JOIN tenant t ON t.tenant_id = d.tenant_id
JOIN branch b ON b.branch_id = d.branch_id
LEFT JOIN edge_cursor c ON c.edge_id = d.edge_id
LEFT JOIN edge_heartbeat h ON h.edge_id = d.edge_id
LEFT JOIN mapping_head m ON m.branch_id = d.branch_id
CROSS JOIN LATERAL (
    SELECT min(e.recorded_at) AS recorded_at, min(q.quarantined_at) AS set_aside_at
    FROM edge own
    JOIN quarantine q ON q.edge_id = own.edge_id AND q.state = 'WAITING'
    JOIN edge_entry e ON e.edge_id = q.edge_id AND e.seq = q.seq
    WHERE own.branch_id = d.branch_id
) aside
-- The oldest of each edge's: entries are queued in their order.
CROSS JOIN LATERAL (
    SELECT min(e.recorded_at) AS recorded_at, min(q.queued_at) AS queued_at
    FROM (
        SELECT edge_id, min(entry_seq) AS seq, min(queued_at) AS queued_at
        FROM numbering_queue
        WHERE tenant_id = d.tenant_id AND branch_id = d.branch_id
        GROUP BY edge_id
    ) q
    JOIN edge_entry e ON e.edge_id = q.edge_id AND e.seq = q.seq
) unnumbered
CROSS JOIN LATERAL (
    SELECT COALESCE(array_agg(s.device_id), '{}') AS devices,
           COALESCE(array_agg(s.opened_at), '{}') AS opened
    FROM cash_session s
    JOIN edge own ON own.edge_id = s.edge_id AND own.kind = 'STORE'
    WHERE s.branch_id = d.branch_id AND s.status = 'OPEN'
) open
-- Boxes that this one replaced, and that said they had more than the books.
CROSS JOIN LATERAL (
    SELECT bool_or(old.proved_at IS NULL) AS unproved, min(old.proved_at) AS proved_at
    FROM edge own
    JOIN edge_heartbeat old ON old.edge_id = own.edge_id
    LEFT JOIN edge_cursor had ON had.edge_id = own.edge_id
    WHERE own.branch_id = d.branch_id AND own.kind = 'STORE' AND own.state = 'RETIRED'
      AND old.journal_seq > COALESCE(had.last_seq, 0)
) older
WHERE d.state = 'ACTIVE' AND d.kind = 'STORE'
  AND ($1::uuid[] IS NULL OR d.branch_id = ANY ($1))
ORDER BY t.name, b.name
