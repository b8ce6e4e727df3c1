//! Group commit: all captures that wait become one transaction and one fsync.
//!
//! Sales and openings of sessions are decided by what is in memory and written
//! together; everything else is decided and written after them, one by one, by
//! what the transaction holds by then ([`super::desk`]). So of two that exclude
//! each other one is written, and the other one sees it.
//!
//! What was captured before is looked up in the transaction that writes, and the
//! writer alone changes the journal. Answers go out after the COMMIT: a crash
//! before it loses sales that nobody was told of, a crash after it loses
//! answers, and the tills ask again under the same tickets.

use std::collections::HashMap;

use domain::journal_chain;
use schemas::{
    CashSessionId, DeviceId, DraftId, Entry, EntryKind, StaffId, Timestamp,
    edge_api::Update,
    requests::{JournalHead, StorageReport},
};

use super::{
    captures::{Capture, Captured, NewSale},
    columns::place_in,
    contacts,
    desk::{self, Desk},
    drafts,
    error::{JournalError, Refusal},
    insert::{NewRows, insert},
    known::{Known, begin},
    sessions::{self, OpenSession},
    standing,
    state::Ledger,
    stock, tickets,
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
    /// It is decided at the desk.
    AtTheDesk,
}

/// Captures a group; one outcome for each, in their order.
///
/// # Errors
/// If the storage fails: then none was captured.
pub(super) async fn capture(
    ledger: &mut Ledger,
    group: &mut [Capture],
) -> Result<Vec<Result<Captured, Refusal>>, JournalError> {
    let pruned = ledger.shared.base.borrow().seq > 0;
    let known = match begin(&mut ledger.connection, group, pruned).await {
        Ok(known) => known,
        Err(error) => return ledger.finish(Err(error)).await,
    };
    let now = ledger.shared.clock.now();
    let Sorted { fates, sealed, writers, head } = sort(ledger, group, known, now);
    let drawn: Vec<&Capture> = writers.iter().map(|place| &group[*place]).collect();
    let waiting: Vec<&Capture> = group.iter().filter(|capture| capture.drawn().is_none()).collect();
    let written = if sealed.is_empty() && waiting.is_empty() {
        let captured = ledger.captured;
        let (outcomes, sold_drafts, told) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Decided { head, captured, contacts: false, outcomes, sold_drafts, told })
    } else {
        write(ledger, &sealed, &drawn, &waiting, head, now).await
    };
    let decided = ledger.finish(written).await?;
    if decided.contacts {
        ledger.contacts_written_at = now;
    }
    if decided.head.seq > ledger.shared.head.borrow().seq {
        telemetry::failpoint("edge.after_fsync");
        let sales = decided.captured.saturating_sub(ledger.captured);
        ledger.captured = decided.captured;
        ledger.set_head(decided.head);
        ledger.write_mark();
        make_known(ledger, &sealed, &drawn);
        drafts::make_sold(&ledger.shared, &decided.sold_drafts);
        desk::make_known(&ledger.shared, decided.told);
        ledger.wrote_sales(sales).await;
    }
    Ok(answers(fates, sealed, decided.outcomes))
}

/// A group by what becomes of each capture.
struct Sorted {
    fates: Vec<Fate>,
    /// The new entries.
    sealed: Vec<Entry>,
    /// The place in the group that each of them has.
    writers: Vec<usize>,
    /// The newest of them.
    head: JournalHead,
}

/// Decides each capture that what is known decides, and seals its entry.
fn sort(
    ledger: &Ledger,
    group: &mut [Capture],
    mut known: HashMap<(EntryKind, String), Known>,
    now: Timestamp,
) -> Sorted {
    let mut head = *ledger.shared.head.borrow();
    let mut fates = Vec::with_capacity(group.len());
    let mut sealed: Vec<Entry> = Vec::new();
    let mut writers: Vec<usize> = Vec::new();
    let mut opening: Vec<(DeviceId, StaffId, CashSessionId)> = Vec::new();
    let room = group.iter().any(Capture::needs_room).then(|| ledger.shared.storage());
    let StorageReport { mut tickets_left, free_bytes, .. } = room.unwrap_or_default();
    for (place, capture) in group.iter_mut().enumerate() {
        let Some(drawn) = capture.drawn() else {
            fates.push(Fate::AtTheDesk);
            continue;
        };
        let (kind, asked) = (drawn.kind, drawn.request_hash);
        let key = (kind, drawn.key.to_owned());
        let fate = match known.get(&key) {
            Some(Known::Before { request_hash, payload }) => {
                Fate::Settled(if *request_hash == asked {
                    Ok(Captured { payload: payload.clone(), replayed: true })
                } else {
                    Err(Refusal::KeyConflict)
                })
            }
            Some(Known::Now { request_hash, entry }) => {
                if *request_hash == asked {
                    Fate::Repeats(*entry)
                } else {
                    Fate::Settled(Err(Refusal::KeyConflict))
                }
            }
            Some(Known::Pruned(pruned)) => Fate::Settled(Err(pruned.refusal(asked))),
            Some(Known::Held(held)) => Fate::Settled(Err(match capture {
                Capture::Sale(sale) if *held == asked => Refusal::Held(sale.ticket_id.clone()),
                _ => Refusal::KeyConflict,
            })),
            None => match refuse(ledger, capture, &opening) {
                Some(refusal) => Fate::Settled(Err(refusal)),
                None if capture.needs_room() && tickets_left == 0 => {
                    Fate::Settled(Err(Refusal::NoRoom { free_bytes }))
                }
                None => {
                    tickets_left = tickets_left.saturating_sub(u64::from(capture.needs_room()));
                    if let Capture::Session(new) = capture {
                        let session = &new.session;
                        opening.push((
                            session.device_id,
                            session.staff_id,
                            session.cash_session_id,
                        ));
                    }
                    let edge = ledger.shared.identity.edge_id;
                    let version = kind.newest_version();
                    let payload = capture.take_payload();
                    let entry = journal_chain::seal(edge, head, kind, version, now, payload);
                    head = journal_chain::head_of(&entry);
                    let entry_no = sealed.len();
                    known.insert(key, Known::Now { request_hash: asked, entry: entry_no });
                    writers.push(place);
                    sealed.push(entry);
                    Fate::Written
                }
            },
        };
        fates.push(fate);
    }
    Sorted { fates, sealed, writers, head }
}

