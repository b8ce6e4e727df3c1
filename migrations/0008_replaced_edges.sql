-- Edges that replace others (ADR 0014).

-- `replaced_at`: an operator replaced it; what of it is on its way is still booked.
-- `sealed_at`: the edge that follows it has asked for what the books have, and from
-- then on they take nothing of it from the stream (its cursor is held).
ALTER TABLE edge ADD COLUMN replaced_at timestamptz;
ALTER TABLE edge ADD COLUMN sealed_at timestamptz;
ALTER TABLE edge ADD CHECK (replaced_at IS NULL OR state = 'RETIRED');
ALTER TABLE edge ADD CHECK (sealed_at IS NULL OR state = 'RETIRED');

-- Sessions and orders of former edges, and the edge that keeps each: whoever adopted
-- it, the newest epoch last. Written by the worker that books the adoption.
CREATE TABLE adopted (
    subject_id uuid NOT NULL,
    edge_id    uuid NOT NULL REFERENCES edge,
    what       text NOT NULL CHECK (what IN ('SESSION', 'ORDER')),
    tenant_id  uuid NOT NULL,
    branch_id  uuid NOT NULL,
    entry_seq  bigint NOT NULL,
    PRIMARY KEY (subject_id, edge_id)
);

CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON adopted
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_changed BEFORE UPDATE ON adopted
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON adopted TO tillstream_worker;
-- Ingest seals former edges when the new one asks.
GRANT SELECT ON adopted TO tillstream_ingest;
GRANT UPDATE (sealed_at) ON edge TO tillstream_ingest;
GRANT UPDATE (held_reason) ON edge_cursor TO tillstream_ingest;
