-- The edge's journal and what the store reads of it. One encrypted file, one
-- connection, one writer; see src/journal.
--
-- Moments are microseconds since 1970 (UTC), ids 16 bytes, hashes 32 bytes,
-- money whole cents or riel by its currency (counted floats decimal text),
-- stock thousandths of the item's unit.

-- Whose journal this is, and how far the books are with it. One row.
-- `rolled_back_reason`: the books know more of this journal than it does
-- itself; it may not sell again. `held_reason`: the books wait for a person.
CREATE TABLE journal (
    only_row           INTEGER PRIMARY KEY CHECK (only_row = 1),
    tenant_id          BLOB NOT NULL CHECK (length(tenant_id) = 16),
    branch_id          BLOB NOT NULL CHECK (length(branch_id) = 16),
    edge_id            BLOB NOT NULL CHECK (length(edge_id) = 16),
    created_at         INTEGER NOT NULL,
    confirmed_seq      INTEGER NOT NULL DEFAULT 0 CHECK (confirmed_seq >= 0),
    confirmed_hash     BLOB NOT NULL CHECK (length(confirmed_hash) = 32),
    mapping_seq        INTEGER NOT NULL DEFAULT 0 CHECK (mapping_seq >= 0),
    numbered           INTEGER NOT NULL DEFAULT 0 CHECK (numbered >= 0),
    held_reason        TEXT,
    rolled_back_reason TEXT
) STRICT;

-- The journal itself: contiguous, hash-chained, append-only. The payload is
-- kept and sent as these bytes.
CREATE TABLE entry (
    seq            INTEGER PRIMARY KEY CHECK (seq >= 1),
    kind           TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    recorded_at    INTEGER NOT NULL,
    prev_hash      BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash           BLOB NOT NULL CHECK (length(hash) = 32),
    payload        BLOB NOT NULL
) STRICT;

-- The sales of this journal by ticket. `sale_no` counts them: 1, 2, 3, …
-- The sale itself is its entry; here is what sums and lists need of it, and
-- where it and its order stand now. `kept` is received − change, in the
-- tender's currency. `supplement_no`: it came after the close of its session.
-- `mapping_seq` is the row of the register that has its number; `prints` counts
-- its printed receipts, of which all but the first are copies.
CREATE TABLE ticket (
    seq              INTEGER PRIMARY KEY REFERENCES entry,
    sale_no          INTEGER NOT NULL,
    ticket_id        TEXT NOT NULL UNIQUE,
    -- The entry's, again: a register row is compared with it, and reading it
    -- from the entry would decrypt a page of payloads.
    entry_hash       BLOB NOT NULL CHECK (length(entry_hash) = 32),
    request_hash     BLOB NOT NULL CHECK (length(request_hash) = 32),
    created_at       INTEGER NOT NULL,
    sale_id          BLOB NOT NULL CHECK (length(sale_id) = 16),
    order_id         BLOB NOT NULL UNIQUE CHECK (length(order_id) = 16),
    cash_session_id  BLOB NOT NULL CHECK (length(cash_session_id) = 16),
    supplement_no    INTEGER CHECK (supplement_no >= 1),
    method           TEXT NOT NULL,
    currency         TEXT NOT NULL CHECK (currency IN ('USD', 'KHR')),
    kept             INTEGER NOT NULL,
    total_cents      INTEGER NOT NULL,
    vat_cents        INTEGER NOT NULL,
    sale_status      TEXT NOT NULL DEFAULT 'FINALIZED'
        CHECK (sale_status IN ('FINALIZED', 'VOID_PENDING', 'VOIDED')),
    order_status     TEXT NOT NULL DEFAULT 'IN_PREP'
        CHECK (order_status IN ('IN_PREP', 'READY', 'DELIVERED', 'VOIDED', 'CANCELLED')),
    order_changed_at INTEGER,
    invoice_no       INTEGER,
    invoice_id       BLOB,
    mapping_seq      INTEGER REFERENCES invoice,
    prints           INTEGER NOT NULL DEFAULT 0 CHECK (prints >= 0),
    CHECK ((invoice_no IS NULL) = (invoice_id IS NULL)),
    CHECK ((invoice_no IS NULL) = (mapping_seq IS NULL)),
    CHECK ((sale_status = 'VOIDED') = (order_status = 'VOIDED')),
    CHECK (NOT (sale_status = 'VOID_PENDING' AND order_status = 'DELIVERED'))
) STRICT;
CREATE INDEX ticket_unnumbered ON ticket (seq) WHERE invoice_no IS NULL;
CREATE INDEX ticket_numbered ON ticket (seq) WHERE invoice_no IS NOT NULL;
CREATE INDEX ticket_of_session ON ticket (cash_session_id, seq);
CREATE INDEX ticket_open_order ON ticket (seq) WHERE order_status IN ('IN_PREP', 'READY');

