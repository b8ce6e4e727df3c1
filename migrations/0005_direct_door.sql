-- The direct door: clients without an edge. What they submit is kept here before
-- any answer; a worker decides it and writes its entry into the journal of the
-- branch's *door edge*, which is in the books themselves (ADR 0010).

-- STORE: a box in a store. DIRECT: the door edge of a branch. Its journal is
-- written by the worker that books it; nobody sends entries, requests or
-- heartbeats under its name. At most one of each kind is ACTIVE per branch.
ALTER TABLE edge ADD COLUMN kind text NOT NULL DEFAULT 'STORE'
    CHECK (kind IN ('STORE', 'DIRECT'));
-- How far the door's journal was when a STORE edge was enrolled: orders of what the
-- door sells later are handed over to it.
ALTER TABLE edge ADD COLUMN door_seq bigint NOT NULL DEFAULT 0 CHECK (door_seq >= 0);
ALTER TABLE edge DROP CONSTRAINT edge_branch_id_epoch_key;
ALTER TABLE edge ADD UNIQUE (branch_id, kind, epoch);
DROP INDEX edge_one_active_per_branch;
CREATE UNIQUE INDEX edge_one_active_per_branch ON edge (branch_id, kind) WHERE state = 'ACTIVE';

-- An online order has no cash session; a cash sale has one.
ALTER TABLE sale ALTER COLUMN cash_session_id DROP NOT NULL;
ALTER TABLE sale DROP CONSTRAINT sale_tender_method_check;
ALTER TABLE sale ADD CONSTRAINT sale_tender_method_check
    CHECK (tender_method IN ('CASH', 'KHQR', 'ACCOUNT'));
ALTER TABLE sale ADD CONSTRAINT sale_cash_has_session
    CHECK (tender_method <> 'CASH' OR cash_session_id IS NOT NULL);

-- Requests at the direct door, one for each ticket, for good. PENDING: kept, not
-- decided. BOOKED: decided; `edge_id` and `entry_seq` name the entry, `made_id`
-- what it made. REFUSED: decided; the code and why. Whoever decides locks the door
-- edge's cursor first.
CREATE TABLE submission (
    tenant_id         uuid NOT NULL REFERENCES tenant,
    ticket_id         text NOT NULL
        CHECK (octet_length(ticket_id) BETWEEN 1 AND 128 AND ticket_id COLLATE "C" !~ '[^!-~]'),
    -- UUID v5 of company and ticket: its name in URLs.
    submission_id     uuid NOT NULL UNIQUE,
    submission_no     bigint GENERATED ALWAYS AS IDENTITY,
    branch_id         uuid NOT NULL REFERENCES branch,
    kind              text NOT NULL,
    body_hash         bytea NOT NULL CHECK (length(body_hash) = 32),
    body              bytea COMPRESSION lz4 NOT NULL,
    -- Completed by a paired client while it had no line: a fact, never refused for
    -- what speaks against it.
    offline_completed boolean NOT NULL,
    -- Who sent it, as its token says.
    client_id         uuid NOT NULL,
    client_name       text NOT NULL,
    received_at       timestamptz NOT NULL,
    state             text NOT NULL DEFAULT 'PENDING'
        CHECK (state IN ('PENDING', 'BOOKED', 'REFUSED')),
    outcome_code      text,
    outcome_detail    text,
    made_id           uuid,
    edge_id           uuid,
    entry_seq         bigint,
    settled_at        timestamptz,
    PRIMARY KEY (tenant_id, ticket_id),
    CHECK ((state = 'PENDING') = (settled_at IS NULL)),
    CHECK ((state = 'REFUSED') = (outcome_code IS NOT NULL)),
    CHECK ((state = 'REFUSED') = (outcome_detail IS NOT NULL)),
    CHECK ((state = 'BOOKED') = (made_id IS NOT NULL)),
    CHECK ((state = 'BOOKED') = (entry_seq IS NOT NULL)),
    CHECK ((edge_id IS NULL) = (entry_seq IS NULL))
);
CREATE INDEX submission_pending ON submission (tenant_id, branch_id, submission_no)
    WHERE state = 'PENDING';

-- What came under a ticket that had another payload: refused, and told once.
CREATE TABLE submission_conflict (
    tenant_id   uuid NOT NULL,
    ticket_id   text NOT NULL,
    body_hash   bytea NOT NULL CHECK (length(body_hash) = 32),
    client_id   uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, ticket_id, body_hash)
);

