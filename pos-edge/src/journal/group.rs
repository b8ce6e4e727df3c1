//! Group commit: all captures that wait become one transaction and one fsync.
//!
//! The writer alone changes the journal, so what it looks up before it begins
//! is still true when it commits. Answers go out after the COMMIT: a crash
//! before it loses sales that nobody was told of, a crash after it loses
//! answers, and the tills ask again under the same tickets.

use std::collections::HashMap;

use domain::journal_chain;
use schemas::{
    CashSessionId, DeviceId, Entry, EntryKind, Sha256Hash, StaffId, TicketId, Timestamp,
    edge_api::Update,
};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{
    captures::{Capture, Captured},
    columns::{hash_out, json_rows},
    contacts, entries,
    error::{JournalError, Refusal},
    sessions::{self, OpenSession},
    state::{Durability, Ledger},
    stock,
    updates::{Place, PlacedUpdate},
};

/// What becomes of each capture of a group.
enum Fate {
    /// It is answered as it is.
    Settled(Result<Captured, Refusal>),
    /// It is the next new entry of the group.
    Written,
    /// It repeats this new entry of the group.
    Repeats(usize),
}

/// An entry under a key, from before or new in this group.
enum Known {
    Before { request_hash: Sha256Hash, payload: Vec<u8> },
    Now { request_hash: Sha256Hash, entry: usize },
}

#[derive(Serialize)]
struct TicketInsert<'a> {
    seq: u64,
    sale_no: u64,
    ticket_id: &'a TicketId,
    entry_hash: Sha256Hash,
    request_hash: Sha256Hash,
    created_at: i64,
    total: String,
}

/// Captures a group; one outcome for each, in their order.
///
/// # Errors
/// If the storage fails: then none was captured.
pub(super) async fn capture(
    ledger: &mut Ledger,
    group: &mut [Capture],
) -> Result<Vec<Result<Captured, Refusal>>, JournalError> {
    let mut known = look_up(&mut ledger.connection, group).await?;
    let mut head = *ledger.shared.head.borrow();
    let now = ledger.shared.clock.now();
    let mut fates = Vec::with_capacity(group.len());
    let mut sealed: Vec<Entry> = Vec::new();
    let mut writers: Vec<usize> = Vec::new();
    let mut opening: Vec<(DeviceId, StaffId, CashSessionId)> = Vec::new();
    for (place, capture) in group.iter_mut().enumerate() {
        let fate = match known.get(&owned(capture.key())) {
            Some(Known::Before { request_hash, payload }) => {
                Fate::Settled(if *request_hash == capture.request_hash() {
                    Ok(Captured { payload: payload.clone(), replayed: true })
                } else {
                    Err(Refusal::KeyConflict)
                })
            }
            Some(Known::Now { request_hash, entry }) => {
                if *request_hash == capture.request_hash() {
                    Fate::Repeats(*entry)
                } else {
                    Fate::Settled(Err(Refusal::KeyConflict))
                }
            }
            None => match refuse(ledger, capture, &opening) {
                Some(refusal) => Fate::Settled(Err(refusal)),
                None => {
                    if let Capture::Session(new) = capture {
                        let session = &new.session;
                        opening.push((
                            session.device_id,
                            session.staff_id,
                            session.cash_session_id,
                        ));
                    }
                    let edge = ledger.shared.identity.edge_id;
                    let kind = capture.kind();
                    let version = kind.newest_version();
                    let payload = capture.take_payload();
                    let entry = journal_chain::seal(edge, head, kind, version, now, payload);
                    head = journal_chain::head_of(&entry);
                    let request_hash = capture.request_hash();
                    known.insert(
                        owned(capture.key()),
                        Known::Now { request_hash, entry: sealed.len() },
                    );
                    writers.push(place);
                    sealed.push(entry);
                    Fate::Written
                }
            },
        };
        fates.push(fate);
    }
    if !sealed.is_empty() {
        let written: Vec<&Capture> = writers.iter().map(|place| &group[*place]).collect();
        write(ledger, &sealed, &written, now).await?;
        telemetry::failpoint("edge.after_fsync");
        ledger.set_head(head);
        ledger.write_mark();
        make_known(ledger, &sealed, &written);
    }
    Ok(answers(fates, sealed))
}

fn owned((kind, key): (EntryKind, &str)) -> (EntryKind, String) {
    (kind, key.to_owned())
}

/// The answers, in the order of the group. Payloads are moved where they can be.
fn answers(fates: Vec<Fate>, sealed: Vec<Entry>) -> Vec<Result<Captured, Refusal>> {
    let repeats: Vec<Option<Vec<u8>>> = fates
        .iter()
        .map(|fate| match fate {
            Fate::Repeats(entry) => Some(sealed[*entry].payload.clone()),
            Fate::Settled(_) | Fate::Written => None,
        })
        .collect();
    // New entries were sealed in the order of the group.
    let mut written = sealed.into_iter();
    fates
        .into_iter()
        .zip(repeats)
        .map(|(fate, repeated)| match fate {
            Fate::Settled(outcome) => outcome,
            Fate::Written => Ok(Captured {
                payload: written.next().map(|entry| entry.payload).unwrap_or_default(),
                replayed: false,
            }),
            Fate::Repeats(_) => {
                Ok(Captured { payload: repeated.unwrap_or_default(), replayed: true })
            }
        })
        .collect()
}

