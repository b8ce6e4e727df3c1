-- KHQR: the codes that customers were shown, what was found paid of them, which
-- sale claims which payment, and how often Bakong was asked.

-- A code, written before a till shows it. OPEN: shown; nobody knows of a payment.
-- SUPERSEDED: the same ticket has a newer one; it may have been paid all the same.
-- PAID: Bakong told `ingest` of a payment that fits. CLAIMED: a sale that names the
-- payment is in the books, written by the worker that booked it.
--
-- `locked`: what the cart was priced at, of codes of the direct door; an edge keeps
-- that of its own codes itself.
--
-- The payment is written once, whatever the state. `raised_at`: an exception tells
-- a person of a payment that no sale claims.
CREATE TABLE khqr_intent (
    md5                 text PRIMARY KEY CHECK (md5 ~ '^[0-9a-f]{32}$'),
    tenant_id           uuid NOT NULL,
    branch_id           uuid NOT NULL,
    edge_id             uuid NOT NULL,
    ticket_id           text NOT NULL,
    cash_session_id     uuid,
    device_id           uuid NOT NULL,
    staff_id            uuid NOT NULL,
    currency            text NOT NULL CHECK (currency IN ('USD', 'KHR')),
    amount              numeric(18, 2) NOT NULL CHECK (amount > 0),
    to_account_id       text NOT NULL,
    payload             text NOT NULL CHECK (octet_length(payload) <= 2048),
    cart_hash           bytea NOT NULL CHECK (length(cart_hash) = 32),
    locked              jsonb,
    created_at          timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    recorded_at         timestamptz NOT NULL,
    state               text NOT NULL DEFAULT 'OPEN'
        CHECK (state IN ('OPEN', 'SUPERSEDED', 'PAID', 'CLAIMED')),
    superseded_at       timestamptz,
    paid_hash           text,
    paid_from_account   text,
    paid_to_account     text,
    confirmed_at        timestamptz,
    sale_id             uuid,
    raised_at           timestamptz,
    CHECK (expires_at > created_at),
    CHECK ((paid_hash IS NULL) = (confirmed_at IS NULL)),
    CHECK ((paid_hash IS NULL) = (paid_to_account IS NULL)),
    CHECK (state <> 'OPEN' OR paid_hash IS NULL),
    CHECK (state NOT IN ('PAID', 'CLAIMED') OR paid_hash IS NOT NULL),
    CHECK (state <> 'SUPERSEDED' OR superseded_at IS NOT NULL),
    CHECK ((state = 'CLAIMED') = (sale_id IS NOT NULL)),
    CHECK (raised_at IS NULL OR paid_hash IS NOT NULL)
);
-- A payment pays for one code, and a sale claims one.
CREATE UNIQUE INDEX khqr_intent_one_payment ON khqr_intent (tenant_id, paid_hash)
    WHERE paid_hash IS NOT NULL;
CREATE UNIQUE INDEX khqr_intent_one_claim ON khqr_intent (sale_id) WHERE sale_id IS NOT NULL;
CREATE INDEX khqr_intent_by_ticket ON khqr_intent (tenant_id, ticket_id);
CREATE INDEX khqr_intent_unclaimed ON khqr_intent (confirmed_at)
    WHERE paid_hash IS NOT NULL AND sale_id IS NULL AND raised_at IS NULL;

-- The proof that a KHQR sale names, as it was captured.
CREATE TABLE sale_khqr (
    sale_id            uuid PRIMARY KEY,
    tenant_id          uuid NOT NULL,
    branch_id          uuid NOT NULL,
    khqr_md5           text NOT NULL,
    khqr_hash          text NOT NULL,
    khqr_to_account_id text NOT NULL,
    khqr_confirmed_at  timestamptz NOT NULL
);
CREATE INDEX sale_khqr_by_md5 ON sale_khqr (khqr_md5);

-- How often Bakong was asked for a company on a day of Cambodia's, counted in days
-- since 1970-01-01. A check is taken before it is made.
CREATE TABLE bakong_budget (
    tenant_id uuid NOT NULL,
    day       bigint NOT NULL,
    used      integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (tenant_id, day)
);

CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON khqr_intent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON sale_khqr
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_changed BEFORE UPDATE ON sale_khqr
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    md5, tenant_id, branch_id, edge_id, ticket_id, cash_session_id, device_id, staff_id, currency,
    amount, to_account_id, payload, cart_hash, locked, created_at, expires_at, recorded_at
    ON khqr_intent FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Ingest writes codes and what was paid, and tells of what nobody claims.
GRANT SELECT, INSERT ON khqr_intent TO tillstream_ingest;
GRANT UPDATE (state, superseded_at, paid_hash, paid_from_account, paid_to_account, confirmed_at,
    raised_at) ON khqr_intent TO tillstream_ingest;
GRANT SELECT, INSERT, UPDATE ON bakong_budget TO tillstream_ingest;
GRANT SELECT ON sale_khqr TO tillstream_ingest;
GRANT INSERT ON outbox, exception TO tillstream_ingest;
-- The worker claims them for sales.
GRANT SELECT ON khqr_intent TO tillstream_worker;
GRANT UPDATE (state, sale_id) ON khqr_intent TO tillstream_worker;
GRANT INSERT ON sale_khqr TO tillstream_worker;