-- Drawers. At most one is open per till and person. `supplements` counts the
-- sales that came after the close.
CREATE TABLE cash_session (
    cash_session_id   BLOB PRIMARY KEY CHECK (length(cash_session_id) = 16),
    seq               INTEGER NOT NULL UNIQUE REFERENCES entry,
    idempotency_key   TEXT NOT NULL UNIQUE,
    request_hash      BLOB NOT NULL CHECK (length(request_hash) = 32),
    device_id         BLOB NOT NULL,
    staff_id          BLOB NOT NULL,
    staff_name        TEXT NOT NULL,
    opened_at         INTEGER NOT NULL,
    opening_float_usd TEXT NOT NULL,
    opening_float_khr TEXT NOT NULL,
    status            TEXT NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'CLOSED')),
    closed_seq        INTEGER UNIQUE REFERENCES entry,
    closed_at         INTEGER,
    supplements       INTEGER NOT NULL DEFAULT 0 CHECK (supplements >= 0),
    CHECK ((status = 'CLOSED') = (closed_seq IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL)),
    CHECK (status = 'CLOSED' OR supplements = 0)
) STRICT;
CREATE UNIQUE INDEX cash_session_one_open ON cash_session (device_id, staff_id) WHERE status = 'OPEN';
CREATE INDEX cash_session_of_staff ON cash_session (staff_id);

-- Money that went in or out of a drawer other than by a sale; a refund names
-- its sale, which has at most one.
CREATE TABLE cash_movement (
    seq             INTEGER PRIMARY KEY REFERENCES entry,
    cash_session_id BLOB NOT NULL REFERENCES cash_session,
    kind            TEXT NOT NULL CHECK (kind IN ('PAID_IN', 'PAID_OUT', 'REFUND_CASH')),
    currency        TEXT NOT NULL CHECK (currency IN ('USD', 'KHR')),
    amount          INTEGER NOT NULL CHECK (amount >= 0),
    ticket_seq      INTEGER UNIQUE REFERENCES ticket,
    reason          TEXT,
    at              INTEGER NOT NULL,
    CHECK ((kind = 'REFUND_CASH') = (ticket_seq IS NOT NULL)),
    CHECK ((kind = 'REFUND_CASH') = (reason IS NULL))
) STRICT;
CREATE INDEX cash_movement_of_session ON cash_movement (cash_session_id, seq);

