//! What can happen to books, and which checks must fail then.

/// What is done to the books, and which checks must fail then: those, no others.
pub struct Damage {
    pub what: &'static str,
    pub sql: &'static str,
    pub fails: &'static [&'static str],
}

pub const fn damage(
    what: &'static str,
    sql: &'static str,
    fails: &'static [&'static str],
) -> Damage {
    Damage { what, sql, fails }
}

pub const ENTRIES: &[Damage] = &[
    damage(
        "one byte of an archived payload is another",
        "UPDATE edge_entry SET payload = convert_to(replace(convert_from(payload, 'UTF8'),
             '2026', '2027'), 'UTF8') WHERE seq = 5",
        &["journals"],
    ),
    damage(
        "an entry's time is another",
        "UPDATE edge_entry SET recorded_at = recorded_at + interval '1 second' WHERE seq = 3",
        &["journals"],
    ),
    damage(
        "an entry that made no sale is gone",
        "DELETE FROM edge_entry WHERE seq = 1",
        &["journals"],
    ),
    damage(
        "a sale's entry is gone",
        "DELETE FROM edge_entry WHERE seq = 4",
        &["journals", "tickets", "invoices", "deductions"],
    ),
    damage(
        "a cursor is ahead of its entries",
        "UPDATE edge_cursor SET last_seq = last_seq + 1",
        &["journals"],
    ),
    damage(
        "a cursor has another hash",
        "UPDATE edge_cursor SET head_hash = sha256(head_hash)",
        &["journals"],
    ),
    damage("a ticket is forgotten", "DELETE FROM ticket WHERE entry_seq = 6", &["tickets"]),
    damage(
        "a ticket names another entry",
        "UPDATE ticket SET entry_seq = 1 WHERE entry_seq = 6",
        &["tickets"],
    ),
    damage(
        "a ticket is kept whose sale was never booked",
        "INSERT INTO ticket SELECT tenant_id, 'never-sold', payload_hash, gen_random_uuid(),
             edge_id, entry_seq FROM ticket LIMIT 1",
        &["tickets"],
    ),
    damage(
        "a sale is booked twice",
        "INSERT INTO sale SELECT (jsonb_populate_record(s, jsonb_build_object('sale_id',
             'ffffffff-ffff-4fff-8fff-ffffffffffff'))).* FROM sale s WHERE entry_seq = 6 LIMIT 1",
        &["tickets", "totals", "orders", "cash", "invoices"],
    ),
    damage(
        "a sale is lost with everything that hangs on it",
        "CREATE TEMP TABLE lost AS SELECT * FROM sale WHERE entry_seq = 6 LIMIT 1;
         DELETE FROM sale_line USING lost WHERE sale_line.sale_id = lost.sale_id;
         DELETE FROM sale_order USING lost WHERE sale_order.sale_id = lost.sale_id;
         DELETE FROM cash_movement USING lost WHERE cash_movement.sale_id = lost.sale_id;
         DELETE FROM ticket USING lost WHERE ticket.sale_id = lost.sale_id;
         DELETE FROM sale USING lost WHERE sale.sale_id = lost.sale_id",
        &["tickets", "deductions", "invoices", "facts"],
    ),
];

