//! What is only ever added to the journal's tables: entries, the tickets of those that
//! are sales, and what they take from stock. All of it goes in one call, because
//! between two calls there is a change of threads, and a till waits for each.
//!
//! Within the caller's transaction: a crash leaves all of it or nothing.

use schemas::{Entry, Sha256Hash};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{columns::json_rows, error::JournalError, stock, tickets};

/// Rows to be added.
#[derive(Default)]
pub(super) struct NewRows<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) tickets: &'a [tickets::Insert<'a>],
    /// What entries take from stock, in their order; what gives back is negative.
    pub(super) sold: &'a [stock::Sold],
}

/// An entry's columns; its payload is a part of the blob that goes along.
#[derive(Serialize)]
struct EntryRow<'a> {
    seq: u64,
    kind: &'a str,
    version: u16,
    recorded_at: i64,
    prev_hash: Sha256Hash,
    hash: Sha256Hash,
    /// Where the payload begins, from 1.
    at: usize,
    bytes: usize,
}

/// Adds rows.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    new: NewRows<'_>,
) -> Result<(), JournalError> {
    let mut payloads =
        Vec::with_capacity(new.entries.iter().map(|entry| entry.payload.len()).sum());
    let mut entries = Vec::with_capacity(new.entries.len());
    for entry in new.entries {
        entries.push(EntryRow {
            seq: entry.seq,
            kind: &entry.kind,
            version: entry.schema_version,
            recorded_at: entry.recorded_at.unix_micros(),
            prev_hash: entry.prev_hash,
            hash: entry.hash,
            at: payloads.len() + 1,
            bytes: entry.payload.len(),
        });
        payloads.extend_from_slice(&entry.payload);
    }
    let (entries, tickets, sold) =
        (json_rows(&entries)?, json_rows(&new.tickets)?, json_rows(&new.sold)?);
    sqlx::query!(
        "INSERT INTO entry (seq, kind, schema_version, recorded_at, prev_hash, hash, payload)
         SELECT value ->> 'seq', value ->> 'kind', value ->> 'version', value ->> 'recorded_at',
                unhex(value ->> 'prev_hash'), unhex(value ->> 'hash'),
                substr(?, value ->> 'at', value ->> 'bytes')
         FROM json_each(?);
         INSERT INTO ticket (seq, sale_no, ticket_id, entry_hash, request_hash, created_at,
                             sale_id, order_id, cash_session_id, supplement_no, method, currency,
                             kept, total_cents, vat_cents)
         SELECT value ->> 'seq', value ->> 'sale_no', value ->> 'ticket_id',
                unhex(value ->> 'entry_hash'), unhex(value ->> 'request_hash'),
                value ->> 'created_at', unhex(value ->> 'sale_id'), unhex(value ->> 'order_id'),
                unhex(value ->> 'session'), value ->> 'supplement_no', value ->> 'method',
                value ->> 'currency', value ->> 'kept', value ->> 'total_cents',
                value ->> 'vat_cents'
         FROM json_each(?);
         INSERT INTO stock_sold (stock_item_id, seq, total)
         SELECT item, seq, before + sum(quantity) OVER (PARTITION BY item ORDER BY seq)
         FROM (
             SELECT unhex(value ->> 'item') AS item, value ->> 'seq' AS seq,
                    value ->> 'quantity' AS quantity,
                    coalesce((SELECT total FROM stock_sold
                              WHERE stock_item_id = unhex(value ->> 'item')
                              ORDER BY seq DESC LIMIT 1), 0) AS before
             FROM json_each(?)
         )",
        payloads,
        entries,
        tickets,
        sold,
    )
    .execute(connection)
    .await?;
    Ok(())
}
