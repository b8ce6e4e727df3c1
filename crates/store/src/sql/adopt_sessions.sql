-- Cash sessions of a branch's boxes that are open or were closed since, with the
-- entry that closed each and the number of its supplements.
SELECT
    s.cash_session_id,
    s.tenant_id,
    s.edge_id,
    s.device_id,
    s.opened_by,
    s.opened_at,
    s.opening_float_usd,
    s.opening_float_khr,
    e.edge_id AS "closed_edge?",
    d.epoch AS "epoch?",
    e.seq AS "seq?",
    e.prev_hash AS "prev_hash?",
    e.hash AS "hash?",
    e.kind AS "kind?",
    e.schema_version AS "schema_version?",
    e.recorded_at AS "recorded_at?",
    e.payload AS "payload?",
    COALESCE(
        (SELECT max(x.supplement_no) FROM z_supplement x WHERE x.cash_session_id = s.cash_session_id),
        0
    ) AS "supplements!"
FROM cash_session s
JOIN edge o ON o.edge_id = s.edge_id AND o.kind = 'STORE'
LEFT JOIN z_report z ON z.cash_session_id = s.cash_session_id
LEFT JOIN edge_entry e ON e.edge_id = z.edge_id AND e.seq = z.entry_seq
LEFT JOIN edge d ON d.edge_id = e.edge_id
WHERE s.branch_id = $1 AND (s.status = 'OPEN' OR s.closed_at >= $2)
ORDER BY s.opened_at, s.cash_session_id
OFFSET $3
LIMIT $4
