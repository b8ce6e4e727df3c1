-- Room, and what is pruned to make some; see src/journal/{room,prune}.rs.

-- `pruned_seq`, `pruned_hash`: the newest entry that was pruned; the chain is checked
-- from there on. Entries before it that something here still needs stay. `pruned_sales`:
-- the highest `sale_no` that was pruned. `told_level`: the storage level that somebody
-- was told of last.
ALTER TABLE journal ADD COLUMN pruned_seq INTEGER NOT NULL DEFAULT 0 CHECK (pruned_seq >= 0);
ALTER TABLE journal ADD COLUMN pruned_hash BLOB NOT NULL
    DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000'
    CHECK (length(pruned_hash) = 32);
ALTER TABLE journal ADD COLUMN pruned_sales INTEGER NOT NULL DEFAULT 0 CHECK (pruned_sales >= 0);
ALTER TABLE journal ADD COLUMN told_level TEXT NOT NULL DEFAULT 'ok'
    CHECK (told_level IN ('ok', 'low', 'critical', 'full'));

-- What was done here and pruned since, so that it is never done again: small, and for
-- good. `key`: the first 16 bytes of the SHA-256 of a ticket, of another idempotency
-- key or of an online order's id, each after its kind (src/journal/pruned.rs);
-- `request`: the first 16 bytes of the request's hash; `seq`: the entry that it made.
CREATE TABLE pruned (
    key     BLOB PRIMARY KEY CHECK (length(key) = 16),
    request BLOB NOT NULL CHECK (length(request) = 16),
    seq     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows are deleted by what refers to them.
CREATE INDEX ticket_of_mapping ON ticket (mapping_seq) WHERE mapping_seq IS NOT NULL;
CREATE INDEX void_request_decided ON void_request (decided_seq) WHERE decided_seq IS NOT NULL;
CREATE INDEX print_of_ticket ON print (ticket_seq);

-- Notifications are also about room: those are about no request.
CREATE TABLE new_notification (
    notification_no INTEGER PRIMARY KEY,
    notification_id BLOB NOT NULL UNIQUE CHECK (length(notification_id) = 16),
    key             TEXT NOT NULL,
    request_seq     INTEGER REFERENCES void_request,
    staff_id        BLOB CHECK (length(staff_id) = 16),
    at              INTEGER NOT NULL,
    tickets_left    INTEGER CHECK (tickets_left >= 0),
    CHECK ((request_seq IS NULL) <> (tickets_left IS NULL))
) STRICT;
CREATE TABLE new_notification_seen (
    notification_id BLOB NOT NULL REFERENCES new_notification (notification_id),
    staff_id        BLOB NOT NULL CHECK (length(staff_id) = 16),
    seen_at         INTEGER NOT NULL,
    PRIMARY KEY (notification_id, staff_id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_notification (notification_no, notification_id, key, request_seq, staff_id, at)
    SELECT notification_no, notification_id, key, request_seq, staff_id, at FROM notification;
INSERT INTO new_notification_seen SELECT notification_id, staff_id, seen_at FROM notification_seen;
DROP TABLE notification_seen;
DROP TABLE notification;
ALTER TABLE new_notification RENAME TO notification;
ALTER TABLE new_notification_seen RENAME TO notification_seen;
CREATE INDEX notification_to ON notification (staff_id, notification_no);
CREATE INDEX notification_of_request ON notification (request_seq) WHERE request_seq IS NOT NULL;
