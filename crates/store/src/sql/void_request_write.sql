-- Requests to undo sales as they stand. Of one that is known only the state
-- changes. Those that are decided come first: a sale has one pending request at
-- most, at every moment.
INSERT INTO void_request (
    void_request_id, tenant_id, branch_id, edge_id, entry_seq, sale_id, ticket_id,
    cash_session_id, requested_by, reason, requested_at, status, decided_by, decision_note,
    decided_at, command_id
)
SELECT
    v.void_request_id, v.tenant_id, v.branch_id, v.edge_id, v.entry_seq, v.sale_id, v.ticket_id,
    v.cash_session_id, v.requested_by, v.reason, v.requested_at, v.status, v.decided_by,
    v.decision_note, v.decided_at, v.command_id
FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::text[],
    $8::uuid[], $9::uuid[], $10::text[], $11::timestamptz[], $12::text[], $13::uuid[],
    $14::text[], $15::timestamptz[], $16::uuid[]
) AS v (
    void_request_id, tenant_id, branch_id, edge_id, entry_seq, sale_id, ticket_id,
    cash_session_id, requested_by, reason, requested_at, status, decided_by, decision_note,
    decided_at, command_id
)
ORDER BY v.status = 'PENDING', v.void_request_id
ON CONFLICT (void_request_id) DO UPDATE
SET status = EXCLUDED.status, decided_by = EXCLUDED.decided_by,
    decision_note = EXCLUDED.decision_note, decided_at = EXCLUDED.decided_at,
    command_id = EXCLUDED.command_id
