-- What closes a cash session, what comes after it, and what undoes a sale.

-- The Z report of a closed session, for good. `body` is the payload of the entry
-- that closed it, the same bytes: the report, the count, the voids it rejected.
-- The columns are what is asked for most.
CREATE TABLE z_report (
    cash_session_id uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL,
    branch_id       uuid NOT NULL,
    edge_id         uuid NOT NULL,
    entry_seq       bigint NOT NULL,
    device_id       uuid NOT NULL,
    closed_by       uuid NOT NULL,
    closed_at       timestamptz NOT NULL,
    sale_count      bigint NOT NULL,
    sales_usd       numeric(18, 2) NOT NULL,
    vat_usd         numeric(18, 2) NOT NULL,
    void_count      bigint NOT NULL,
    voids_usd       numeric(18, 2) NOT NULL,
    counted_usd     numeric(18, 2) NOT NULL,
    counted_khr     numeric(18, 0) NOT NULL,
    difference_usd  numeric(18, 2) NOT NULL,
    difference_khr  numeric(18, 0) NOT NULL,
    body            bytea COMPRESSION lz4 NOT NULL,
    UNIQUE (edge_id, entry_seq)
);
CREATE INDEX z_report_by_branch_time ON z_report (branch_id, closed_at);

-- Sales that came after the close of their session: supplements to its Z report,
-- which stands. `supplement_no` is the edge's; where it is not 1, 2, 3, … an
-- exception says so.
CREATE TABLE z_supplement (
    sale_id         uuid PRIMARY KEY,
    cash_session_id uuid NOT NULL,
    branch_id       uuid NOT NULL,
    supplement_no   bigint NOT NULL CHECK (supplement_no >= 0),
    received_at     timestamptz NOT NULL
);
CREATE INDEX z_supplement_by_session ON z_supplement (cash_session_id, supplement_no);

-- Requests to undo a sale. PENDING: made at a till; the sale is VOID_PENDING.
-- APPROVED: decided by `decided_by`; the sale is VOIDED. REJECTED: decided, or
-- closed together with its session, or never possible (then nobody decided);
-- the sale is as it was. The edge decides, the books follow.
CREATE TABLE void_request (
    void_request_id uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL,
    branch_id       uuid NOT NULL,
    edge_id         uuid NOT NULL,
    entry_seq       bigint NOT NULL,
    sale_id         uuid NOT NULL,
    ticket_id       text NOT NULL,
    cash_session_id uuid NOT NULL,
    requested_by    uuid NOT NULL,
    reason          text NOT NULL,
    requested_at    timestamptz NOT NULL,
    status          text NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED')),
    decided_by      uuid,
    decision_note   text,
    decided_at      timestamptz,
    command_id      uuid,
    CHECK ((status = 'PENDING') = (decided_at IS NULL)),
    CHECK (status <> 'APPROVED' OR decided_by IS NOT NULL)
);
CREATE UNIQUE INDEX void_request_one_pending ON void_request (sale_id) WHERE status = 'PENDING';
CREATE INDEX void_request_pending_by_session ON void_request (cash_session_id)
    WHERE status = 'PENDING';
CREATE INDEX void_request_by_branch_time ON void_request (branch_id, requested_at);

-- What the centre decided and a branch's edge is to carry out. WAITING: written
-- by a back office, given to the edge with each answer to its heartbeat.
-- CARRIED_OUT, REFUSED, EXPIRED (refused, because it came too late): what the
-- edge's journal says became of it, written by the worker that books the entry.
CREATE TABLE edge_command (
    command_id      uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL,
    branch_id       uuid NOT NULL,
    -- The caller's Idempotency-Key.
    idempotency_key text NOT NULL CHECK (octet_length(idempotency_key) BETWEEN 1 AND 255),
    void_request_id uuid NOT NULL,
    decision        text NOT NULL CHECK (decision IN ('APPROVE', 'REJECT')),
    -- The note of an approval, the reason of a rejection.
    remark          text CHECK (octet_length(remark) <= 4000),
    decided_by      uuid NOT NULL,
    issued_at       timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'WAITING'
        CHECK (state IN ('WAITING', 'CARRIED_OUT', 'REFUSED', 'EXPIRED')),
    outcome_code    text,
    outcome_detail  text,
    settled_at      timestamptz,
    edge_id         uuid,
    entry_seq       bigint,
    UNIQUE (tenant_id, idempotency_key),
    CHECK (decision <> 'REJECT' OR remark IS NOT NULL),
    CHECK ((state = 'WAITING') = (settled_at IS NULL)),
    CHECK ((state = 'WAITING') = (entry_seq IS NULL)),
    CHECK ((state IN ('REFUSED', 'EXPIRED')) = (outcome_code IS NOT NULL))
);
CREATE INDEX edge_command_waiting ON edge_command (branch_id, issued_at) WHERE state = 'WAITING';
