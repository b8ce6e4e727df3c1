-- What a back office decided about entries in quarantine, and what came of it.

-- WAITING: decided at `ingest`, not carried out yet. CARRIED_OUT: the worker that
-- holds the branch's shard did it, in the transaction that says so here; of a release
-- `applied` are the entries that it booked, in order, and `still_waiting` the
-- followers that wait on. REFUSED: it could not be done, and changed nothing; the
-- code and why.
CREATE TABLE quarantine_decision (
    decision_id    uuid PRIMARY KEY,
    tenant_id      uuid NOT NULL REFERENCES tenant,
    branch_id      uuid NOT NULL REFERENCES branch,
    edge_id        uuid NOT NULL,
    seq            bigint NOT NULL,
    decision       text NOT NULL CHECK (decision IN ('RELEASE', 'DISCARD')),
    -- Why an entry is given up.
    reason         text CHECK (octet_length(reason) BETWEEN 1 AND 2000),
    -- Whose token, and what its company calls it.
    token_id       uuid NOT NULL,
    decided_by     text NOT NULL,
    decided_at     timestamptz NOT NULL,
    state          text NOT NULL DEFAULT 'WAITING'
        CHECK (state IN ('WAITING', 'CARRIED_OUT', 'REFUSED')),
    applied        bigint[],
    still_waiting  bigint[],
    outcome_code   text,
    outcome_detail text,
    settled_at     timestamptz,
    CHECK ((decision = 'DISCARD') = (reason IS NOT NULL)),
    CHECK ((state = 'WAITING') = (settled_at IS NULL)),
    CHECK ((state = 'CARRIED_OUT') = (applied IS NOT NULL)),
    CHECK ((state = 'CARRIED_OUT') = (still_waiting IS NOT NULL)),
    CHECK ((state = 'REFUSED') = (outcome_code IS NOT NULL)),
    CHECK ((state = 'REFUSED') = (outcome_detail IS NOT NULL))
);
-- Of two decisions about one entry, one is carried out at a time.
CREATE UNIQUE INDEX quarantine_decision_one_waiting ON quarantine_decision (edge_id, seq)
    WHERE state = 'WAITING';

-- What back offices read page by page.
CREATE INDEX quarantine_by_tenant ON quarantine (tenant_id, edge_id, seq);

ALTER TABLE api_token DROP CONSTRAINT api_token_scopes_check;
ALTER TABLE api_token ADD CONSTRAINT api_token_scopes_check
    CHECK (cardinality(scopes) >= 1 AND scopes <@ ARRAY[
        'sales:write', 'sales:offline', 'books:read', 'catalogue:write', 'voids:decide',
        'staff:write', 'stock:write', 'quarantine:decide'
    ]);

-- The guards, as for the rest of the books (0003).
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON quarantine_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    decision_id, tenant_id, branch_id, edge_id, seq, decision, reason, token_id, decided_by,
    decided_at
    ON quarantine_decision FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Ingest decides, the worker carries out.
GRANT SELECT, INSERT ON quarantine_decision TO tillstream_ingest;
GRANT SELECT, UPDATE (state, applied, still_waiting, outcome_code, outcome_detail, settled_at)
    ON quarantine_decision TO tillstream_worker;
