-- What is needed to prove up to when a store is complete, and what edges say of their
-- room and outages. See domain::completeness.

-- `clock_ahead_us`: the centre's clock less the edge's, at most the true difference,
-- when `sent_at` is to be compared; null while the edge never had an answer.
-- `devices` says of each till whether it was revoked. `outages` is as the edge sent it.
-- `pending_*`: the oldest heartbeat since the newest proof: where the journal ended,
-- and when that was by the centre's clock. Once the books have that entry, that moment
-- is proved, and the newest heartbeat is the next to be. `proved_at` never goes back.
ALTER TABLE edge_heartbeat
    ADD COLUMN clock_ahead_us bigint,
    ADD COLUMN used_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN capacity_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN bytes_per_ticket bigint NOT NULL DEFAULT 0,
    ADD COLUMN tickets_left bigint NOT NULL DEFAULT 0,
    ADD COLUMN storage_level text NOT NULL DEFAULT 'ok'
        CHECK (storage_level IN ('ok', 'low', 'critical', 'full')),
    ADD COLUMN outages jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN pending_seq bigint,
    ADD COLUMN pending_hash bytea,
    ADD COLUMN pending_at timestamptz,
    ADD COLUMN proved_at timestamptz;

-- The open sessions of a store: their tills may hold sales.
CREATE INDEX cash_session_open ON cash_session (branch_id) WHERE status = 'OPEN';
