//! Entries as they are stored: written once, read by the publisher and the checks.

use futures::TryStreamExt;
use schemas::{EdgeId, Entry, Sha256Hash, Timestamp, requests::JournalHead};
use sqlx::SqliteConnection;

use super::{
    chain,
    columns::{hash_out, place_in, place_out},
    error::JournalError,
    state::Ledger,
};

/// The newest entry.
pub(super) async fn head(connection: &mut SqliteConnection) -> Result<JournalHead, JournalError> {
    let row = sqlx::query!(
        "SELECT seq AS \"seq!\", hash FROM entry WHERE seq > 0 ORDER BY seq DESC LIMIT 1"
    )
    .fetch_optional(connection)
    .await?;
    row.map_or(Ok(JournalHead::EMPTY), |row| {
        Ok(JournalHead { seq: place_out(row.seq), hash: hash_out(&row.hash)? })
    })
}

/// The newest entry that was pruned: the chain is checked from there on. A journal that
/// is still to be migrated never pruned any.
pub(super) async fn base(connection: &mut SqliteConnection) -> Result<JournalHead, JournalError> {
    let migrated = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!: i64\" FROM pragma_table_info('journal')
         WHERE name = 'pruned_seq'"
    )
    .fetch_one(&mut *connection)
    .await?;
    if migrated == 0 {
        return Ok(JournalHead::EMPTY);
    }
    let row =
        sqlx::query!("SELECT pruned_seq, pruned_hash FROM journal").fetch_one(connection).await?;
    Ok(JournalHead { seq: place_out(row.pruned_seq), hash: hash_out(&row.pruned_hash)? })
}

/// The hash of entry `seq`; zeros for 0, `None` if there is no such entry, or none any
/// more. `base` is the newest that was pruned.
pub(super) async fn hash_at(
    connection: &mut SqliteConnection,
    base: JournalHead,
    seq: u64,
) -> Result<Option<Sha256Hash>, JournalError> {
    if seq == base.seq {
        return Ok(Some(base.hash));
    }
    if seq == 0 {
        return Ok(Some(Sha256Hash::ZERO));
    }
    let seq = place_in(seq);
    let row = sqlx::query_scalar!("SELECT hash FROM entry WHERE seq = ?", seq)
        .fetch_optional(connection)
        .await?;
    row.map(|hash| hash_out(&hash)).transpose()
}

/// The entries that follow `seq`, checked; see [`super::Journal::entries_after`].
pub(super) async fn after(
    ledger: &mut Ledger,
    seq: u64,
    max_entries: usize,
    max_bytes: usize,
) -> Result<Vec<Entry>, JournalError> {
    let edge = ledger.shared.identity.edge_id;
    let base = *ledger.shared.base.borrow();
    if seq < base.seq {
        return Err(JournalError::Pruned { asked: seq, pruned: base.seq });
    }
    let Some(hash) = hash_at(&mut ledger.connection, base, seq).await? else {
        return Ok(Vec::new());
    };
    let mut newest = JournalHead { seq, hash };
    let entries = read_after(&mut ledger.connection, edge, seq, max_entries, max_bytes).await?;
    let mut good = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Err(broken) = chain::check_link(&entry, newest) {
            return if good.is_empty() { Err(broken) } else { Ok(good) };
        }
        newest = JournalHead { seq: entry.seq, hash: entry.hash };
        good.push(entry);
    }
    Ok(good)
}

/// The entries that follow `seq` as they are stored, oldest first: at most
/// `max_entries`, and no more once `max_bytes` of payload are reached.
pub(super) async fn read_after(
    connection: &mut SqliteConnection,
    edge_id: EdgeId,
    seq: u64,
    max_entries: usize,
    max_bytes: usize,
) -> Result<Vec<Entry>, JournalError> {
    let (seq, limit) = (place_in(seq), place_in(max_entries as u64));
    let mut rows = sqlx::query_as!(
        Stored,
        "SELECT seq AS \"seq!\", kind, schema_version, recorded_at, prev_hash, hash, payload
         FROM entry WHERE seq > ? ORDER BY seq LIMIT ?",
        seq,
        limit,
    )
    .fetch(connection);
    let mut entries = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await? {
        bytes += row.payload.len();
        entries.push(row.into_entry(edge_id)?);
        if bytes >= max_bytes {
            break;
        }
    }
    Ok(entries)
}

/// Up to `max_entries` entries before `seq` (exclusive), newest first.
pub(super) async fn read_before(
    connection: &mut SqliteConnection,
    edge_id: EdgeId,
    seq: u64,
    max_entries: usize,
) -> Result<Vec<Entry>, JournalError> {
    let (seq, limit) = (place_in(seq), place_in(max_entries as u64));
    let mut rows = sqlx::query_as!(
        Stored,
        "SELECT seq AS \"seq!\", kind, schema_version, recorded_at, prev_hash, hash, payload
         FROM entry WHERE seq < ? AND seq > 0 ORDER BY seq DESC LIMIT ?",
        seq,
        limit,
    )
    .fetch(connection);
    let mut entries = Vec::new();
    while let Some(row) = rows.try_next().await? {
        entries.push(row.into_entry(edge_id)?);
    }
    Ok(entries)
}

/// An entry's row.
struct Stored {
    seq: i64,
    kind: String,
    schema_version: i64,
    recorded_at: i64,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    payload: Vec<u8>,
}

impl Stored {
    fn into_entry(self, edge_id: EdgeId) -> Result<Entry, JournalError> {
        Ok(Entry {
            edge_id,
            seq: place_out(self.seq),
            prev_hash: hash_out(&self.prev_hash)?,
            hash: hash_out(&self.hash)?,
            kind: self.kind,
            // What does not fit fails the entry's hash.
            schema_version: u16::try_from(self.schema_version).unwrap_or(0),
            recorded_at: Timestamp::from_unix_micros(self.recorded_at),
            payload: self.payload,
        })
    }
}
