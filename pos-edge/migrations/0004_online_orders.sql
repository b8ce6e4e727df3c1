-- Orders that the direct door sold and this store makes.

-- One row for each entry `order.accepted`, made from it alone. The sale is kept at
-- the centre; here is where its order stands. It cannot be voided in the store.
CREATE TABLE online_order (
    seq              INTEGER PRIMARY KEY REFERENCES entry,
    order_id         BLOB NOT NULL UNIQUE CHECK (length(order_id) = 16),
    sale_id          BLOB NOT NULL UNIQUE CHECK (length(sale_id) = 16),
    ticket_id        TEXT NOT NULL,
    placed_at        INTEGER NOT NULL,
    total_cents      INTEGER NOT NULL,
    order_status     TEXT NOT NULL DEFAULT 'IN_PREP'
        CHECK (order_status IN ('IN_PREP', 'READY', 'DELIVERED')),
    order_changed_at INTEGER
) STRICT;
CREATE INDEX online_order_of_ticket ON online_order (ticket_id);
CREATE INDEX online_order_open ON online_order (seq) WHERE order_status IN ('IN_PREP', 'READY');
