-- The edge's journal and what the store reads of it. One encrypted file, one
-- connection, one writer; see src/journal.
--
-- Moments are microseconds since 1970 (UTC), ids 16 bytes, hashes 32 bytes,
-- money decimal text, stock thousandths of the item's unit.

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
-- `mapping_seq` is the row of the register that has its number; `prints` counts
-- its printed receipts, of which all but the first are copies.
CREATE TABLE ticket (
    seq             INTEGER PRIMARY KEY REFERENCES entry,
    sale_no         INTEGER NOT NULL,
    ticket_id       TEXT NOT NULL UNIQUE,
    -- The entry's, again: a register row is compared with it, and reading it
    -- from the entry would decrypt a page of payloads.
    entry_hash      BLOB NOT NULL CHECK (length(entry_hash) = 32),
    request_hash    BLOB NOT NULL CHECK (length(request_hash) = 32),
    created_at      INTEGER NOT NULL,
    grand_total_usd TEXT NOT NULL,
    invoice_no      INTEGER,
    invoice_id      BLOB,
    mapping_seq     INTEGER REFERENCES invoice,
    prints          INTEGER NOT NULL DEFAULT 0 CHECK (prints >= 0),
    CHECK ((invoice_no IS NULL) = (invoice_id IS NULL)),
    CHECK ((invoice_no IS NULL) = (mapping_seq IS NULL))
) STRICT;
CREATE INDEX ticket_unnumbered ON ticket (seq) WHERE invoice_no IS NULL;
CREATE INDEX ticket_numbered ON ticket (seq) WHERE invoice_no IS NOT NULL;

-- Drawers. At most one is open per till and person.
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
    status            TEXT NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'CLOSED'))
) STRICT;
CREATE UNIQUE INDEX cash_session_one_open ON cash_session (device_id, staff_id) WHERE status = 'OPEN';

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