-- Requests to undo sales; a sale has at most one that is undecided. A close
-- decides several by one entry.
CREATE TABLE void_request (
    seq             INTEGER PRIMARY KEY REFERENCES entry,
    void_request_id BLOB NOT NULL UNIQUE CHECK (length(void_request_id) = 16),
    ticket_seq      INTEGER NOT NULL REFERENCES ticket,
    requested_by    BLOB NOT NULL CHECK (length(requested_by) = 16),
    reason          TEXT NOT NULL,
    requested_at    INTEGER NOT NULL,
    status          TEXT NOT NULL DEFAULT 'PENDING'
        CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED')),
    decided_seq     INTEGER REFERENCES entry,
    decided_by      BLOB CHECK (length(decided_by) = 16),
    decided_at      INTEGER,
    remark          TEXT,
    by_close        INTEGER NOT NULL DEFAULT 0 CHECK (by_close IN (0, 1)),
    CHECK ((status = 'PENDING') = (decided_seq IS NULL)),
    CHECK ((status = 'PENDING') = (decided_by IS NULL)),
    CHECK ((status = 'PENDING') = (decided_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX void_request_one_pending ON void_request (ticket_seq) WHERE status = 'PENDING';
CREATE INDEX void_request_of_ticket ON void_request (ticket_seq, seq);

-- Commands of the centre's that were answered, each by one entry.
CREATE TABLE command (
    command_id BLOB PRIMARY KEY CHECK (length(command_id) = 16),
    seq        INTEGER NOT NULL UNIQUE REFERENCES entry
) STRICT, WITHOUT ROWID;

-- What was asked under an idempotency key, other than sales and openings of
-- sessions, and the entry that answered it.
CREATE TABLE asked (
    idempotency_key TEXT PRIMARY KEY,
    request_hash    BLOB NOT NULL CHECK (length(request_hash) = 32),
    seq             INTEGER NOT NULL UNIQUE REFERENCES entry
) STRICT, WITHOUT ROWID;

-- What was asked to be printed under an idempotency key; `answer` is there once the
-- printer has taken all of it. Of a row without one, a part may have come out.
CREATE TABLE print (
    idempotency_key TEXT PRIMARY KEY,
    request_hash    BLOB NOT NULL CHECK (length(request_hash) = 32),
    ticket_seq      INTEGER NOT NULL REFERENCES ticket,
    answer          TEXT
) STRICT, WITHOUT ROWID;

-- What somebody should notice: one person, or (NULL) every manager and admin.
CREATE TABLE notification (
    notification_no INTEGER PRIMARY KEY,
    notification_id BLOB NOT NULL UNIQUE CHECK (length(notification_id) = 16),
    key             TEXT NOT NULL,
    request_seq     INTEGER NOT NULL REFERENCES void_request,
    staff_id        BLOB CHECK (length(staff_id) = 16),
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX notification_to ON notification (staff_id, notification_no);

-- Who marked which notification as seen, and when first.
CREATE TABLE notification_seen (
    notification_id BLOB NOT NULL REFERENCES notification (notification_id),
    staff_id        BLOB NOT NULL CHECK (length(staff_id) = 16),
    seen_at         INTEGER NOT NULL,
    PRIMARY KEY (notification_id, staff_id)
) STRICT, WITHOUT ROWID;

-- The branch's part of the register, as the books announced it: whole rows, so
-- that assigned numbers can be put back.
CREATE TABLE invoice (
    mapping_seq INTEGER PRIMARY KEY CHECK (mapping_seq >= 1),
    row         TEXT NOT NULL
) STRICT;

-- The highest number seen of each series.
CREATE TABLE series_head (
    series_id  BLOB PRIMARY KEY,
    highest_no INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The books' stock levels. A level holds this edge's deductions up to
-- `edge_seq`; `stock_no` is its place in the item's own ledger.
CREATE TABLE stock_level (
    stock_item_id BLOB PRIMARY KEY,
    stock_no      INTEGER NOT NULL,
    level         TEXT NOT NULL,
    edge_seq      INTEGER NOT NULL,
    as_of         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was sold here, as running totals of thousandths: what the books do not
-- have yet is the newest total less the one at the level's `edge_seq`.
CREATE TABLE stock_sold (
    stock_item_id BLOB NOT NULL,
    seq           INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    PRIMARY KEY (stock_item_id, seq)
) STRICT, WITHOUT ROWID;

-- When each till was last heard from.
CREATE TABLE device_contact (
    device_id       BLOB PRIMARY KEY,
    last_contact_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The catalogue in use, byte for byte as it was published.
CREATE TABLE catalogue (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    document BLOB NOT NULL
) STRICT;