pub const SALES: &[Damage] = &[
    damage(
        "a sale has another cashier than its entry",
        "UPDATE sale SET cashier_id = gen_random_uuid() WHERE entry_seq = 3",
        &["sales"],
    ),
    damage(
        "a line has another quantity",
        "UPDATE sale_line SET quantity = quantity + 1 WHERE line_no = 1",
        &["sales"],
    ),
    damage(
        "a payable is another, rounding along with it",
        "UPDATE sale SET payable_khr = payable_khr + 100, khr_rounding = khr_rounding + 100",
        &["sales"],
    ),
    damage(
        "a line costs more",
        "UPDATE sale_line SET line_total_usd = line_total_usd + 1,
             base_amount_usd = base_amount_usd + 1 WHERE line_no = 1",
        &["totals"],
    ),
    damage("a line is gone", "DELETE FROM sale_line WHERE line_no = 1", &["sales", "totals"]),
    damage(
        "a grand total is another",
        "UPDATE sale SET grand_total_usd = grand_total_usd + 1 WHERE entry_seq = 3",
        &["sales", "totals", "invoices"],
    ),
    damage("an order is gone", "DELETE FROM sale_order WHERE true", &["orders"]),
    damage(
        "an order has no sale",
        "INSERT INTO sale_order SELECT gen_random_uuid(), gen_random_uuid(), tenant_id, branch_id,
             status, updated_at FROM sale_order LIMIT 1",
        &["orders"],
    ),
    damage(
        "a drawer took more than the sale",
        "UPDATE cash_movement SET amount = amount + 1",
        &["cash"],
    ),
    damage("a drawer took nothing", "DELETE FROM cash_movement WHERE true", &["cash"]),
    damage(
        "a drawer took it twice",
        "INSERT INTO cash_movement SELECT gen_random_uuid(), cash_session_id, branch_id, kind,
             currency, amount, sale_id, occurred_at FROM cash_movement LIMIT 1",
        &["cash"],
    ),
    damage(
        "another drawer took it",
        "UPDATE cash_movement SET cash_session_id = gen_random_uuid()",
        &["cash"],
    ),
    damage("a session is gone", "DELETE FROM cash_session WHERE true", &["cash"]),
];

pub const STOCK: &[Damage] = &[
    damage("a level is another", "UPDATE stock_level SET level = level + 1", &["stock"]),
    damage(
        "a row of a ledger has another level",
        "UPDATE stock_journal SET level_after = level_after - 1 WHERE stock_no = 2",
        &["stock"],
    ),
    damage(
        "a ledger has a gap",
        "UPDATE stock_journal SET stock_no = stock_no + 100 WHERE stock_no > 5;
         UPDATE stock_level SET last_no = last_no + 100",
        &["stock"],
    ),
    damage(
        "the last movement of an item is gone, its level along with it",
        "CREATE TEMP TABLE lost AS SELECT j.* FROM stock_journal j JOIN stock_level l
             ON l.stock_item_id = j.stock_item_id AND l.branch_id = j.branch_id
             AND l.last_no = j.stock_no LIMIT 1;
         DELETE FROM stock_journal j USING lost WHERE j.stock_item_id = lost.stock_item_id
             AND j.branch_id = lost.branch_id AND j.stock_no = lost.stock_no;
         UPDATE stock_level l SET level = l.level - lost.delta, last_no = l.last_no - 1 FROM lost
             WHERE l.stock_item_id = lost.stock_item_id AND l.branch_id = lost.branch_id",
        &["deductions"],
    ),
];

pub const REGISTER: &[Damage] = &[
    damage(
        "the newest sale never got its number",
        "CREATE TEMP TABLE lost AS SELECT * FROM invoice ORDER BY no DESC LIMIT 1;
         DELETE FROM invoice USING lost WHERE invoice.no = lost.no;
         UPDATE invoice_series SET last_no = lost.no - 1, head_hash = lost.prev_hash FROM lost;
         UPDATE mapping_head m SET last_seq = last_seq - 1 FROM lost
             WHERE m.branch_id = lost.branch_id;
         SELECT forget(h.branch_id, h.last_seq) FROM fact_head h JOIN lost USING (branch_id);
         UPDATE fact_head h SET last_seq = last_seq - 1, published_seq = published_seq - 1
             FROM lost WHERE h.branch_id = lost.branch_id",
        &["invoices"],
    ),
    damage(
        "a numbered sale waits for another number",
        "INSERT INTO numbering_queue (tenant_id, branch_id, sale_id, ticket_id, edge_id, entry_seq,
             entry_hash, grand_total_usd, vat_usd, grand_total_khr)
         SELECT tenant_id, branch_id, sale_id, ticket_id, edge_id, entry_seq, entry_hash,
             grand_total_usd, vat_usd, grand_total_khr FROM invoice LIMIT 1",
        &["invoices"],
    ),
    damage(
        "an amount in the register is another",
        "UPDATE invoice SET grand_total_usd = grand_total_usd + 1 WHERE no = 3",
        &["invoices", "register"],
    ),
    damage(
        "a time in the register is another",
        "UPDATE invoice SET issued_at = issued_at + interval '1 second' WHERE no = 3",
        &["register"],
    ),
    damage(
        "two numbers change places",
        "UPDATE invoice SET no = 1000 WHERE no = 3; UPDATE invoice SET no = 3 WHERE no = 4;
         UPDATE invoice SET no = 4 WHERE no = 1000",
        &["register"],
    ),
    damage(
        "a number in the middle is gone",
        "DELETE FROM invoice WHERE no = 3",
        &["invoices", "register", "mapping", "facts"],
    ),
    damage(
        "the counter is ahead",
        "UPDATE invoice_series SET last_no = last_no + 1",
        &["register"],
    ),
    damage(
        "the counter's hash is another",
        "UPDATE invoice_series SET head_hash = sha256(head_hash)",
        &["register"],
    ),
    damage(
        "a branch's mapping is ahead",
        "UPDATE mapping_head SET last_seq = last_seq + 1",
        &["mapping"],
    ),
];

