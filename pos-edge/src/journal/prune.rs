//! Pruning: what the books and a backup of them have, and what nobody here needs any
//! more, makes room.
//!
//! It guarantees that
//! - an entry is pruned only at or below the word of the books that the caller passes
//!   on (their cursor and the watermark of their backup, both), below what this
//!   journal itself holds as confirmed, and when it is older than the retention;
//! - what an open session, an open order, an undecided void or a sale without its
//!   number needs stays, and its entry with it; so do sessions, their Z reports and
//!   commands, which are few;
//! - the newest entry stays, and the chain can be checked from the newest pruned one
//!   on, whose place and hash are kept;
//! - a ticket, key or online order that is pruned is recognised for good (`pruned.rs`).
//!
//! It goes in small transactions between captures. Each is whole or not at all, and is
//! not waited for on the disk: what a crash undoes is pruned again. The database's own
//! references forbid to delete what something still refers to. Freed pages are written
//! over by what comes next; the file does not shrink.

use schemas::{Sha256Hash, Timestamp, requests::JournalHead};
use sqlx::SqliteConnection;

use super::{
    columns::{hash_out, json_rows, place_in, place_out, uuid_out},
    error::JournalError,
    pruned::{self, Key},
    state::{Durability, Ledger},
};

/// The most entries that one transaction looks at.
const STEP_ENTRIES: i64 = 48;
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruning {
    /// The newest entry that was looked at: where the next step goes on. `None` if
    /// there is nothing left to look at.
    pub next: Option<u64>,
    /// Entries that were deleted.
    pub deleted: u64,
}

/// Everything from `from` (exclusive) to `to` (inclusive), in entries.
#[derive(Clone, Copy)]
struct Range {
    from: i64,
    to: i64,
}

/// See [`super::Journal::prune_some`].
pub(super) async fn step(
    ledger: &mut Ledger,
    after: u64,
    below: u64,
) -> Result<Pruning, JournalError> {
    let done = Pruning { next: None, deleted: 0 };
    let base = *ledger.shared.base.borrow();
    let head = ledger.shared.head.borrow().seq;
    let confirmed = ledger.shared.confirmed.borrow().seq;
    let retired = ledger.shared.rolled_back.borrow().is_some();
    // The chain is checked from the cursor on: what it starts from must be there.
    let below = below.min(confirmed).min(head.saturating_sub(1));
    if after >= below || retired || ledger.checking.is_some() {
        return Ok(done);
    }
    let cutoff = cutoff(ledger.shared.clock.now(), ledger.keep_days);
    let Some((to, hash)) = reach(&mut ledger.connection, after, below, cutoff).await? else {
        return Ok(done);
    };
    let range = Range { from: place_in(after), to: place_in(to) };
    ledger.begin(Durability::Repeatable).await?;
    let written = delete(&mut ledger.connection, range, base, hash).await;
    let deleted = ledger.finish(written).await?;
    telemetry::failpoint("edge.after_prune");
    if to > base.seq {
        ledger.shared.base.send_replace(JournalHead { seq: to, hash });
    }
    ledger.count_pages().await?;
    Ok(Pruning { next: Some(to), deleted })
}

/// Entries from before this moment may go.
fn cutoff(now: Timestamp, keep_days: u32) -> i64 {
    now.unix_micros().saturating_sub(i64::from(keep_days).saturating_mul(DAY_MICROS))
}

