-- Who may call the centre's HTTP API, and what they were answered.

-- A program of a company: its back office, its own app. Only the SHA-256 of its
-- secret is kept. Made and revoked by whoever keeps the books, by no service.
-- `scopes` mirrors `schemas::back_office::Scope`; `branch_ids`: the only branches
-- it may see, NULL is all of the company's.
CREATE TABLE api_token (
    token_id    uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenant,
    name        text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
    secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    scopes      text[] NOT NULL CHECK (cardinality(scopes) >= 1 AND scopes <@ ARRAY[
        'sales:write', 'books:read', 'catalogue:write', 'voids:decide', 'staff:write', 'stock:write'
    ]),
    branch_ids  uuid[] CHECK (cardinality(branch_ids) >= 1),
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX api_token_by_tenant ON api_token (tenant_id);

-- The first answer to a POST under a company's key, written in the transaction of
-- its effect. `request_hash`: of who asked, what and with which body.
CREATE TABLE api_request (
    tenant_id       uuid NOT NULL,
    idempotency_key text NOT NULL CHECK (octet_length(idempotency_key) BETWEEN 1 AND 128),
    request_hash    bytea NOT NULL CHECK (length(request_hash) = 32),
    status          smallint NOT NULL CHECK (status BETWEEN 200 AND 499),
    location        text,
    body            bytea COMPRESSION lz4 NOT NULL,
    answered_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, idempotency_key)
);
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON api_request
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_changed BEFORE UPDATE ON api_request
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What back offices read page by page.
CREATE INDEX exception_by_branch_time ON exception (branch_id, occurred_at);
CREATE INDEX audit_log_by_branch ON audit_log (branch_id, audit_id);

-- Of two decisions about one request to void, one goes to the store.
CREATE UNIQUE INDEX edge_command_one_waiting ON edge_command (void_request_id)
    WHERE state = 'WAITING';


GRANT SELECT ON api_token TO tillstream_ingest;
GRANT SELECT, INSERT ON api_request TO tillstream_ingest;
GRANT INSERT ON audit_log, catalogue_version TO tillstream_ingest;
-- FOR NO KEY UPDATE asks for UPDATE of any column.
GRANT UPDATE (name) ON branch TO tillstream_ingest;
GRANT UPDATE (time_zone) ON tenant TO tillstream_ingest;
GRANT INSERT ON stock_journal, outbox TO tillstream_ingest;
GRANT INSERT, UPDATE ON stock_level TO tillstream_ingest;

-- The sales of a store on some days, both ends within them, as `2026-11-21`. Days are
-- those of the company's time zone; reports add them up.
CREATE FUNCTION sales_of_days(branch uuid, first_day text, last_day text)
RETURNS SETOF sale LANGUAGE sql STABLE AS $$
    SELECT s.*
    FROM branch b
    JOIN tenant t ON t.tenant_id = b.tenant_id
    JOIN sale s ON s.branch_id = b.branch_id
        AND s.finalized_at >= ($2::date)::timestamp AT TIME ZONE t.time_zone
        AND s.finalized_at < ($3::date + 1)::timestamp AT TIME ZONE t.time_zone
    WHERE b.branch_id = $1
$$;
