-- Who may use this store's edge, and what is not sold yet. Nothing of this
-- reaches the books by itself; what is told of it are `audit.recorded` entries.
-- See src/people and src/drafts.

-- What tokens are made with, so that a repeated request gets the same token and
-- none has to be kept. One row.
CREATE TABLE token_secret (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    secret   BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT;
INSERT INTO token_secret VALUES (1, randomblob(32));

-- The tills that are paired, by the SHA-256 of their token. A till has one; a
-- new pairing replaces it.
CREATE TABLE paired_till (
    device_id       BLOB PRIMARY KEY CHECK (length(device_id) = 16),
    token_hash      BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    code_hash       TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    paired_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Pairing codes that were used, as the catalogue has them.
CREATE TABLE used_pairing_code (
    code_hash TEXT PRIMARY KEY,
    used_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Logins, by the SHA-256 of their token; kept until they would have expired.
CREATE TABLE login (
    token_hash      BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    idempotency_key TEXT NOT NULL UNIQUE,
    device_id       BLOB NOT NULL CHECK (length(device_id) = 16),
    staff_id        BLOB NOT NULL CHECK (length(staff_id) = 16),
    pin_hash        TEXT NOT NULL,
    logged_in_at    INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL CHECK (expires_at > logged_in_at),
    ended           INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Wrong PINs and codes in a row, by till and by whose they were to be.
CREATE TABLE failed_try (
    device_id BLOB NOT NULL CHECK (length(device_id) = 16),
    whose     BLOB NOT NULL CHECK (length(whose) = 16),
    failures  INTEGER NOT NULL CHECK (failures >= 1),
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (device_id, whose)
) STRICT, WITHOUT ROWID;
