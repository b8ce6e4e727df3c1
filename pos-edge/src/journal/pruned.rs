//! What was done here and pruned since: enough is kept, for good, never to do it again.

use schemas::{OrderId, Sha256Hash, TicketId};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::{
    columns::{json_rows, place_out},
    error::{JournalError, Refusal},
};

/// What a key was of. Its first byte keeps the kinds apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'a> {
    /// A sale's.
    Ticket(&'a str),
    /// An act's.
    Act(&'a str),
    /// An online order's id.
    Order(OrderId),
}

/// How much of a hash is kept, in bytes.
const KEPT: usize = 16;

impl Key<'_> {
    fn hash(&self) -> [u8; KEPT] {
        let mut hasher = Sha256::new();
        match self {
            Self::Ticket(key) => hasher.update([b"T", key.as_bytes()].concat()),
            Self::Act(key) => hasher.update([b"A", key.as_bytes()].concat()),
            Self::Order(id) => hasher.update([b"O", id.as_uuid().as_bytes().as_slice()].concat()),
        }
        let mut kept = [0; KEPT];
        kept.copy_from_slice(&hasher.finalize()[..KEPT]);
        kept
    }
}

/// Something that was done and pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pruned {
    request: [u8; KEPT],
    /// The entry that told it.
    seq: u64,
}

impl Pruned {
    /// What is answered to a request under its key.
    pub(super) fn refusal(&self, asked: Sha256Hash) -> Refusal {
        if asked.as_bytes().starts_with(&self.request) {
            Refusal::Pruned(self.seq)
        } else {
            Refusal::KeyConflict
        }
    }
}

/// What was pruned under a key.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    key: Key<'_>,
) -> Result<Option<Pruned>, JournalError> {
    let hash = key.hash();
    let key = hash.as_slice();
    let row = sqlx::query!("SELECT request, seq FROM pruned WHERE key = ?", key)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        let request = row
            .request
            .try_into()
            .map_err(|_| JournalError::Storage("a pruned request is cut".to_owned()))?;
        Ok(Pruned { request, seq: place_out(row.seq) })
    })
    .transpose()
}

/// Which of these tickets were sold and pruned, and the entry of each.
pub(super) async fn tickets(
    connection: &mut SqliteConnection,
    asked: &[&str],
) -> Result<Vec<(String, Pruned)>, JournalError> {
    let mut found = Vec::new();
    for ticket in asked {
        if let Some(pruned) = find(connection, Key::Ticket(ticket)).await? {
            found.push(((*ticket).to_owned(), pruned));
        }
    }
    Ok(found)
}

/// A row to be kept.
#[derive(Serialize)]
struct Row {
    key: String,
    request: String,
    seq: i64,
}

/// Keeps what is about to be pruned.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    pruned: &[(Key<'_>, &[u8], i64)],
) -> Result<(), JournalError> {
    if pruned.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row> = pruned
        .iter()
        .map(|(key, request, seq)| {
            let mut kept = [0; KEPT];
            // A hash is longer; of what is none the rest stays zero.
            kept.iter_mut().zip(*request).for_each(|(kept, byte)| *kept = *byte);
            Row { key: hex::encode(key.hash()), request: hex::encode(kept), seq: *seq }
        })
        .collect();
    let rows = json_rows(&rows)?;
    sqlx::query!(
        "INSERT INTO pruned (key, request, seq)
         SELECT unhex(value ->> 'key'), unhex(value ->> 'request'), value ->> 'seq'
         FROM json_each(?) WHERE true
         ON CONFLICT (key) DO NOTHING",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a ticket was sold here and pruned; the entry of its sale.
pub(super) async fn sold(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
) -> Result<Option<u64>, JournalError> {
    Ok(find(connection, Key::Ticket(ticket.as_str())).await?.map(|pruned| pruned.seq))
}
