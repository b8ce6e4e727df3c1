//! How far the books are with this journal.

use schemas::{Sha256Hash, Timestamp, requests::JournalHead};

use super::{
    columns::{place_in, place_out},
    entries,
    error::JournalError,
    open::replace,
    state::{Durability, Ledger},
};

/// How far the journal, the books and the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncCounts {
    /// Entries in the journal.
    pub journal_seq: u64,
    /// Entries that the books have.
    pub confirmed_seq: u64,
    /// Sales captured.
    pub captured: u64,
    /// Sales that the books have.
    pub confirmed: u64,
    /// Sales that have their number.
    pub numbered: u64,
    /// When the oldest unconfirmed entry was recorded.
    pub oldest_unconfirmed_at: Option<Timestamp>,
}

/// What the books' word about their cursor means to a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// They have what the journal has there: everything up to it is confirmed.
    Believed,
    /// They have another entry there: this journal is an older copy that went on.
    AnotherHistory,
    /// They have more than the journal: it is an older copy.
    BeyondTheJournal,
}

/// Whether the books' word brings nothing beyond what is confirmed: it came late.
pub fn is_known(cursor: JournalHead, confirmed: JournalHead) -> bool {
    cursor.seq < confirmed.seq || cursor == confirmed
}

/// Weighs the word of the books that they are at `cursor`, against the hash that
/// the journal has there, if it has an entry there. Whatever is not
/// [`Word::Believed`] retires the journal: it may not sell any more.
pub fn weigh(cursor: JournalHead, own: Option<Sha256Hash>) -> Word {
    match own {
        Some(hash) if hash == cursor.hash => Word::Believed,
        Some(_) => Word::AnotherHistory,
        None => Word::BeyondTheJournal,
    }
}

/// See [`super::Journal::confirm`].
pub(super) async fn confirm(ledger: &mut Ledger, cursor: JournalHead) -> Result<(), JournalError> {
    let confirmed = *ledger.shared.confirmed.borrow();
    let head = *ledger.shared.head.borrow();
    if is_known(cursor, confirmed) {
        return Ok(());
    }
    let base = *ledger.shared.base.borrow();
    match weigh(cursor, entries::hash_at(&mut ledger.connection, base, cursor.seq).await?) {
        Word::Believed => {}
        Word::AnotherHistory => {
            let why = format!("the books have another entry {} than the journal", cursor.seq);
            return Err(retire(ledger, JournalError::RolledBack(why)).await);
        }
        Word::BeyondTheJournal => {
            return Err(retire(ledger, JournalError::rolled_back(cursor, head)).await);
        }
    }
    let (seq, hash) = (place_in(cursor.seq), cursor.hash.as_bytes().as_slice());
    ledger.begin(Durability::Repeatable).await?;
    let written =
        sqlx::query!("UPDATE journal SET confirmed_seq = ?, confirmed_hash = ?", seq, hash)
            .execute(&mut ledger.connection)
            .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await?;
    ledger.shared.confirmed.send_if_modified(|old| replace(old, cursor));
    Ok(())
}

/// Keeps that this journal may not sell any more; gives back why.
async fn retire(ledger: &mut Ledger, error: JournalError) -> JournalError {
    let JournalError::RolledBack(why) = &error else { return error };
    if ledger.shared.rolled_back.borrow().is_none() {
        tracing::error!(edge.id = %ledger.shared.identity.edge_id, %error, "this edge stops selling");
    }
    ledger.shared.rolled_back.send_if_modified(|old| replace(old, Some(why.clone())));
    match keep_retired(ledger, why).await {
        Ok(()) => error,
        // Known until the next start, and found again after it.
        Err(storage) => storage,
    }
}

async fn keep_retired(ledger: &mut Ledger, why: &str) -> Result<(), JournalError> {
    ledger.begin(Durability::Disk).await?;
    let written = sqlx::query!(
        "UPDATE journal SET rolled_back_reason = coalesce(rolled_back_reason, ?)",
        why
    )
    .execute(&mut ledger.connection)
    .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await
}

/// See [`super::Journal::set_held`].
pub(super) async fn set_held(
    ledger: &mut Ledger,
    reason: Option<String>,
) -> Result<(), JournalError> {
    if *ledger.shared.held.borrow() == reason {
        return Ok(());
    }
    ledger.begin(Durability::Repeatable).await?;
    let written = sqlx::query!("UPDATE journal SET held_reason = ?", reason)
        .execute(&mut ledger.connection)
        .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await?;
    match &reason {
        Some(why) => {
            tracing::error!(edge.id = %ledger.shared.identity.edge_id, %why, "the books hold this edge")
        }
        None => {
            tracing::info!(edge.id = %ledger.shared.identity.edge_id, "the books released this edge")
        }
    }
    ledger.shared.held.send_replace(reason);
    Ok(())
}

/// See [`super::Journal::sync_counts`].
pub(super) async fn counts(ledger: &mut Ledger) -> Result<SyncCounts, JournalError> {
    let head = *ledger.shared.head.borrow();
    let confirmed = *ledger.shared.confirmed.borrow();
    let (seq, next) = (place_in(confirmed.seq), place_in(confirmed.seq.saturating_add(1)));
    let row = sqlx::query!(
        "SELECT numbered,
                max(pruned_sales, coalesce(
                    (SELECT sale_no FROM ticket WHERE seq <= ? ORDER BY seq DESC LIMIT 1), 0))
                    AS \"confirmed!: i64\",
                (SELECT recorded_at FROM entry WHERE seq = ?) AS \"oldest?: i64\"
         FROM journal",
        seq,
        next,
    )
    .fetch_one(&mut ledger.connection)
    .await?;
    Ok(SyncCounts {
        journal_seq: head.seq,
        confirmed_seq: confirmed.seq,
        captured: ledger.captured,
        confirmed: place_out(row.confirmed),
        numbered: place_out(row.numbered),
        oldest_unconfirmed_at: row.oldest.map(Timestamp::from_unix_micros),
    })
}
