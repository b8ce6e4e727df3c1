//! Which tables are made a second time, and what of each row must be as it is in the
//! books. `{books}` is the schema of the books themselves.

/// The tables that handlers write, but for the archive, which they read.
pub(super) const SHADOWED: &[&str] = &[
    "ticket",
    "cash_session",
    "sale",
    "sale_line",
    "sale_order",
    "sale_khqr",
    "khqr_intent",
    "order_handover",
    "adopted",
    "cash_movement",
    "customer_account",
    "account_charge",
    "stock_journal",
    "stock_level",
    "void_request",
    "z_supplement",
    "z_report",
    "edge_command",
    "exception",
    "quarantine",
    "audit_log",
    "outbox",
    "numbering_queue",
];

/// What the comparison needs for itself.
pub(super) const OWN: &[&str] = &[
    // Several commands about one request wait here until their entries come.
    "DO $$
     DECLARE
         one_waiting text;
     BEGIN
         FOR one_waiting IN
             SELECT indexrelid::regclass::text FROM pg_index
             WHERE indrelid = 'pg_temp.edge_command'::regclass AND indisunique
                 AND indpred IS NOT NULL
         LOOP
             EXECUTE 'DROP INDEX ' || one_waiting;
         END LOOP;
     END
     $$",
    "CREATE TEMP TABLE replay_order (
         place bigint PRIMARY KEY, edge_id uuid NOT NULL, seq bigint NOT NULL,
         set_aside boolean NOT NULL, UNIQUE (edge_id, seq))",
    "CREATE TEMP TABLE replay_wanted (
         edge_id uuid NOT NULL, seq bigint NOT NULL, kind text NOT NULL, about uuid[] NOT NULL,
         PRIMARY KEY (edge_id, seq))",
    "CREATE TEMP TABLE replay_later (id uuid NOT NULL)",
];

/// What entries of branch $2 of company $1 find: what the centre wrote, as it was
/// before any entry.
pub(super) const FILL: &[&str] = &[
    "INSERT INTO pg_temp.edge_command (command_id, tenant_id, branch_id, idempotency_key,
         void_request_id, decision, remark, decided_by, issued_at, expires_at)
     SELECT command_id, tenant_id, branch_id, idempotency_key, void_request_id, decision, remark,
         decided_by, issued_at, expires_at
     FROM {books}.edge_command WHERE tenant_id = $1 AND branch_id = $2",
    "INSERT INTO pg_temp.khqr_intent
     SELECT (i).* FROM (
         SELECT jsonb_populate_record(i, jsonb_build_object('sale_id', NULL, 'raised_at', NULL,
             'state', CASE WHEN i.paid_hash IS NOT NULL THEN 'PAID'
                           WHEN i.superseded_at IS NOT NULL THEN 'SUPERSEDED'
                           ELSE 'OPEN' END)) AS i
         FROM {books}.khqr_intent i WHERE i.tenant_id = $1 AND i.branch_id = $2
     ) reset",
    "INSERT INTO pg_temp.customer_account
     SELECT (a).* FROM (
         SELECT jsonb_populate_record(a, '{\"balance_usd\": 0}') AS a
         FROM {books}.customer_account a WHERE a.tenant_id = $1 AND $2::uuid IS NOT NULL
     ) reset",
];

/// The order in which the books took the entries of branch $1, of the journals $2 up to
/// $3 each: that of the audit log, where every entry that is booked, set aside or
/// released leaves a row. One without a row comes right after the one before it in its
/// journal.
pub(super) const ORDER: &str = "
INSERT INTO pg_temp.replay_order (place, edge_id, seq, set_aside)
WITH taken AS (
    SELECT edge_id, entry_seq AS seq, min(audit_id) AS first,
           max(audit_id) FILTER (WHERE action = 'EVENT_RELEASED') AS released
    FROM {books}.audit_log
    WHERE branch_id = $1 AND entry_seq IS NOT NULL
    GROUP BY edge_id, entry_seq
), entry AS (
    SELECT e.edge_id, e.seq, t.released, COALESCE(q.state, 'RELEASED') <> 'RELEASED' AS set_aside,
           max(t.first) OVER (PARTITION BY e.edge_id ORDER BY e.seq) AS first
    FROM unnest($2::uuid[], $3::bigint[]) AS j (edge_id, last_seq)
    JOIN {books}.edge_entry e ON e.edge_id = j.edge_id AND e.seq <= j.last_seq
    LEFT JOIN taken t ON t.edge_id = e.edge_id AND t.seq = e.seq
    LEFT JOIN {books}.quarantine q ON q.edge_id = e.edge_id AND q.seq = e.seq
)
SELECT row_number() OVER (ORDER BY COALESCE(released, first, 0), edge_id, seq), edge_id, seq,
       set_aside
