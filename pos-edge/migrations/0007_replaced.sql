-- A box that replaces another one (ADR 0014), and one that was replaced.

-- `adoption`: NONE, the first epoch of its branch: it follows nobody. WAITING: it has
-- not taken over yet, and writes nothing else before. DONE: its first entry says what it
-- adopted. `retired_reason`: the centre says that another edge has replaced this one.
ALTER TABLE journal ADD COLUMN adoption TEXT NOT NULL DEFAULT 'NONE'
    CHECK (adoption IN ('NONE', 'WAITING', 'DONE'));
ALTER TABLE journal ADD COLUMN retired_reason TEXT;

-- What a box adopts are entries of former journals, as the books archived them: they get
-- places below 0 here, so that they are older than everything of its own, and count for
-- nothing in its chain. Sessions of former journals are written as their openings.
-- (Taking a CHECK back changes no row: sqlite.org/lang_altertable.html, 7.)
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'PRIMARY KEY CHECK (seq >= 1)', 'PRIMARY KEY CHECK (seq <> 0)')
WHERE type = 'table' AND name = 'entry';
PRAGMA writable_schema = RESET;

-- Entries of former journals that were looked at by an import: what became of each, and
-- the own entry that came of it, if one did.
CREATE TABLE imported (
    edge_id BLOB NOT NULL CHECK (length(edge_id) = 16),
    seq     INTEGER NOT NULL CHECK (seq >= 1),
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    outcome TEXT NOT NULL CHECK (outcome IN ('IMPORTED', 'KNOWN', 'PASSED', 'CONFLICT')),
    own_seq INTEGER UNIQUE REFERENCES entry,
    PRIMARY KEY (edge_id, seq, hash),
    CHECK ((outcome IN ('IMPORTED', 'CONFLICT')) = (own_seq IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- An imported session is beside the one that its till and person opened since.
ALTER TABLE cash_session ADD COLUMN imported INTEGER NOT NULL DEFAULT 0
    CHECK (imported IN (0, 1));
DROP INDEX cash_session_one_open;
CREATE UNIQUE INDEX cash_session_one_open ON cash_session (device_id, staff_id)
    WHERE status = 'OPEN' AND imported = 0;

-- The edges that this one follows, and the last entry that the books take of each from
-- the stream. Entries of others are not imported.
CREATE TABLE former_edge (
    edge_id BLOB PRIMARY KEY CHECK (length(edge_id) = 16),
    seq     INTEGER NOT NULL CHECK (seq >= 0),
    hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;
