//! Which ticket has which official number: rows of the register, as the books
//! announced them, in the order of `mapping_seq` and without gaps.
//!
//! Rows, the tickets' numbers and the place move in one transaction; a crash
//! leaves all or none, and the books tell again what is missing.

use schemas::{edge_api::Update, facts::InvoiceAssignedV1, requests::HighestNumber};
use sqlx::SqliteConnection;

use super::{
    columns::{json_rows, place_in, place_out, uuid_out},
    error::JournalError,
    state::{Durability, Ledger},
    updates::{Place, PlacedUpdate},
};

/// See [`super::Journal::record_invoices`].
pub(super) async fn record(
    ledger: &mut Ledger,
    mut rows: Vec<InvoiceAssignedV1>,
) -> Result<u64, JournalError> {
    let held = *ledger.shared.mapping_seq.borrow();
    rows.retain(|row| row.mapping_seq > held);
    let mut newest = held;
    for row in &rows {
        if row.mapping_seq != newest + 1 {
            return Err(JournalError::MappingGap { expected: newest + 1, got: row.mapping_seq });
        }
        newest = row.mapping_seq;
    }
    if rows.is_empty() {
        return Ok(held);
    }
    let edge = ledger.shared.identity.edge_id;
    let ours = rows.iter().filter(|row| row.edge_id == edge).count() as u64;
    let json = json_rows(&rows)?;
    ledger.begin(Durability::Repeatable).await?;
    let written = write(&mut ledger.connection, &json, &edge.to_string(), newest).await;
    let numbered = ledger.finish(written).await?;
    if numbered != ours {
        // The register is the truth and its rows are kept; but it then names
        // entries that this journal does not hold.
        tracing::error!(
            edge.id = %edge,
            rows = ours,
            matched = numbered,
            "invoices were assigned to entries that are not in this journal"
        );
    }
    ledger.shared.mapping_seq.send_replace(newest);
    announce(ledger, &rows);
    Ok(newest)
}

/// Returns how many tickets got their number.
async fn write(
    connection: &mut SqliteConnection,
    json: &str,
    edge: &str,
    newest: u64,
) -> Result<u64, JournalError> {
    sqlx::query!(
        "INSERT INTO invoice (mapping_seq, row)
         SELECT value ->> 'mapping_seq', value FROM json_each(?)",
        json,
    )
    .execute(&mut *connection)
    .await?;
    let numbered = sqlx::query!(
        "UPDATE ticket
         SET invoice_no = assigned.no, invoice_id = assigned.invoice_id,
             mapping_seq = assigned.mapping_seq
         FROM (
             SELECT value ->> 'entry_seq' AS seq,
                    value ->> 'ticket_id' AS ticket_id,
                    unhex(value ->> 'entry_hash') AS hash,
                    value ->> 'no' AS no,
                    value ->> 'mapping_seq' AS mapping_seq,
                    unhex(value ->> 'invoice_id', '-') AS invoice_id
             FROM json_each(?) WHERE value ->> 'edge_id' = ?
         ) AS assigned
         WHERE ticket.seq = assigned.seq
           AND ticket.ticket_id = assigned.ticket_id
           AND ticket.invoice_no IS NULL
           AND ticket.entry_hash = assigned.hash",
        json,
        edge,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    sqlx::query!(
        "INSERT INTO series_head (series_id, highest_no)
         SELECT unhex(value ->> 'series_id', '-'), max(value ->> 'no') FROM json_each(?) GROUP BY 1
         ON CONFLICT (series_id)
         DO UPDATE SET highest_no = max(highest_no, excluded.highest_no)",
        json,
    )
    .execute(&mut *connection)
    .await?;
    let (newest, more) = (place_in(newest), place_in(numbered));
    sqlx::query!("UPDATE journal SET mapping_seq = ?, numbered = numbered + ?", newest, more)
        .execute(&mut *connection)
        .await?;
    Ok(numbered)
}

fn announce(ledger: &Ledger, rows: &[InvoiceAssignedV1]) {
    let shared = &ledger.shared;
    metrics::counter!("tillstream_edge_invoices_total", "edge" => shared.identity.edge_id.to_string())
        .increment(rows.len() as u64);
    if shared.updates.receiver_count() == 0 {
        return;
    }
    let journal_seq = shared.head.borrow().seq;
    for row in rows.iter().filter(|row| row.edge_id == shared.identity.edge_id) {
        // An error means that the last watcher left meanwhile.
        let _nobody_watches = shared.updates.send(PlacedUpdate {
            place: Place { journal_seq, mapping_seq: row.mapping_seq },
            update: Update::InvoiceAssigned {
                ticket_id: row.ticket_id.clone(),
                invoice_no: row.no,
            },
        });
    }
}

/// See [`super::Journal::highest_numbers`].
pub(super) async fn highest_numbers(
    connection: &mut SqliteConnection,
) -> Result<Vec<HighestNumber>, JournalError> {
    let rows = sqlx::query!("SELECT series_id, highest_no FROM series_head ORDER BY series_id")
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(HighestNumber {
                series_id: uuid_out(&row.series_id)?.into(),
                no: place_out(row.highest_no),
            })
        })
        .collect()
}
