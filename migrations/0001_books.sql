-- The books. Written only by tillstream's services; see docs/ARCHITECTURE.md.
--
-- Names of states are CHECKed here and mirrored by enums in `schemas`.
-- Foreign keys are kept where a wrong reference would be a loss of meaning and
-- the cost was measured to be small; the hot path (sale, line, journal, fact)
-- has none, because its rows are made in one transaction from one entry.

CREATE TABLE tenant (
    tenant_id  uuid PRIMARY KEY,
    name       text NOT NULL,
    -- Where the company's years and days begin, by its IANA name.
    time_zone  text NOT NULL DEFAULT 'Asia/Phnom_Penh' CHECK (now() AT TIME ZONE time_zone IS NOT NULL),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- `branch_no`: 1, 2, 3, … in the company, in the order in which they came.
CREATE TABLE branch (
    branch_id  uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenant,
    branch_no  smallint NOT NULL CHECK (branch_no >= 1),
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, branch_no)
);

-- One epoch of a branch's edge daemon. ACTIVE: the one that may sell.
-- RETIRED: replaced by a newer epoch. At most one is ACTIVE per branch.
CREATE TABLE edge (
    edge_id     uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenant,
    branch_id   uuid NOT NULL REFERENCES branch,
    epoch       integer NOT NULL CHECK (epoch >= 1),
    state       text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'RETIRED')),
    enrolled_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (branch_id, epoch)
);
CREATE UNIQUE INDEX edge_one_active_per_branch ON edge (branch_id) WHERE state = 'ACTIVE';

-- How far the books are with an edge's journal: moved in the transaction that
-- books the entries. `held_reason`: the books stopped believing this edge and
-- wait for a person (invariant 5); entries are acked, not applied.
CREATE TABLE edge_cursor (
    edge_id     uuid PRIMARY KEY REFERENCES edge,
    last_seq    bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    head_hash   bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(head_hash) = 32),
    held_reason text,
    updated_at  timestamptz NOT NULL DEFAULT now()
);

-- The archive: every entry as it was captured, for replay, receipts and audits.
CREATE TABLE edge_entry (
    edge_id        uuid NOT NULL,
    seq            bigint NOT NULL CHECK (seq >= 1),
    kind           text NOT NULL,
    schema_version smallint NOT NULL,
    recorded_at    timestamptz NOT NULL,
    prev_hash      bytea NOT NULL,
    hash           bytea NOT NULL,
    payload        bytea COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (edge_id, seq)
);

-- What an edge said of itself last.
CREATE TABLE edge_heartbeat (
    edge_id               uuid PRIMARY KEY REFERENCES edge,
    received_at           timestamptz NOT NULL,
    sent_at               timestamptz NOT NULL,
    journal_seq           bigint NOT NULL,
    journal_hash          bytea NOT NULL,
    confirmed_seq         bigint NOT NULL,
    oldest_unconfirmed_at timestamptz,
    mapping_seq           bigint NOT NULL,
    highest_numbers       jsonb NOT NULL,
    devices               jsonb NOT NULL,
    journal_bytes         bigint NOT NULL,
    free_bytes            bigint NOT NULL,
    catalogue_version     bigint,
    catalogue_hash        bytea,
    software_version      text NOT NULL
);

-- The idempotency key, for good: the first payload under a ticket and what
-- became of it. One sale for each row.
CREATE TABLE ticket (
    tenant_id    uuid NOT NULL,
    -- 1 to 128 visible ASCII characters; said this way it costs a fortieth of one
    -- expression with a counted repetition.
    ticket_id    text NOT NULL
        CHECK (octet_length(ticket_id) BETWEEN 1 AND 128 AND ticket_id COLLATE "C" !~ '[^!-~]'),
    payload_hash bytea NOT NULL,
    sale_id      uuid NOT NULL,
    edge_id      uuid NOT NULL,
    entry_seq    bigint NOT NULL,
    PRIMARY KEY (tenant_id, ticket_id)
);