/// The answers, in the order of the group. Payloads are moved where they can be.
fn answers(
    fates: Vec<Fate>,
    sealed: Vec<Entry>,
    decided: Vec<Result<Captured, Refusal>>,
) -> Vec<Result<Captured, Refusal>> {
    let repeats: Vec<Option<Vec<u8>>> = fates
        .iter()
        .map(|fate| match fate {
            Fate::Repeats(entry) => Some(sealed[*entry].payload.clone()),
            Fate::Settled(_) | Fate::Written | Fate::AtTheDesk => None,
        })
        .collect();
    // New entries were sealed in the order of the group.
    let mut written = sealed.into_iter();
    // So was everything decided at the desk.
    let mut decided = decided.into_iter();
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
            Fate::AtTheDesk => {
                decided.next().unwrap_or(Err(Refusal::Journal(JournalError::Closed)))
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
    if let Some(refusal) = standing::refusal(shared) {
        return Some(refusal);
    }
    match capture {
        Capture::Sale(sale) => {
            if let Some(refusal) = drafts::refuse_sale(shared, sale) {
                return Some(refusal);
            }
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
        // Decided at the desk.
        Capture::LateSale(_)
        | Capture::Fact(_)
        | Capture::Act(_)
        | Capture::Command(_)
        | Capture::Order(_) => None,
    }
}

/// What a transaction came to.
struct Decided {
    head: JournalHead,
    /// Sales in the journal then.
    captured: u64,
    /// Whether it wrote when devices were heard of.
    contacts: bool,
    /// Of everything that was decided at the desk, in its order.
    outcomes: Vec<Result<Captured, Refusal>>,
    sold_drafts: Vec<DraftId>,
    told: Vec<desk::Told>,
}

/// Writes new entries and everything the store reads of them, then decides
/// what waits; within the transaction.
async fn write(
    ledger: &mut Ledger,
    sealed: &[Entry],
    drawn: &[&Capture],
    waiting: &[&Capture],
    head: JournalHead,
    now: Timestamp,
) -> Result<Decided, JournalError> {
    let mut rows = Vec::with_capacity(sealed.len());
    let mut sold = Vec::new();
    for (entry, capture) in sealed.iter().zip(drawn) {
        if let Capture::Sale(sale) = capture {
            let sale_no = ledger.captured + rows.len() as u64 + 1;
            rows.push(tickets::Insert::of(sale, (place_in(entry.seq), entry.hash), sale_no, None)?);
            sold.extend(stock::taken(&sale.stock, entry.seq));
        }
    }
    let contacts = contacts::due(ledger, now)?;
    let shared = std::sync::Arc::clone(&ledger.shared);
    let captured = ledger.captured + rows.len() as u64;
    let connection = &mut ledger.connection;
    insert(connection, NewRows { entries: sealed, tickets: &rows, sold: &sold }).await?;
    for (entry, capture) in sealed.iter().zip(drawn) {
        if let Capture::Session(session) = capture {
            sessions::insert(connection, entry.seq, session).await?;
        }
    }
    if let Some(rows) = &contacts {
        contacts::write(connection, rows).await?;
    }
    let mut desk = Desk::new(connection, &shared, now, head, captured);
    for capture in drawn {
        if let Capture::Sale(NewSale { draft_id: Some(draft), .. }) = capture {
            drafts::sell(&mut desk, *draft).await?;
        }
    }
    let mut outcomes = Vec::with_capacity(waiting.len());
    for capture in waiting {
        match desk::decide(&mut desk, capture).await {
            Err(Refusal::Journal(failed)) => return Err(failed),
            outcome => outcomes.push(outcome),
        }
    }
    let Desk { head, captured, sold_drafts, told, .. } = desk;
    Ok(Decided { head, captured, contacts: contacts.is_some(), outcomes, sold_drafts, told })
}

/// Tells those who watch, after the commit.
fn make_known(ledger: &Ledger, sealed: &[Entry], captures: &[&Capture]) {
    let shared = &ledger.shared;
    let watched = shared.updates.receiver_count() > 0;
    let mapping_seq = *shared.mapping_seq.borrow();
    for (entry, capture) in sealed.iter().zip(captures) {
        let update = match capture {
            Capture::Session(new) => {
                let open = OpenSession {
                    session: new.session.clone(),
                    staff_name: new.staff_name.clone(),
                };
                let cash_session_id = new.session.cash_session_id;
                shared.write_sessions().insert(cash_session_id, open);
                Update::SessionOpened { cash_session_id }
            }
            Capture::Sale(sale) if watched => {
                Update::SaleCaptured { ticket_id: sale.ticket_id.clone() }
            }
            _ => continue,
        };
        // An error means that the last watcher left meanwhile.
        let _nobody_watches = shared
            .updates
            .send(PlacedUpdate { place: Place { journal_seq: entry.seq, mapping_seq }, update });
    }
}
