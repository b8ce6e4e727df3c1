-- What is not sold yet: the newest draft of each till. Drafts never reach the
-- books; what is told of them are `audit.recorded` entries. A draft that was
-- sold or thrown away stays until the next one, so that a late copy of it does
-- not bring it back. `audit_pending`: it was changed since it was last told of.
CREATE TABLE draft (
    device_id       BLOB PRIMARY KEY CHECK (length(device_id) = 16),
    draft_id        BLOB NOT NULL UNIQUE CHECK (length(draft_id) = 16),
    cash_session_id BLOB NOT NULL REFERENCES cash_session,
    staff_id        BLOB NOT NULL CHECK (length(staff_id) = 16),
    status          TEXT NOT NULL CHECK (status IN ('ACTIVE', 'FINALIZED', 'DISCARDED')),
    revision        INTEGER NOT NULL CHECK (revision >= 0),
    cart            TEXT NOT NULL,
    item_count      INTEGER NOT NULL CHECK (item_count >= 0),
    subtotal_usd    TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    audited_at      INTEGER NOT NULL,
    audit_pending   INTEGER NOT NULL DEFAULT 0 CHECK (audit_pending IN (0, 1)),
    CHECK (audit_pending = 0 OR status = 'ACTIVE')
) STRICT, WITHOUT ROWID;