pub const FACTS: &[Damage] = &[
    damage("a fact is gone", "SELECT forget(branch_id, 3) FROM fact_head", &["facts"]),
    damage(
        "the newest fact is gone",
        "SELECT forget(branch_id, last_seq) FROM fact_head",
        &["facts"],
    ),
    damage(
        "a sale is told a second time",
        "INSERT INTO outbox (tenant_id, branch_id, facts, fact_ids, kinds, schema_versions,
             edge_ids, entry_seqs, series_ids, invoice_nos, bodies, occurred_ats)
         SELECT tenant_id, branch_id, 1, '{again}', kinds[n:n], schema_versions[n:n], edge_ids[n:n],
             entry_seqs[n:n], '{NULL}', '{NULL}', '{NULL}', occurred_ats[n:n]
         FROM outbox, array_position(kinds, 'sale.finalized') AS n WHERE n IS NOT NULL LIMIT 1",
        &["facts"],
    ),
    damage(
        "a sale is not told, but something else of it",
        "UPDATE outbox SET kinds[array_position(kinds, 'sale.finalized')] = 'exception.raised'
         WHERE 'sale.finalized' = ANY (kinds)",
        &["facts"],
    ),
    damage(
        "a fact has another's id",
        "UPDATE outbox SET fact_ids[2] = fact_ids[1] WHERE first_seq = 1",
        &["facts"],
    ),
    damage(
        "a fact has the id of another store's",
        "UPDATE outbox SET fact_ids[1] = 'twice' WHERE first_seq = 1",
        &["facts"],
    ),
    damage(
        "a fact names no entry any more",
        "UPDATE outbox SET edge_ids[1] = NULL WHERE first_seq = 1",
        &["facts"],
    ),
    damage(
        "a run holds fewer facts than it says",
        "UPDATE outbox SET occurred_ats = occurred_ats[2:] WHERE first_seq = 1",
        &["facts"],
    ),
    damage(
        "two runs overlap",
        "UPDATE outbox SET first_seq = first_seq - 1 WHERE first_seq > 1;
         UPDATE fact_head SET last_seq = last_seq - 1, published_seq = published_seq - 1",
        &["facts"],
    ),
    damage(
        "there is a gap between two runs",
        "UPDATE outbox SET first_seq = first_seq + 1 WHERE first_seq > 1;
         UPDATE fact_head SET last_seq = last_seq + 1",
        &["facts"],
    ),
    damage(
        "facts are numbered past the head",
        "UPDATE fact_head SET last_seq = last_seq + 1",
        &["facts"],
    ),
];

pub const HEARTBEATS: &[Damage] = &[
    damage(
        "an edge has another entry than the books",
        "UPDATE edge_heartbeat SET journal_hash = sha256(journal_hash)",
        &["heartbeats"],
    ),
    damage(
        "an edge counts on more than the books have",
        "UPDATE edge_heartbeat SET confirmed_seq = confirmed_seq + 100",
        &["heartbeats"],
    ),
    damage(
        "an edge has seen numbers that the books do not have",
        "UPDATE edge_heartbeat SET mapping_seq = mapping_seq + 100",
        &["heartbeats"],
    ),
];