CREATE TABLE cash_session (
    cash_session_id   uuid PRIMARY KEY,
    tenant_id         uuid NOT NULL,
    branch_id         uuid NOT NULL,
    edge_id           uuid NOT NULL,
    device_id         uuid NOT NULL,
    opened_by         uuid NOT NULL,
    opened_at         timestamptz NOT NULL,
    opening_float_usd numeric(18, 2) NOT NULL,
    opening_float_khr numeric(18, 0) NOT NULL,
    status            text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'CLOSED')),
    closed_at         timestamptz,
    closed_by         uuid,
    CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (closed_by IS NOT NULL))
);

-- A sale as captured. Figures are stored, never computed again; the raw entry
-- (edge_id, entry_seq) holds the whole snapshot. Only `status` and `voided_at`
-- ever change (0003).
CREATE TABLE sale (
    sale_id             uuid PRIMARY KEY,
    tenant_id           uuid NOT NULL,
    branch_id           uuid NOT NULL,
    edge_id             uuid NOT NULL,
    entry_seq           bigint NOT NULL,
    ticket_id           text NOT NULL,
    cash_session_id     uuid NOT NULL,
    device_id           uuid NOT NULL,
    cashier_id          uuid NOT NULL,
    customer_id         uuid,
    sale_type           text NOT NULL CHECK (sale_type IN ('DINE_IN', 'TAKEAWAY', 'DELIVERY')),
    status              text NOT NULL CHECK (status IN ('FINALIZED', 'VOID_PENDING', 'VOIDED')),
    finalized_at        timestamptz NOT NULL,
    subtotal_usd        numeric(18, 2) NOT NULL,
    item_discount_usd   numeric(18, 2) NOT NULL,
    branch_discount_usd numeric(18, 2) NOT NULL,
    vat_usd             numeric(18, 2) NOT NULL,
    grand_total_usd     numeric(18, 2) NOT NULL,
    grand_total_khr     numeric(18, 0) NOT NULL,
    khr_rounding        numeric(18, 0) NOT NULL,
    payable_khr         numeric(18, 0) NOT NULL,
    fx_rate             numeric(18, 4) NOT NULL,
    tender_method       text NOT NULL CHECK (tender_method IN ('CASH', 'KHQR')),
    tender_currency     text NOT NULL CHECK (tender_currency IN ('USD', 'KHR')),
    tender_received     numeric(18, 2) NOT NULL,
    tender_change       numeric(18, 2) NOT NULL,
    catalogue_version   bigint NOT NULL,
    voided_at           timestamptz,
    CHECK ((status = 'VOIDED') = (voided_at IS NOT NULL))
);
CREATE INDEX sale_by_branch_time ON sale (branch_id, finalized_at);

CREATE TABLE sale_line (
    sale_id         uuid NOT NULL,
    line_no         smallint NOT NULL,
    menu_item_id    uuid NOT NULL,
    name            text NOT NULL,
    category_id     uuid,
    category_name   text,
    quantity        integer NOT NULL,
    base_amount_usd numeric(18, 2) NOT NULL,
    discount_usd    numeric(18, 2) NOT NULL,
    line_total_usd  numeric(18, 2) NOT NULL,
    PRIMARY KEY (sale_id, line_no)
);

CREATE TABLE sale_order (
    order_id   uuid PRIMARY KEY,
    sale_id    uuid NOT NULL UNIQUE,
    tenant_id  uuid NOT NULL,
    branch_id  uuid NOT NULL,
    status     text NOT NULL CHECK (status IN ('IN_PREP', 'READY', 'DELIVERED', 'VOIDED', 'CANCELLED')),
    updated_at timestamptz NOT NULL
);

