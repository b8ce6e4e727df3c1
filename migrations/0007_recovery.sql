-- Backups of the books, and books that were restored from one (ADR 0013).

-- The database that the books were written in. A dump that is restored, a copy of
-- the cluster that is recovered to a moment, and a promoted standby are another one:
-- services that find the books elsewhere allocate nothing, place nothing and decide
-- nothing until `tillstream recover` has run.
CREATE TABLE books_home (
    only_one          boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    system_identifier bigint NOT NULL,
    database_oid      bigint NOT NULL,
    timeline          bigint NOT NULL,
    settled_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- When the books were found to be older than what others have seen of them: of one
-- company, or (`tenant_id` is null) of all. Open until a person has recovered them.
CREATE TABLE recovery (
    recovery_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id    uuid REFERENCES tenant,
    needed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_by      text NOT NULL,
    reason       text NOT NULL,
    recovered_at timestamptz,
    recovered_by text,
    -- What was done and what is left for a person, as JSON.
    report       text,
    CHECK ((recovered_at IS NULL) = (recovered_by IS NULL)),
    CHECK ((recovered_at IS NULL) = (report IS NULL))
);
CREATE UNIQUE INDEX recovery_one_open ON recovery (tenant_id) NULLS NOT DISTINCT
    WHERE recovered_at IS NULL;

-- Register rows that others hold, told while the books need recovery. `source`: an
-- edge's id, or `stream`.
CREATE TABLE register_witness (
    series_id   uuid NOT NULL,
    no          bigint NOT NULL CHECK (no >= 1),
    hash        bytea NOT NULL CHECK (length(hash) = 32),
    source      text NOT NULL,
    tenant_id   uuid NOT NULL,
    branch_id   uuid NOT NULL,
    mapping_seq bigint NOT NULL,
    -- The row as JSON (`InvoiceAssignedV1`).
    body        bytea COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (series_id, no, hash, source)
);
CREATE INDEX register_witness_by_branch ON register_witness (branch_id, source, mapping_seq);

-- Numbers that were issued to sales which are not in the books (any more): each keeps
-- its number. A sale that comes back finds it here and does not queue for another.
CREATE TABLE numbered_ahead (
    sale_id     uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL,
    ticket_id   text NOT NULL,
    series_id   uuid NOT NULL,
    no          bigint NOT NULL,
    edge_id     uuid NOT NULL,
    entry_seq   bigint NOT NULL,
    recovery_id bigint NOT NULL,
    UNIQUE (tenant_id, ticket_id)
);

-- Places among a branch's facts that were given out before the books were restored.
-- Their facts are told again under later places and the same ids.
CREATE TABLE fact_gap (
    branch_id   uuid NOT NULL,
    first_seq   bigint NOT NULL CHECK (first_seq >= 1),
    last_seq    bigint NOT NULL,
    recovery_id bigint NOT NULL,
    PRIMARY KEY (branch_id, first_seq),
    CHECK (last_seq >= first_seq)
);

-- Backups, as far as they were told of. `keep`: how many of the newest complete ones
-- the operator keeps; entries are pruned at edges below the oldest of those.
CREATE TABLE backup (
    backup_id    uuid PRIMARY KEY,
    began_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at timestamptz,
    keep         integer NOT NULL CHECK (keep >= 1),
    location     text NOT NULL,
    made_by      text NOT NULL
);
CREATE INDEX backup_completed ON backup (began_at) WHERE completed_at IS NOT NULL;

-- How far the books were with each edge's journal *before* a backup began: what it
-- holds at least.
CREATE TABLE backup_cursor (
    backup_id uuid NOT NULL REFERENCES backup,
    edge_id   uuid NOT NULL,
    last_seq  bigint NOT NULL,
    PRIMARY KEY (backup_id, edge_id)
);

-- The guards, as for the rest of the books (0003).
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['recovery', 'numbered_ahead', 'fact_gap', 'backup', 'backup_cursor'] LOOP
        EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
    END LOOP;
    FOREACH kept IN ARRAY ARRAY['numbered_ahead', 'fact_gap', 'backup_cursor'] LOOP
        EXECUTE format('CREATE TRIGGER never_changed BEFORE UPDATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
    END LOOP;
END
$$;
CREATE TRIGGER only_status_changes BEFORE UPDATE OF tenant_id, needed_at, seen_by, reason
    ON recovery FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF backup_id, began_at, keep, location, made_by
    ON backup FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every service looks, and may say that recovery is needed. None may say that it is
-- done: that is the owner's.
GRANT SELECT, INSERT ON recovery, books_home
    TO tillstream_worker, tillstream_relay, tillstream_numbering, tillstream_ingest;
GRANT SELECT ON numbered_ahead TO tillstream_worker, tillstream_ingest;
GRANT SELECT ON tenant, branch TO tillstream_relay;
GRANT SELECT ON fact_gap TO tillstream_ingest, tillstream_relay;
GRANT SELECT, INSERT ON register_witness TO tillstream_ingest;
GRANT SELECT ON backup, backup_cursor TO tillstream_ingest;
