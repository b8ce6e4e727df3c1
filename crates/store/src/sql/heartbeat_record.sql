-- An edge's newest heartbeat, in the place of the one before it. What it proves, and
-- what the one that was to be proved proves by now, is kept (0009_completeness.sql).
WITH proof AS (
    SELECT
        $4::bigint = 0 OR EXISTS (
            SELECT FROM edge_entry e
            WHERE e.edge_id = $1 AND e.seq = $4 AND e.hash = $5
        ) AS newest,
        EXISTS (
            SELECT FROM edge_heartbeat h
            JOIN edge_entry e
              ON e.edge_id = h.edge_id AND e.seq = h.pending_seq AND e.hash = h.pending_hash
            WHERE h.edge_id = $1
        ) AS pending
)
INSERT INTO edge_heartbeat AS kept (
    edge_id, received_at, sent_at, journal_seq, journal_hash, confirmed_seq,
    oldest_unconfirmed_at, mapping_seq, highest_numbers, devices, journal_bytes,
    free_bytes, catalogue_version, catalogue_hash, software_version, clock_ahead_us,
    used_bytes, capacity_bytes, bytes_per_ticket, tickets_left, storage_level, outages,
    proved_at, pending_seq, pending_hash, pending_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10::text::jsonb, $11, $12, $13, $14,
       $15, $16, $17, $18, $19, $20, $21, $22::text::jsonb,
       CASE WHEN proof.newest THEN $23::timestamptz END,
       CASE WHEN NOT proof.newest AND $23 IS NOT NULL THEN $4 END,
       CASE WHEN NOT proof.newest AND $23 IS NOT NULL THEN $5::bytea END,
       CASE WHEN NOT proof.newest THEN $23 END
FROM proof
ON CONFLICT (edge_id) DO UPDATE SET
    received_at = EXCLUDED.received_at, sent_at = EXCLUDED.sent_at,
    journal_seq = EXCLUDED.journal_seq, journal_hash = EXCLUDED.journal_hash,
    confirmed_seq = EXCLUDED.confirmed_seq,
    oldest_unconfirmed_at = EXCLUDED.oldest_unconfirmed_at,
    mapping_seq = EXCLUDED.mapping_seq, highest_numbers = EXCLUDED.highest_numbers,
    devices = EXCLUDED.devices, journal_bytes = EXCLUDED.journal_bytes,
    free_bytes = EXCLUDED.free_bytes, catalogue_version = EXCLUDED.catalogue_version,
    catalogue_hash = EXCLUDED.catalogue_hash, software_version = EXCLUDED.software_version,
    clock_ahead_us = EXCLUDED.clock_ahead_us, used_bytes = EXCLUDED.used_bytes,
    capacity_bytes = EXCLUDED.capacity_bytes, bytes_per_ticket = EXCLUDED.bytes_per_ticket,
    tickets_left = EXCLUDED.tickets_left,
    storage_level = EXCLUDED.storage_level, outages = EXCLUDED.outages,
    proved_at = GREATEST(
        kept.proved_at, EXCLUDED.proved_at,
        CASE WHEN (SELECT pending FROM proof) THEN kept.pending_at END),
    pending_seq = CASE
        WHEN EXCLUDED.pending_seq IS NULL OR kept.pending_seq IS NULL OR (SELECT pending FROM proof)
        THEN EXCLUDED.pending_seq ELSE kept.pending_seq END,
    pending_hash = CASE
        WHEN EXCLUDED.pending_seq IS NULL OR kept.pending_seq IS NULL OR (SELECT pending FROM proof)
        THEN EXCLUDED.pending_hash ELSE kept.pending_hash END,
    pending_at = CASE
        WHEN EXCLUDED.pending_seq IS NULL OR kept.pending_seq IS NULL OR (SELECT pending FROM proof)
        THEN EXCLUDED.pending_at ELSE kept.pending_at END