FROM entry";

/// Whose effect a row is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause {
    /// Of the entry that these columns name.
    Entry(&'static str, &'static str),
    /// Of the entry of its sale.
    Sale,
    /// Of its own entry if it names one, else of that of its sale.
    EntryOrSale,
    /// Of the entry that opened the session that it is.
    Opening,
}

/// A table whose rows have a key that derives from their cause.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) name: &'static str,
    pub(super) key: &'static [&'static str],
    pub(super) cause: Cause,
    /// Columns that later entries change, or that depend on when the entry was booked.
    pub(super) apart: &'static [&'static str],
    /// Which rows are compared.
    pub(super) only: &'static str,
    /// Whether a missing row can be written anew, as it was.
    pub(super) repairable: bool,
}

const fn keyed(name: &'static str, key: &'static [&'static str], cause: Cause) -> Keyed {
    Keyed { name, key, cause, apart: &[], only: "true", repairable: true }
}

const OWN_ENTRY: Cause = Cause::Entry("s.edge_id", "s.entry_seq");

/// In the order in which missing rows are written.
pub(super) const KEYED: &[Keyed] = &[
    keyed("ticket", &["tenant_id", "ticket_id"], OWN_ENTRY),
    Keyed {
        apart: &["status", "closed_at", "closed_by"],
        ..keyed("cash_session", &["cash_session_id"], Cause::Opening)
    },
    Keyed { apart: &["status", "voided_at"], ..keyed("sale", &["sale_id"], OWN_ENTRY) },
    keyed("sale_line", &["sale_id", "line_no"], Cause::Sale),
    Keyed { apart: &["status", "updated_at"], ..keyed("sale_order", &["order_id"], Cause::Sale) },
    keyed("sale_khqr", &["sale_id"], Cause::Sale),
    Keyed {
        apart: &["state", "accepted_at", "edge_id", "entry_seq"],
        // What the door sold before the store had an edge was not handed over.
        only: "s.sale_entry_seq > (SELECT min(e.door_seq) FROM edge e
               WHERE e.branch_id = s.branch_id AND e.kind = 'STORE')",
        ..keyed("order_handover", &["order_id"], Cause::Entry("s.sale_edge_id", "s.sale_entry_seq"))
    },
    keyed("adopted", &["subject_id", "edge_id"], OWN_ENTRY),
    keyed("cash_movement", &["movement_id"], Cause::EntryOrSale),
    Keyed {
        apart: &["balance_after"],
        // The account's balance would have to move with it.
        repairable: false,
        ..keyed("account_charge", &["sale_id"], OWN_ENTRY)
    },
    Keyed {
        apart: &["status", "decided_by", "decision_note", "decided_at", "command_id"],
        ..keyed("void_request", &["void_request_id"], OWN_ENTRY)
    },
    keyed("z_supplement", &["sale_id"], Cause::Sale),
    keyed("z_report", &["cash_session_id"], OWN_ENTRY),
    Keyed {
        apart: &["detail"],
        only: "s.kind NOT IN ('STOCK_NEGATIVE', 'CREDIT_LIMIT_EXCEEDED', 'CATALOGUE_UNKNOWN',
               'SESSION_MISMATCH', 'KHQR_UNPROVEN', 'KHQR_ALREADY_CLAIMED', 'KHQR_MISMATCH')",
        ..keyed("exception", &["exception_id"], OWN_ENTRY)
    },
];

/// A state that entries move: table, key, column.
pub(super) const STATES: &[(&str, &str, &str)] = &[
    ("sale", "sale_id", "status"),
    ("sale_order", "order_id", "status"),
    ("cash_session", "cash_session_id", "status"),
    ("void_request", "void_request_id", "status"),
    ("order_handover", "order_id", "state"),
];

