//! What is known under the keys of a group before it is written.

use std::collections::HashMap;

use schemas::{EntryKind, Sha256Hash, TicketId};
use sqlx::SqliteConnection;

use super::{
    captures::Capture,
    columns::{hash_out, json_rows},
    error::JournalError,
    pruned, sessions,
};

/// An entry under a key, from before or new in this group.
pub(super) enum Known {
    Before {
        request_hash: Sha256Hash,
        payload: Vec<u8>,
    },
    Now {
        request_hash: Sha256Hash,
        entry: usize,
    },
    /// It is gone, but for what it was.
    Pruned(pruned::Pruned),
    /// It is held for a manager, or was rejected.
    Held(Sha256Hash),
}

/// Begins the group's transaction, and gives what was captured under its keys
/// before. One call for both: between two there is a change of threads, and a till
/// waits for each.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
    group: &[Capture],
    pruned: bool,
) -> Result<HashMap<(EntryKind, String), Known>, JournalError> {
    let mut known = HashMap::with_capacity(group.len());
    let keys = |wanted: EntryKind| -> Vec<&str> {
        group
            .iter()
            .filter_map(Capture::drawn)
            .filter(|drawn| drawn.kind == wanted)
            .map(|drawn| drawn.key)
            .collect()
    };
    let tickets = json_rows(&keys(EntryKind::SaleFinalized))?;
    let rows: Vec<(String, Vec<u8>, Option<Vec<u8>>)> = sqlx::query_as(
        "PRAGMA synchronous = FULL;
         BEGIN IMMEDIATE;
         SELECT ticket.ticket_id, ticket.request_hash, entry.payload
         FROM ticket JOIN entry USING (seq)
         WHERE ticket_id IN (SELECT value FROM json_each(?1))
         UNION ALL
         SELECT ticket_id, request_hash, NULL FROM held_sale
         WHERE state <> 'ACCEPTED' AND ticket_id IN (SELECT value FROM json_each(?1))",
    )
    .bind(tickets)
    // The pragma works when it is prepared: each time anew.
    .persistent(false)
    .fetch_all(&mut *connection)
    .await?;
    for (ticket, request_hash, payload) in rows {
        let request_hash = hash_out(&request_hash)?;
        let key = (EntryKind::SaleFinalized, ticket);
        match payload {
            Some(payload) => {
                known.insert(key, Known::Before { request_hash, payload });
            }
            None => {
                known.entry(key).or_insert(Known::Held(request_hash));
            }
        }
    }
    if pruned {
        for (ticket, pruned) in pruned::tickets(connection, &keys(EntryKind::SaleFinalized)).await?
        {
            known.entry((EntryKind::SaleFinalized, ticket)).or_insert(Known::Pruned(pruned));
        }
    }
    for key in keys(EntryKind::CashSessionOpened) {
        let Ok(id) = TicketId::parse(key) else { continue };
        if let Some((request_hash, payload)) = sessions::by_key(connection, id).await? {
            known.insert(
                (EntryKind::CashSessionOpened, key.to_owned()),
                Known::Before { request_hash, payload },
            );
        }
    }
    Ok(known)
}