-- Money in and out of a drawer, signed from the drawer's point of view, in the
-- tender's currency. The id derives from the cause: the sale of a SALE_CASH, the
-- request of a REFUND_CASH; who pays in or out gives their own and says why.
-- `edge_id` and `entry_seq`: the entry, where it is not that of the sale.
CREATE TABLE cash_movement (
    movement_id     uuid PRIMARY KEY,
    cash_session_id uuid NOT NULL,
    branch_id       uuid NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('SALE_CASH', 'REFUND_CASH', 'PAID_IN', 'PAID_OUT')),
    currency        text NOT NULL CHECK (currency IN ('USD', 'KHR')),
    amount          numeric(18, 2) NOT NULL,
    sale_id         uuid,
    occurred_at     timestamptz NOT NULL,
    reason          text,
    moved_by        uuid,
    edge_id         uuid,
    entry_seq       bigint,
    CHECK ((kind IN ('SALE_CASH', 'REFUND_CASH')) = (sale_id IS NOT NULL)),
    CHECK ((kind IN ('PAID_IN', 'PAID_OUT')) = (reason IS NOT NULL)),
    CHECK ((kind = 'SALE_CASH') = (entry_seq IS NULL))
);
CREATE INDEX cash_movement_by_session ON cash_movement (cash_session_id);
-- A sale is paid back once.
CREATE UNIQUE INDEX cash_movement_one_refund ON cash_movement (sale_id)
    WHERE kind = 'REFUND_CASH';

-- Every movement of stock: a ledger for each item of a branch, numbered
-- 1, 2, 3, … with the level after it.
CREATE TABLE stock_journal (
    branch_id     uuid NOT NULL,
    stock_item_id uuid NOT NULL,
    stock_no      bigint NOT NULL,
    delta         numeric(18, 3) NOT NULL,
    level_after   numeric(18, 3) NOT NULL,
    reason        text NOT NULL CHECK (reason IN ('SALE', 'VOID', 'RECEIPT', 'COUNT')),
    edge_id       uuid,
    entry_seq     bigint,
    sale_id       uuid,
    occurred_at   timestamptz NOT NULL,
    PRIMARY KEY (branch_id, stock_item_id, stock_no)
);

-- The newest row of each ledger. No foreign key from the journal: it deadlocks.
-- Lock rows in the order of the primary key.
CREATE TABLE stock_level (
    branch_id     uuid NOT NULL,
    stock_item_id uuid NOT NULL,
    level         numeric(18, 3) NOT NULL,
    last_no       bigint NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (branch_id, stock_item_id)
) WITH (fillfactor = 50);

-- Who did what, when, in the transaction of what it tells. `activity`: the key
-- under which the company's activity feed knows the same deed (`pos.sale.created`,
-- `pos.sale.synced`). `subject_id`: whom or what it was done to; `target_id`:
-- what came of it or was used for it.
CREATE TABLE audit_log (
    audit_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   uuid NOT NULL,
    branch_id   uuid NOT NULL,
    action      text NOT NULL,
    activity    text,
    actor_id    uuid,
    subject_id  uuid,
    target_id   uuid,
    edge_id     uuid,
    entry_seq   bigint,
    occurred_at timestamptz NOT NULL,
    meta        jsonb
);