-- A customer's house account. `balance_usd` is the sum of its charges; its row is
-- locked by whoever charges it.
CREATE TABLE customer_account (
    tenant_id        uuid NOT NULL REFERENCES tenant,
    customer_id      uuid NOT NULL,
    name             text NOT NULL CHECK (name <> ''),
    credit_limit_usd numeric(18, 2) NOT NULL CHECK (credit_limit_usd >= 0),
    balance_usd      numeric(18, 2) NOT NULL DEFAULT 0,
    opened_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id)
);

-- What sales on account were charged, one row for each. `balance_after` is null
-- where the customer had no account: a fact that an exception tells of.
CREATE TABLE account_charge (
    sale_id       uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL,
    customer_id   uuid NOT NULL,
    branch_id     uuid NOT NULL,
    amount_usd    numeric(18, 2) NOT NULL,
    balance_after numeric(18, 2),
    edge_id       uuid NOT NULL,
    entry_seq     bigint NOT NULL,
    occurred_at   timestamptz NOT NULL
);
CREATE INDEX account_charge_by_customer ON account_charge (tenant_id, customer_id);

-- Online orders that the store's edge makes: one row for each, written with the sale
-- in a store that has an edge (ADR 0012). WAITING: given to the edge with each answer
-- to its heartbeat; nobody moves the order. ACCEPTED: the edge's journal says so
-- (`edge_id`, `entry_seq`), and from there it alone moves it. What is to be made is in
-- the sale's entry.
CREATE TABLE order_handover (
    order_id       uuid PRIMARY KEY,
    tenant_id      uuid NOT NULL,
    branch_id      uuid NOT NULL,
    sale_id        uuid NOT NULL UNIQUE,
    sale_edge_id   uuid NOT NULL,
    sale_entry_seq bigint NOT NULL,
    handed_at      timestamptz NOT NULL,
    state          text NOT NULL DEFAULT 'WAITING' CHECK (state IN ('WAITING', 'ACCEPTED')),
    accepted_at    timestamptz,
    edge_id        uuid,
    entry_seq      bigint,
    CHECK ((state = 'WAITING') = (accepted_at IS NULL)),
    CHECK ((state = 'WAITING') = (edge_id IS NULL)),
    CHECK ((state = 'WAITING') = (entry_seq IS NULL))
);
CREATE INDEX order_handover_waiting ON order_handover (branch_id, handed_at)
    WHERE state = 'WAITING';

-- A paired client has a scope of its own.
ALTER TABLE api_token DROP CONSTRAINT api_token_scopes_check;
ALTER TABLE api_token ADD CONSTRAINT api_token_scopes_check
    CHECK (cardinality(scopes) >= 1 AND scopes <@ ARRAY[
        'sales:write', 'sales:offline', 'books:read', 'catalogue:write', 'voids:decide',
        'staff:write', 'stock:write'
    ]);

-- The guards, as for the rest of the books (0003).
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'submission', 'submission_conflict', 'account_charge', 'order_handover'
    ] LOOP
        EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
    END LOOP;
    FOREACH kept IN ARRAY ARRAY['submission_conflict', 'account_charge'] LOOP
        EXECUTE format('CREATE TRIGGER never_changed BEFORE UPDATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
    END LOOP;
END
$$;
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    tenant_id, ticket_id, submission_id, branch_id, kind, body_hash, body, offline_completed,
    client_id, client_name, received_at
    ON submission FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    order_id, tenant_id, branch_id, sale_id, sale_edge_id, sale_entry_seq, handed_at
    ON order_handover FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The worker decides and charges, and hands orders over.
GRANT SELECT, UPDATE (state, outcome_code, outcome_detail, made_id, edge_id, entry_seq, settled_at)
    ON submission TO tillstream_worker;
GRANT SELECT, UPDATE (balance_usd) ON customer_account TO tillstream_worker;
GRANT INSERT ON account_charge TO tillstream_worker;
GRANT SELECT, INSERT, UPDATE (state, accepted_at, edge_id, entry_seq) ON order_handover
    TO tillstream_worker;

-- Ingest keeps what comes, makes a branch's door edge with its first submission,
-- opens accounts, and tells of what came under a ticket that was taken.
GRANT SELECT, INSERT ON submission, submission_conflict TO tillstream_ingest;
GRANT SELECT, INSERT, UPDATE (name, credit_limit_usd) ON customer_account TO tillstream_ingest;
GRANT SELECT ON account_charge, order_handover TO tillstream_ingest;
GRANT INSERT ON edge, edge_cursor, outbox, audit_log TO tillstream_ingest;