/// The end of the next step: the last of the entries after `after` that may go, as far
/// as one step looks. The first that is too young ends it.
async fn reach(
    connection: &mut SqliteConnection,
    after: u64,
    below: u64,
    cutoff: i64,
) -> Result<Option<(u64, Sha256Hash)>, JournalError> {
    let (after, below) = (place_in(after), place_in(below));
    let rows = sqlx::query!(
        "SELECT seq AS \"seq!\", recorded_at, hash FROM entry
         WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        after,
        below,
        STEP_ENTRIES,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .take_while(|row| row.recorded_at < cutoff)
        .last()
        .map(|row| Ok((place_out(row.seq), hash_out(&row.hash)?)))
        .transpose()
}

/// Deletes what may go of a range, and keeps where that ended; how many entries.
async fn delete(
    connection: &mut SqliteConnection,
    range: Range,
    base: JournalHead,
    hash: Sha256Hash,
) -> Result<u64, JournalError> {
    let Range { from, to } = range;
    delete_acts(connection, range).await?;
    delete_sales(connection, range).await?;
    delete_online(connection, range).await?;
    // A drawer's movements are summed until its session is closed.
    sqlx::query!(
        "DELETE FROM cash_movement
         WHERE seq > ? AND seq <= ? AND ticket_seq IS NULL
           AND cash_session_id IN (SELECT cash_session_id FROM cash_session WHERE status = 'CLOSED')",
        from,
        to,
    )
    .execute(&mut *connection)
    .await?;
    let deleted = sqlx::query!(
        "DELETE FROM entry
         WHERE seq > ? AND seq <= ?
           AND NOT EXISTS (SELECT 1 FROM ticket WHERE ticket.seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM cash_session WHERE cash_session.seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM cash_session WHERE closed_seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM cash_movement WHERE cash_movement.seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM void_request WHERE void_request.seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM void_request WHERE decided_seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM command WHERE command.seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM asked WHERE asked.seq = entry.seq)
           AND NOT EXISTS (SELECT 1 FROM online_order WHERE online_order.seq = entry.seq)",
        from,
        to,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if place_out(to) > base.seq {
        let hash = hash.as_bytes().as_slice();
        sqlx::query!("UPDATE journal SET pruned_seq = ?, pruned_hash = ?", to, hash)
            .execute(connection)
            .await?;
    }
    Ok(deleted)
}

/// What was asked under a key is answered no more from its entry.
async fn delete_acts(connection: &mut SqliteConnection, range: Range) -> Result<(), JournalError> {
    let Range { from, to } = range;
    let rows = sqlx::query!(
        "DELETE FROM asked WHERE seq > ? AND seq <= ?
         RETURNING idempotency_key, request_hash, seq",
        from,
        to,
    )
    .fetch_all(&mut *connection)
    .await?;
    let kept: Vec<_> = rows
        .iter()
        .map(|row| (Key::Act(&row.idempotency_key), row.request_hash.as_slice(), row.seq))
        .collect();
    pruned::keep(connection, &kept).await
}

/// A sale goes when it has its number, its order is at its end, its session is closed,
/// and nothing about voiding it is undecided or was decided later than the range; and
/// everything about it goes along, with the register's rows up to its own.
async fn delete_sales(connection: &mut SqliteConnection, range: Range) -> Result<(), JournalError> {
    let Range { from, to } = range;
    let rows = sqlx::query!(
        "SELECT seq AS \"seq!\", sale_no, ticket_id, request_hash, mapping_seq AS \"mapping_seq!\"
         FROM ticket
         WHERE seq > ?1 AND seq <= ?2
           AND invoice_no IS NOT NULL
           AND order_status NOT IN ('IN_PREP', 'READY')
           AND sale_status <> 'VOID_PENDING'
           AND EXISTS (SELECT 1 FROM cash_session AS session
                       WHERE session.cash_session_id = ticket.cash_session_id
                         AND session.status = 'CLOSED')
           AND NOT EXISTS (SELECT 1 FROM void_request AS request
                           WHERE request.ticket_seq = ticket.seq
                             AND (request.decided_seq IS NULL OR request.decided_seq > ?2))",
        from,
        to,
    )
    .fetch_all(&mut *connection)
    .await?;
    let Some(newest) = rows.iter().map(|row| row.sale_no).max() else { return Ok(()) };
    let numbers = rows.iter().map(|row| row.mapping_seq).max();
    let seqs = json_rows(&rows.iter().map(|row| row.seq).collect::<Vec<_>>())?;
    let kept: Vec<_> = rows
        .iter()
        .map(|row| (Key::Ticket(&row.ticket_id), row.request_hash.as_slice(), row.seq))
        .collect();
    pruned::keep(&mut *connection, &kept).await?;
    sqlx::query!(
        "DELETE FROM notification_seen WHERE notification_id IN (
             SELECT notification_id FROM notification WHERE request_seq IN (
                 SELECT seq FROM void_request
                 WHERE ticket_seq IN (SELECT value FROM json_each(?))));
         DELETE FROM notification WHERE request_seq IN (
             SELECT seq FROM void_request WHERE ticket_seq IN (SELECT value FROM json_each(?)));
         DELETE FROM cash_movement WHERE ticket_seq IN (SELECT value FROM json_each(?));
         DELETE FROM void_request WHERE ticket_seq IN (SELECT value FROM json_each(?));
         DELETE FROM print WHERE ticket_seq IN (SELECT value FROM json_each(?));
         DELETE FROM ticket WHERE seq IN (SELECT value FROM json_each(?));
         DELETE FROM invoice WHERE mapping_seq <= ?
             AND NOT EXISTS (SELECT 1 FROM ticket
                             WHERE ticket.mapping_seq = invoice.mapping_seq)",
        seqs,
        seqs,
        seqs,
        seqs,
        seqs,
        seqs,
        numbers,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("UPDATE journal SET pruned_sales = max(pruned_sales, ?)", newest)
        .execute(connection)
        .await?;
    Ok(())
}

/// An online order goes when it was handed out.
async fn delete_online(
    connection: &mut SqliteConnection,
    range: Range,
) -> Result<(), JournalError> {
    let Range { from, to } = range;
    let rows = sqlx::query!(
        "DELETE FROM online_order WHERE seq > ? AND seq <= ? AND order_status = 'DELIVERED'
         RETURNING order_id, seq AS \"seq!\"",
        from,
        to,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut kept = Vec::with_capacity(rows.len());
    for row in &rows {
        kept.push((Key::Order(uuid_out(&row.order_id)?.into()), [].as_slice(), row.seq));
    }
    pruned::keep(connection, &kept).await
}