-- Facts leave the books here, as *runs*: the facts of one branch that one
-- transaction made true, in their order. A run is pending until the relay gives
-- it its place, the `first_seq` of its first fact; the others follow without a
-- gap. Placed runs stay for the retention, for consumers that missed some.
--
-- The relay takes *pending rows*, never "ids above the last one": lower ids
-- commit later. A fact that repeats an entry, or tells of an invoice, has no
-- body of its own: it is read from edge_entry or invoice, so that it is always
-- the same bytes.
--
-- The arrays are checked when a run is enqueued and never change; a check that
-- placing repeats would read all of them.
CREATE TABLE outbox (
    outbox_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id       uuid NOT NULL,
    branch_id       uuid NOT NULL,
    facts           integer NOT NULL CHECK (facts >= 1),
    first_seq       bigint CHECK (first_seq >= 1),
    -- When it got its place; the retention counts from here.
    placed_at       timestamptz,
    -- One element for each fact.
    fact_ids        text[] COMPRESSION lz4 NOT NULL,
    kinds           text[] COMPRESSION lz4 NOT NULL,
    schema_versions smallint[] COMPRESSION lz4 NOT NULL,
    edge_ids        uuid[] COMPRESSION lz4 NOT NULL,
    entry_seqs      bigint[] COMPRESSION lz4 NOT NULL,
    series_ids      uuid[] COMPRESSION lz4 NOT NULL,
    invoice_nos     bigint[] COMPRESSION lz4 NOT NULL,
    bodies          bytea[] COMPRESSION lz4 NOT NULL,
    occurred_ats    timestamptz[] COMPRESSION lz4 NOT NULL,
    CHECK ((first_seq IS NULL) = (placed_at IS NULL)),
    CONSTRAINT outbox_whole CHECK (first_seq IS NOT NULL OR (
        cardinality(fact_ids) = facts AND array_position(fact_ids, NULL) IS NULL
        AND cardinality(kinds) = facts AND array_position(kinds, NULL) IS NULL
        AND cardinality(schema_versions) = facts
        AND cardinality(edge_ids) = facts AND cardinality(entry_seqs) = facts
        AND cardinality(series_ids) = facts AND cardinality(invoice_nos) = facts
        AND cardinality(bodies) = facts AND cardinality(occurred_ats) = facts))
);
CREATE UNIQUE INDEX outbox_placed ON outbox (branch_id, first_seq) WHERE first_seq IS NOT NULL;
CREATE INDEX outbox_pending ON outbox (outbox_id) WHERE first_seq IS NULL;

-- How far a branch's facts are numbered, and how far published.
CREATE TABLE fact_head (
    branch_id     uuid PRIMARY KEY REFERENCES branch,
    tenant_id     uuid NOT NULL,
    last_seq      bigint NOT NULL DEFAULT 0,
    published_seq bigint NOT NULL DEFAULT 0,
    CHECK (published_seq <= last_seq)
) WITH (fillfactor = 50);

-- Sales that await their number, in the order the books took them. All that
-- the register row needs is here, so that numbering joins nothing.
CREATE TABLE numbering_queue (
    queue_id        bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id       uuid NOT NULL,
    branch_id       uuid NOT NULL,
    sale_id         uuid NOT NULL,
    ticket_id       text NOT NULL,
    customer_id     uuid,
    edge_id         uuid NOT NULL,
    entry_seq       bigint NOT NULL,
    entry_hash      bytea NOT NULL,
    grand_total_usd numeric(18, 2) NOT NULL,
    vat_usd         numeric(18, 2) NOT NULL,
    grand_total_khr numeric(18, 0) NOT NULL,
    queued_at       timestamptz NOT NULL DEFAULT now(),
    -- By company first: the rows of a frozen series are in nobody's way.
    PRIMARY KEY (tenant_id, queue_id)
);

-- How a company numbers its invoices: `domain::invoice_series`. A change is a new
-- revision, which opens new series. `shape`: the form with # for what it prints;
-- two settings of one shape could print the same number twice.
CREATE TABLE numbering_setting (
    tenant_id  uuid NOT NULL REFERENCES tenant,
    revision   integer NOT NULL CHECK (revision >= 1),
    per_branch boolean NOT NULL,
    yearly     boolean NOT NULL,
    form       text NOT NULL,
    shape      text NOT NULL,
    set_by     text NOT NULL,
    set_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, revision),
    UNIQUE (tenant_id, shape)
);

-- The setting in force. Its row's lock makes numbers gapless: whoever wants to
-- allocate for a company locks it, whatever leases say, and so does whoever
-- changes the setting.
CREATE TABLE numbering_head (
    tenant_id uuid PRIMARY KEY REFERENCES tenant,
    revision  integer NOT NULL
);

