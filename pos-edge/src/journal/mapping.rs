//! Which ticket has which official number: rows of the register, as the books
//! announced them, in the order of `mapping_seq` and without gaps.
//!
//! Rows, the tickets' numbers and the place move in one transaction; a crash
//! leaves all or none, and the books tell again what is missing.

use std::collections::HashMap;

use schemas::{
    EdgeId, SeriesId, Sha256Hash, TicketId, edge_api::Update, facts::InvoiceAssignedV1,
    requests::HighestNumber,
};
use sqlx::SqliteConnection;

use super::{
    columns::{json_rows, place_in, place_out, uuid_hex, uuid_out},
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
    let rows_of = Columns::of(&rows, edge)?;
    let ours = rows_of.ours.len() as u64;
    ledger.begin(Durability::Repeatable).await?;
    let written = write(&mut ledger.connection, &rows_of, held, newest).await;
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

/// A page of the register as the statements take it: each row is read once as
/// JSON, and only once.
struct Columns<'a> {
    /// Every row as JSON, in its order.
    rows: Vec<String>,
    /// `[entry, ticket, entry hash, number, mapping_seq, invoice id]` of those of
    /// this journal.
    ours: Vec<(u64, &'a TicketId, Sha256Hash, u64, u64, String)>,
    /// `[ticket, entry hash, number, mapping_seq, invoice id]` of the others: of former
    /// journals, whose sales may have been adopted.
    others: Vec<(&'a TicketId, Sha256Hash, u64, u64, String)>,
    /// The highest number of each series.
    highest: HashMap<SeriesId, u64>,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [InvoiceAssignedV1], edge: EdgeId) -> Result<Self, JournalError> {
        let mut columns = Self {
            rows: Vec::with_capacity(rows.len()),
            ours: Vec::new(),
            others: Vec::new(),
            highest: HashMap::new(),
        };
        for row in rows {
            let text = serde_json::to_string(row)
                .map_err(|error| JournalError::Storage(error.to_string()))?;
            columns.rows.push(text);
            let id = uuid_hex(row.invoice_id);
            let InvoiceAssignedV1 { entry_seq, ticket_id, entry_hash, no, mapping_seq, .. } = row;
            if row.edge_id != edge {
                columns.others.push((ticket_id, *entry_hash, *no, *mapping_seq, id));
            } else {
                columns.ours.push((*entry_seq, ticket_id, *entry_hash, *no, *mapping_seq, id));
            }
            let highest = columns.highest.entry(row.series_id).or_default();
            *highest = row.no.max(*highest);
        }
        Ok(columns)
    }
}

/// Writes the rows after `held` up to `newest`; returns how many tickets got
/// their number.
async fn write(
    connection: &mut SqliteConnection,
    columns: &Columns<'_>,
    held: u64,
    newest: u64,
) -> Result<u64, JournalError> {
    let (first, rows) = (place_in(held + 1), json_rows(&columns.rows)?);
    sqlx::query!(
        "INSERT INTO invoice (mapping_seq, row) SELECT ? + key, value FROM json_each(?)",
        first,
        rows,
    )
    .execute(&mut *connection)
    .await?;
    let ours = json_rows(&columns.ours)?;
    let numbered = sqlx::query!(
        "UPDATE ticket
         SET invoice_no = assigned.no, invoice_id = assigned.invoice_id,
             mapping_seq = assigned.mapping_seq
         FROM (
             SELECT value ->> 0 AS seq, value ->> 1 AS ticket_id, unhex(value ->> 2) AS hash,
                    value ->> 3 AS no, value ->> 4 AS mapping_seq, unhex(value ->> 5) AS invoice_id
             FROM json_each(?)
         ) AS assigned
         WHERE ticket.seq = assigned.seq
           AND ticket.ticket_id = assigned.ticket_id
           AND ticket.invoice_no IS NULL
           AND ticket.entry_hash = assigned.hash",
        ours,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if !columns.others.is_empty() {
        number_adopted(connection, columns).await?;
    }
    for (series, highest) in &columns.highest {
        let (series, highest) = (series.as_uuid(), place_in(*highest));
        sqlx::query!(
            "INSERT INTO series_head (series_id, highest_no) VALUES (?, ?)
             ON CONFLICT (series_id)
             DO UPDATE SET highest_no = max(highest_no, excluded.highest_no)",
            series,
            highest,
        )
        .execute(&mut *connection)
        .await?;
    }
    let (newest, more) = (place_in(newest), place_in(numbered));
    sqlx::query!("UPDATE journal SET mapping_seq = ?, numbered = numbered + ?", newest, more)
        .execute(&mut *connection)
        .await?;
    Ok(numbered)
}

/// Numbers of sales that former journals captured and this one adopted.
async fn number_adopted(
    connection: &mut SqliteConnection,
    columns: &Columns<'_>,
) -> Result<(), JournalError> {
    let others = json_rows(&columns.others)?;
    sqlx::query!(
        "UPDATE ticket
         SET invoice_no = assigned.no, invoice_id = assigned.invoice_id,
             mapping_seq = assigned.mapping_seq
         FROM (
             SELECT value ->> 0 AS ticket_id, unhex(value ->> 1) AS hash, value ->> 2 AS no,
                    value ->> 3 AS mapping_seq, unhex(value ->> 4) AS invoice_id
             FROM json_each(?)
         ) AS assigned
         WHERE ticket.ticket_id = assigned.ticket_id
           AND ticket.seq < 0
           AND ticket.invoice_no IS NULL
           AND ticket.entry_hash = assigned.hash",
        others,
    )
    .execute(connection)
    .await?;
    Ok(())
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

/// See [`super::Journal::register_rows`].
pub(super) async fn rows_after(
    connection: &mut SqliteConnection,
    mapping_seq: u64,
    limit: u32,
) -> Result<Vec<InvoiceAssignedV1>, JournalError> {
    let (after, limit) = (place_in(mapping_seq), i64::from(limit));
    let rows = sqlx::query_scalar!(
        r#"SELECT row AS "row!: String" FROM invoice WHERE mapping_seq > ? ORDER BY mapping_seq
           LIMIT ?"#,
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            serde_json::from_str(row).map_err(|error| JournalError::Storage(error.to_string()))
        })
        .collect()
}
