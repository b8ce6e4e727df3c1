-- KHQR codes that tills of this store were given, with the cart that each locked,
-- and what the centre confirmed of their payments. `code`: the answer to the till,
-- as it was given; `deductions`: what the locked cart takes from stock. A ticket
-- has one code that is not superseded.
CREATE TABLE khqr_code (
    md5             TEXT PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    request_hash    BLOB NOT NULL CHECK (length(request_hash) = 32),
    ticket_id       TEXT NOT NULL,
    device_id       BLOB NOT NULL CHECK (length(device_id) = 16),
    staff_id        BLOB NOT NULL CHECK (length(staff_id) = 16),
    cart_hash       BLOB NOT NULL CHECK (length(cart_hash) = 32),
    code            TEXT NOT NULL,
    deductions      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    superseded      INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)),
    khqr_hash       TEXT,
    to_account_id   TEXT,
    confirmed_at    INTEGER,
    CHECK ((khqr_hash IS NULL) = (confirmed_at IS NULL)),
    CHECK ((khqr_hash IS NULL) = (to_account_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX khqr_code_newest ON khqr_code (ticket_id) WHERE superseded = 0;
CREATE INDEX khqr_code_by_age ON khqr_code (created_at);

-- The answers to taps that wanted to know whether a code was paid, so that a tap
-- that is sent again is not another one.
CREATE TABLE khqr_check (
    idempotency_key TEXT PRIMARY KEY,
    md5             TEXT NOT NULL,
    answer          TEXT NOT NULL,
    answered_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX khqr_check_by_age ON khqr_check (answered_at);