/// What is compared row by row without a key: table name, what a row is, and a query
/// for the entries that have fewer of one than they should, with `row_text`. $1 is the
/// branch.
pub(super) const COUNTED: &[(&str, &str)] = &[
    (
        "stock_journal",
        "SELECT s.edge_id, s.entry_seq AS seq,
             'item ' || s.stock_item_id || ' ' || s.reason || ' ' || s.delta AS row_text
         FROM (SELECT edge_id, entry_seq, stock_item_id, reason, sale_id, delta, count(*) AS rows
               FROM pg_temp.stock_journal GROUP BY 1, 2, 3, 4, 5, 6) s
         LEFT JOIN (SELECT edge_id, entry_seq, stock_item_id, reason, sale_id, delta,
                        count(*) AS rows
                    FROM {books}.stock_journal WHERE branch_id = $1 AND entry_seq IS NOT NULL
                    GROUP BY 1, 2, 3, 4, 5, 6) r
             ON r.edge_id = s.edge_id AND r.entry_seq = s.entry_seq
             AND r.stock_item_id = s.stock_item_id AND r.reason = s.reason
             AND r.sale_id = s.sale_id AND r.delta = s.delta
         WHERE s.rows > COALESCE(r.rows, 0)",
    ),
    (
        "audit_log",
        "SELECT s.edge_id, s.entry_seq AS seq,
             s.action || COALESCE(' ' || s.activity, '') || COALESCE(' of ' || s.subject_id, '')
                 AS row_text
         FROM (SELECT edge_id, entry_seq, action, activity, subject_id, count(*) AS rows
               FROM pg_temp.audit_log WHERE action <> 'EVENT_RELEASED'
               GROUP BY 1, 2, 3, 4, 5) s
         LEFT JOIN (SELECT edge_id, entry_seq, action, activity, subject_id, count(*) AS rows
                    FROM {books}.audit_log WHERE branch_id = $1 AND entry_seq IS NOT NULL
                    GROUP BY 1, 2, 3, 4, 5) r
             ON r.edge_id = s.edge_id AND r.entry_seq = s.entry_seq AND r.action = s.action
             AND r.activity IS NOT DISTINCT FROM s.activity
             AND r.subject_id IS NOT DISTINCT FROM s.subject_id
         WHERE s.rows > COALESCE(r.rows, 0)",
    ),
    (
        "numbering_queue",
        "SELECT s.edge_id, s.entry_seq AS seq, 'sale ' || s.sale_id AS row_text
         FROM pg_temp.numbering_queue s
         LEFT JOIN {books}.invoice i ON i.sale_id = s.sale_id
         LEFT JOIN {books}.numbering_queue q
             ON q.tenant_id = s.tenant_id AND q.sale_id = s.sale_id
         WHERE s.branch_id = $1 AND i.sale_id IS NULL AND q.sale_id IS NULL",
    ),
    // Facts that were pruned after their retention are not missed: those of entries that
    // the books took before the first one that is kept.
    (
        "outbox",
        "WITH kept AS (
             SELECT COALESCE(
                 (SELECT min(o.place)
                  FROM {books}.outbox first
                  CROSS JOIN LATERAL unnest(first.edge_ids, first.entry_seqs) AS f (edge_id, seq)
                  JOIN pg_temp.replay_order o ON o.edge_id = f.edge_id AND o.seq = f.seq
                  WHERE first.branch_id = $1 AND first.first_seq = (
                      SELECT min(first_seq) FROM {books}.outbox
                      WHERE branch_id = $1 HAVING min(first_seq) > 1)), 0) AS place
         )
         SELECT f.edge_id, f.seq, f.fact_id AS row_text
         FROM pg_temp.outbox s
         CROSS JOIN LATERAL unnest(s.edge_ids, s.entry_seqs, s.fact_ids, s.kinds)
             AS f (edge_id, seq, fact_id, kind)
         JOIN pg_temp.replay_order o ON o.edge_id = f.edge_id AND o.seq = f.seq
         WHERE o.place >= (SELECT place FROM kept)
             AND f.fact_id !~ ':(STOCK_NEGATIVE|CREDIT_LIMIT_EXCEEDED|CATALOGUE_UNKNOWN|SESSION_MISMATCH|KHQR_UNPROVEN|KHQR_ALREADY_CLAIMED|KHQR_MISMATCH)$'
             AND f.fact_id NOT IN (
                 SELECT unnest(fact_ids) FROM {books}.outbox WHERE branch_id = $1)",
    ),
];
