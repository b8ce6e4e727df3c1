//! What can happen to sessions, voids and commands. The entries are those of
//! `Sold::with_voids`.

use crate::damages::{Damage, damage};

pub const SESSIONS: &[Damage] = &[
    damage("a Z report is gone", "DELETE FROM z_report WHERE true", &["sessions", "effects"]),
    damage(
        "a closed session is open again",
        "UPDATE cash_session SET status = 'OPEN', closed_at = NULL, closed_by = NULL
         WHERE status = 'CLOSED'",
        &["sessions"],
    ),
    damage(
        "a Z report's sum is another",
        "UPDATE z_report SET sales_usd = sales_usd + 1",
        &["sessions"],
    ),
    damage(
        "a Z report is not the entry that closed its session",
        "UPDATE z_report SET body = body || convert_to(' ', 'UTF8')",
        &["sessions"],
    ),
    damage(
        "a Z report expects what its sums do not come to, and so does its entry",
        "UPDATE edge_entry SET payload = convert_to(replace(convert_from(payload, 'UTF8'),
             '\"expected\":\"', '\"expected\":\"1'), 'UTF8') WHERE kind = 'cash.session_closed';
         UPDATE z_report z SET body = e.payload FROM edge_entry e
             WHERE e.edge_id = z.edge_id AND e.seq = z.entry_seq",
        &["journals", "sessions"],
    ),
    damage(
        "more was paid in than the Z report says",
        "UPDATE cash_movement SET amount = amount + 1 WHERE kind = 'PAID_IN'",
        &["sessions"],
    ),
    damage(
        "what was paid out is gone",
        "DELETE FROM cash_movement WHERE kind = 'PAID_OUT'",
        &["sessions", "effects"],
    ),
    damage(
        "a session began with another float",
        "UPDATE cash_session SET opening_float_khr = opening_float_khr + 100",
        &["sessions"],
    ),
    damage(
        "a session was closed by somebody else",
        "UPDATE cash_session SET closed_by = gen_random_uuid() WHERE status = 'CLOSED'",
        &["sessions"],
    ),
    damage(
        "a supplement has another number",
        "UPDATE z_supplement SET supplement_no = 7",
        &["sessions"],
    ),
    damage("a supplement is forgotten", "DELETE FROM z_supplement WHERE true", &["sessions"]),
];

pub const VOIDS: &[Damage] = &[
    damage(
        "an approved request is forgotten",
        "DELETE FROM void_request WHERE status = 'APPROVED' AND command_id IS NULL",
        &["voids", "effects"],
    ),
    damage(
        "a sale that was undone stands as if it was not",
        "UPDATE sale SET status = 'FINALIZED', voided_at = NULL WHERE status = 'VOIDED'",
        &["voids", "reversals", "sessions"],
    ),
    damage(
        "a pending request is rejected behind its sale",
        "UPDATE void_request SET status = 'REJECTED', decided_at = now() WHERE status = 'PENDING'",
        &["voids"],
    ),
    damage(
        "a sale awaits what nobody asked for",
        "UPDATE sale SET status = 'VOID_PENDING' WHERE entry_seq = 20",
        &["voids"],
    ),
    damage(
        "an order goes on whose sale was undone",
        "UPDATE sale_order SET status = 'READY' WHERE status = 'VOIDED'",
        &["voids"],
    ),
    damage(
        "an order is void and its sale is not",
        "UPDATE sale_order o SET status = 'VOIDED' FROM sale s
         WHERE s.sale_id = o.sale_id AND s.entry_seq = 20",
        &["voids"],
    ),
    damage(
        "a request is pending in a closed session",
        "UPDATE void_request SET status = 'PENDING', decided_at = NULL, decided_by = NULL,
             decision_note = NULL WHERE entry_seq = 16;
         UPDATE sale SET status = 'VOID_PENDING' FROM void_request v
             WHERE v.sale_id = sale.sale_id AND v.entry_seq = 16",
        &["voids"],
    ),
    damage(
        "a request is about a sale that was never made",
        "UPDATE void_request SET sale_id = gen_random_uuid() WHERE entry_seq = 14",
        &["voids"],
    ),
];