/// Why a new capture is refused, if it is.
fn refuse(
    ledger: &Ledger,
    capture: &Capture,
    opening: &[(DeviceId, StaffId, CashSessionId)],
) -> Option<Refusal> {
    let shared = &ledger.shared;
    if let Some(why) = &*shared.rolled_back.borrow() {
        return Some(Refusal::RolledBack(why.clone()));
    }
    match capture {
        Capture::Sale(sale) => {
            let id = sale.cash_session_id;
            match shared.read_sessions().get(&id) {
                Some(open) if open.session.device_id == sale.device_id => None,
                Some(_) => Some(format!("cash session {id} is open on another till")),
                None => Some(format!("cash session {id} is not open in this store")),
            }
            .map(Refusal::NoOpenSession)
        }
        Capture::Session(new) => {
            let (device, staff) = (new.session.device_id, new.session.staff_id);
            opening
                .iter()
                .find(|(d, s, _)| (*d, *s) == (device, staff))
                .map(|(_, _, id)| *id)
                .or_else(|| sessions::open_for(shared, device, staff))
                .map(Refusal::SessionAlreadyOpen)
        }
    }
}

/// What was captured under the group's keys before.
async fn look_up(
    connection: &mut SqliteConnection,
    group: &[Capture],
) -> Result<HashMap<(EntryKind, String), Known>, JournalError> {
    let mut known = HashMap::with_capacity(group.len());
    let keys = |wanted: EntryKind| -> Vec<&str> {
        group
            .iter()
            .map(Capture::key)
            .filter(|(kind, _)| *kind == wanted)
            .map(|(_, key)| key)
            .collect()
    };
    let tickets = keys(EntryKind::SaleFinalized);
    if !tickets.is_empty() {
        let tickets = json_rows(&tickets)?;
        let rows = sqlx::query!(
            "SELECT ticket.ticket_id, ticket.request_hash, entry.payload
             FROM ticket JOIN entry USING (seq)
             WHERE ticket_id IN (SELECT value FROM json_each(?))",
            tickets,
        )
        .fetch_all(&mut *connection)
        .await?;
        for row in rows {
            let request_hash = hash_out(&row.request_hash)?;
            known.insert(
                (EntryKind::SaleFinalized, row.ticket_id),
                Known::Before { request_hash, payload: row.payload },
            );
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

/// Writes new entries and everything the store reads of them.
async fn write(
    ledger: &mut Ledger,
    sealed: &[Entry],
    captures: &[&Capture],
    now: Timestamp,
) -> Result<(), JournalError> {
    let mut tickets = Vec::with_capacity(sealed.len());
    let mut sold = Vec::new();
    for (entry, capture) in sealed.iter().zip(captures) {
        if let Capture::Sale(sale) = capture {
            tickets.push(TicketInsert {
                seq: entry.seq,
                sale_no: ledger.captured + tickets.len() as u64 + 1,
                ticket_id: &sale.ticket_id,
                entry_hash: entry.hash,
                request_hash: sale.request_hash,
                created_at: sale.finalized_at.unix_micros(),
                total: sale.grand_total_usd.to_string(),
            });
            sold.extend(sale.stock.iter().map(|used| stock::Sold {
                item: super::columns::uuid_hex(used.stock_item_id),
                seq: entry.seq,
                quantity: used.thousandths,
            }));
        }
    }
    let contacts = contacts::due(ledger, now)?;
    ledger.begin(Durability::Disk).await?;
    let written = async {
        let connection = &mut ledger.connection;
        for (entry, capture) in sealed.iter().zip(captures) {
            entries::insert(connection, entry).await?;
            if let Capture::Session(session) = capture {
                sessions::insert(connection, entry.seq, session).await?;
            }
        }
        if !tickets.is_empty() {
            insert_tickets(connection, &tickets).await?;
        }
        if !sold.is_empty() {
            stock::add_sold(connection, &sold).await?;
        }
        if let Some(rows) = &contacts {
            contacts::write(connection, rows).await?;
        }
        Ok(())
    }
    .await;
    ledger.finish(written).await?;
    ledger.captured += tickets.len() as u64;
    if contacts.is_some() {
        ledger.contacts_written_at = now;
    }
    Ok(())
}

async fn insert_tickets(
    connection: &mut SqliteConnection,
    tickets: &[TicketInsert<'_>],
) -> Result<(), JournalError> {
    let rows = json_rows(&tickets)?;
    sqlx::query!(
        "INSERT INTO ticket (seq, sale_no, ticket_id, entry_hash, request_hash, created_at,
                             grand_total_usd)
         SELECT value ->> 'seq', value ->> 'sale_no', value ->> 'ticket_id',
                unhex(value ->> 'entry_hash'), unhex(value ->> 'request_hash'), value ->> 'created_at', value ->> 'total'
         FROM json_each(?)",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells those who watch, after the commit.
fn make_known(ledger: &Ledger, sealed: &[Entry], captures: &[&Capture]) {
    let shared = &ledger.shared;
    let watched = shared.updates.receiver_count() > 0;
    let mapping_seq = *shared.mapping_seq.borrow();
    for (entry, capture) in sealed.iter().zip(captures) {
        match capture {
            Capture::Session(new) => {
                let open = OpenSession {
                    session: new.session.clone(),
                    staff_name: new.staff_name.clone(),
                };
                shared.write_sessions().insert(new.session.cash_session_id, open);
            }
            Capture::Sale(sale) if watched => {
                // An error means that the last watcher left meanwhile.
                let _nobody_watches = shared.updates.send(PlacedUpdate {
                    place: Place { journal_seq: entry.seq, mapping_seq },
                    update: Update::SaleCaptured { ticket_id: sale.ticket_id.clone() },
                });
            }
            Capture::Sale(_) => {}
        }
    }
}