-- The series: of a company or of a branch, of all time or of a year. FROZEN:
-- somebody has seen a higher number than the books know; nothing is allocated
-- until an operator recovers.
CREATE TABLE invoice_series (
    series_id     uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL,
    revision      integer NOT NULL,
    branch_id     uuid REFERENCES branch,
    year          smallint,
    last_no       bigint NOT NULL DEFAULT 0 CHECK (last_no >= 0),
    head_hash     bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(head_hash) = 32),
    state         text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'FROZEN')),
    frozen_reason text,
    UNIQUE NULLS NOT DISTINCT (tenant_id, revision, branch_id, year),
    CHECK ((state = 'FROZEN') = (frozen_reason IS NOT NULL))
);

-- The register.
CREATE TABLE invoice (
    series_id       uuid NOT NULL,
    no              bigint NOT NULL CHECK (no >= 1),
    printed         text NOT NULL,
    invoice_id      uuid NOT NULL UNIQUE,
    tenant_id       uuid NOT NULL,
    branch_id       uuid NOT NULL,
    mapping_seq     bigint NOT NULL,
    sale_id         uuid NOT NULL UNIQUE,
    ticket_id       text NOT NULL,
    edge_id         uuid NOT NULL,
    entry_seq       bigint NOT NULL,
    entry_hash      bytea NOT NULL,
    grand_total_usd numeric(18, 2) NOT NULL,
    vat_usd         numeric(18, 2) NOT NULL,
    grand_total_khr numeric(18, 0) NOT NULL,
    issued_at       timestamptz NOT NULL,
    prev_hash       bytea NOT NULL,
    hash            bytea NOT NULL,
    PRIMARY KEY (series_id, no),
    UNIQUE (branch_id, mapping_seq)
);

-- The newest mapping_seq of each branch.
CREATE TABLE mapping_head (
    branch_id uuid PRIMARY KEY REFERENCES branch,
    last_seq  bigint NOT NULL DEFAULT 0
);

-- Who may do what only one may do: shard:<n>, numbering, relay. The term grows
-- with each new holder; Postgres's clock decides.
CREATE TABLE lease (
    name       text PRIMARY KEY,
    holder     text NOT NULL,
    term       bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Entries that chain but could not be applied. The cursor has moved past them.
-- `about`: the sale and session they concern; what comes later about the same
-- waits here too, with reason BEHIND.
CREATE TABLE quarantine (
    edge_id        uuid NOT NULL,
    seq            bigint NOT NULL,
    tenant_id      uuid NOT NULL,
    branch_id      uuid NOT NULL,
    kind           text NOT NULL,
    reason         text NOT NULL CHECK (reason IN ('INVALID_PAYLOAD', 'DATA_ERROR', 'FUTURE_VERSION', 'BEHIND')),
    detail         text NOT NULL,
    about          uuid[] NOT NULL,
    state          text NOT NULL DEFAULT 'WAITING' CHECK (state IN ('WAITING', 'RELEASED', 'DISCARDED')),
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    settled_at     timestamptz,
    PRIMARY KEY (edge_id, seq),
    CHECK ((state = 'WAITING') = (settled_at IS NULL))
);
CREATE INDEX quarantine_waiting ON quarantine (edge_id, seq) WHERE state = 'WAITING';
-- Each batch asks who waits about what it brings.
CREATE INDEX quarantine_about ON quarantine USING gin (about) WHERE state = 'WAITING';

-- What was booked but a person should look at.
CREATE TABLE exception (
    exception_id uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL,
    branch_id    uuid NOT NULL,
    kind         text NOT NULL,
    edge_id      uuid,
    entry_seq    bigint,
    sale_id      uuid,
    ticket_id    text,
    detail       text NOT NULL,
    occurred_at  timestamptz NOT NULL
);

-- Every catalogue that was ever published to a branch, as the same bytes.
CREATE TABLE catalogue_version (
    branch_id    uuid NOT NULL REFERENCES branch,
    version      bigint NOT NULL CHECK (version >= 1),
    content_hash bytea NOT NULL,
    body         bytea COMPRESSION lz4 NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (branch_id, version)
);
