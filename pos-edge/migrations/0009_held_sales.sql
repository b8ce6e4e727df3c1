-- Sales that tills completed by themselves: those that wait for a manager, and the
-- catalogues that tills may have priced with; see src/journal/held.rs.

-- A held sale is no sale yet, and reaches the books as one only when it is accepted.
-- `request`: the whole request as it came, in JSON. `completed_at`: by the till's
-- clock. Rows stay: a ticket has its one outcome for good.
CREATE TABLE held_sale (
    held_no         INTEGER PRIMARY KEY,
    ticket_id       TEXT NOT NULL UNIQUE,
    request_hash    BLOB NOT NULL CHECK (length(request_hash) = 32),
    request         TEXT NOT NULL,
    completed_at    INTEGER NOT NULL,
    why             TEXT NOT NULL CHECK (why IN ('DEVICE_REVOKED', 'DEVICE_UNKNOWN',
        'TOKEN_UNKNOWN', 'ANOTHER_TILL', 'SESSION_UNKNOWN')),
    held_at         INTEGER NOT NULL,
    state           TEXT NOT NULL DEFAULT 'HELD' CHECK (state IN ('HELD', 'ACCEPTED', 'REJECTED')),
    decided_by      BLOB CHECK (length(decided_by) = 16),
    decided_at      INTEGER,
    reason          TEXT,
    CHECK ((state = 'HELD') = (decided_by IS NULL)),
    CHECK ((state = 'HELD') = (decided_at IS NULL)),
    CHECK ((state = 'REJECTED') = (reason IS NOT NULL))
) STRICT;
CREATE INDEX held_sale_waiting ON held_sale (held_no) WHERE state = 'HELD';

-- Catalogues that were in use before, the newest few.
CREATE TABLE former_catalogue (
    former_no    INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL,
    content_hash BLOB NOT NULL UNIQUE CHECK (length(content_hash) = 32),
    document     BLOB NOT NULL
) STRICT;
