-- Sale entries that made no sale of their own: what their tickets' first
-- outcome was. A repeat has the payload or the request of the first; what has
-- another must have been raised as an exception.
SELECT
    r.edge_id AS "edge_id!",
    r.seq AS "seq!",
    t.ticket_id IS NOT NULL AS "known!",
    t.payload_hash IS NOT DISTINCT FROM r.payload_hash
    OR t.payload_hash IS NOT DISTINCT FROM r.request_hash
    OR EXISTS (
        SELECT FROM exception x
        WHERE x.kind = 'TICKET_CONFLICT' AND x.edge_id = r.edge_id AND x.entry_seq = r.seq
    ) AS "told!"
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::bytea[], $6::bytea[])
    AS r (edge_id, seq, tenant_id, ticket_id, payload_hash, request_hash)
LEFT JOIN ticket t ON t.tenant_id = r.tenant_id AND t.ticket_id = r.ticket_id