pub const EFFECTS: &[Damage] = &[
    damage(
        "a request that was rejected is forgotten",
        "DELETE FROM void_request WHERE entry_seq = 14",
        &["effects"],
    ),
    damage(
        "a payment names an entry that is none",
        "UPDATE cash_movement SET entry_seq = 7 WHERE kind = 'PAID_IN'",
        &["effects"],
    ),
];

pub const REVERSALS: &[Damage] = &[
    damage(
        "cash was never given back",
        "DELETE FROM cash_movement WHERE kind = 'REFUND_CASH'",
        &["reversals", "sessions", "effects"],
    ),
    damage(
        "other cash was given back than was kept",
        "UPDATE cash_movement SET amount = amount + 0.5 WHERE kind = 'REFUND_CASH'",
        &["reversals", "sessions"],
    ),
    damage(
        "cash was given back for a sale that stands",
        "UPDATE cash_movement m SET sale_id = s.sale_id FROM sale s
         WHERE m.kind = 'REFUND_CASH' AND m.entry_seq = 11 AND s.entry_seq = 7
             AND s.branch_id = m.branch_id",
        &["reversals"],
    ),
    damage(
        "cash came from another drawer",
        "UPDATE cash_movement m SET cash_session_id = c.cash_session_id FROM cash_session c
         WHERE m.kind = 'REFUND_CASH' AND c.branch_id = m.branch_id AND c.status = 'OPEN'",
        &["reversals", "sessions"],
    ),
    damage(
        "stock came back a second time",
        "INSERT INTO stock_journal (branch_id, stock_item_id, stock_no, delta, level_after, reason,
             sale_id, edge_id, entry_seq, occurred_at)
         SELECT j.branch_id, j.stock_item_id, l.last_no + 1, j.delta, l.level + j.delta, 'VOID',
             j.sale_id, j.edge_id, j.entry_seq, now()
         FROM stock_journal j JOIN stock_level l ON l.branch_id = j.branch_id
             AND l.stock_item_id = j.stock_item_id
         WHERE j.reason = 'VOID' AND j.entry_seq = 11;
         UPDATE stock_level l SET level = j.level_after, last_no = j.stock_no FROM stock_journal j
             WHERE j.branch_id = l.branch_id AND j.stock_item_id = l.stock_item_id
             AND j.stock_no = l.last_no + 1",
        &["reversals"],
    ),
    damage(
        "stock came back for another reason",
        "UPDATE stock_journal SET reason = 'COUNT', sale_id = NULL WHERE entry_seq = 11",
        &["reversals", "facts"],
    ),
    damage(
        "stock came back for a sale that stands",
        "UPDATE stock_journal j SET sale_id = s.sale_id FROM sale s
         WHERE j.entry_seq = 11 AND s.entry_seq = 7 AND s.branch_id = j.branch_id",
        &["reversals"],
    ),
];

pub const COMMANDS: &[Damage] = &[
    damage(
        "a command was carried out and decided nothing",
        "UPDATE void_request SET command_id = NULL",
        &["commands"],
    ),
    damage(
        "a command that was refused says it was carried out",
        "UPDATE edge_command SET state = 'CARRIED_OUT', outcome_code = NULL WHERE state = 'EXPIRED'",
        &["commands", "effects"],
    ),
    damage(
        "a command asked for the opposite",
        "UPDATE edge_command SET decision = 'REJECT', remark = 'no' WHERE state = 'CARRIED_OUT'",
        &["commands"],
    ),
    damage(
        "a command that decided a request is gone",
        "DELETE FROM edge_command WHERE state = 'CARRIED_OUT'",
        &["commands"],
    ),
    damage(
        "a command decided a request and waits",
        "UPDATE edge_command SET state = 'WAITING', settled_at = NULL, entry_seq = NULL
         WHERE state = 'CARRIED_OUT'",
        &["commands"],
    ),
];
