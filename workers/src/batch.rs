//! One batch of messages in one transaction: lease, cursors, admission,
//! booking, cursors moved, commit.
//!
//! Guarantees: the effects of an entry, its archived bytes and its edge's
//! cursor commit together, under the lease's term, or not at all (invariant 5).
//! A crash before COMMIT leaves nothing; after it the messages come again and
//! are duplicates. An error *from* COMMIT means unknown: the same batch is
//! processed again and finds out from the cursors.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use schemas::{EdgeId, entry::entry_name, requests::ConfirmedV1};
use store::{
    Conn, Failure, Pool, classify,
    cursors::{Cursor, CursorMove},
    lease::Lease,
};
use telemetry::failpoint;
use tokio::sync::Mutex;

use crate::{
    admission::{self, Admission, Arrival, Decision, EdgeBooks, EdgeMemory},
    booking::{Booked, BookingError, book},
    books::{Archived, Books, PgBooks},
    plan::Work,
    reading::Reading,
    receive::{Content, Received},
    repricing::{Catalogues, Repricing, reprice},
};

/// What a shard remembers between batches; nothing that must not be lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    edges: HashMap<EdgeId, EdgeMemory>,
    refused_in_a_row: u32,
}

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For each enrolled edge that was heard: how far the books are with it.
    pub confirmed: Vec<(EdgeId, ConfirmedV1)>,
    /// What became of each message that came under an enrolled edge's subject.
    pub decisions: HashMap<Decision, u64>,
    /// Messages of nobody we know.
    pub strangers: u64,
    /// What booking came to.
    pub booked: Booked,
    /// What a person must hear of: holds, and what could not be believed.
    pub alarms: Vec<Alarm>,
}

/// Something that a person must hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// An edge is held from now on.
    Held {
        /// Which.
        edge_id: EdgeId,
        /// Why.
        why: String,
    },
    /// A message could not be believed and was dropped.
    Unverifiable {
        /// `<edge>:<seq>`, the edge alone, or nothing.
        entry: String,
        /// Why.
        why: String,
    },
}

/// Why a batch did not come to anything.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Someone else has the shard now.
    #[error("the lease was lost")]
    LeaseLost,
    /// The books refused.
    #[error(transparent)]
    Booking(#[from] BookingError),
}

impl From<store::Error> for BatchError {
    fn from(error: store::Error) -> Self {
        Self::Booking(error.into())
    }
}

impl BatchError {
    /// Whether the same batch may succeed later by itself.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Booking(BookingError::Store(error)) => classify(error) == Failure::Retry,
            Self::LeaseLost | Self::Booking(BookingError::TooManyRefused { .. }) => false,
        }
    }
}

/// Processes a batch under `lease`, which is renewed for `ttl`. To be run to
/// its end, in a task of its own.
///
/// # Errors
/// [`BatchError`]; nothing is booked then, or (an error from COMMIT) unknown.
pub async fn process(
    pool: Pool,
    lease: Lease,
    ttl: Duration,
    catalogues: Arc<Mutex<Catalogues>>,
    mut memory: Memory,
    received: Arc<Vec<Received>>,
) -> Result<(Outcome, Memory), BatchError> {
    let mut conn = pool.acquire().await.map_err(store::Error::from)?;
    let repricings = reprice_all(&mut conn, &catalogues, &received).await?;
    drop(conn);
    let mut tx = pool.begin().await.map_err(store::Error::from)?;
    if !store::lease::renew(&mut tx, &lease, ttl).await? {
        tx.rollback().await.map_err(store::Error::from)?;
        return Err(BatchError::LeaseLost);
    }
    let mut books = PgBooks::within(&mut tx);
    let outcome = admit_and_book(&mut books, &mut memory, &received, &repricings).await?;
    failpoint("worker.before_commit");
    tx.commit().await.map_err(store::Error::from)?;
    failpoint("worker.after_commit");
    Ok((outcome, memory))
}

/// The batch itself, whatever the books are made of. The caller commits.
///
/// # Errors
/// [`BookingError`]; the caller rolls back and forgets what `memory` became.
pub async fn admit_and_book<B: Books>(
    books: &mut B,
    memory: &mut Memory,
    received: &[Received],
    repricings: &[Repricing],
) -> Result<Outcome, BookingError> {
    let mut outcome = Outcome::default();
    let heard: BTreeSet<EdgeId> = received.iter().filter_map(Received::edge).collect();
    let heard: Vec<EdgeId> = heard.into_iter().collect();
    let cursors = books.lock_cursors(&heard).await?;
    let cursors: HashMap<EdgeId, Cursor> = cursors.into_iter().map(|c| (c.edge_id, c)).collect();
    let archived = books.archived(&known_already(received, &cursors)).await?;

    let mut admitted: Vec<usize> = Vec::with_capacity(received.len());
    let mut moves = Vec::new();
    for (edge, arrivals) in by_edge(received, &cursors, &mut outcome) {
        let Some(cursor) = cursors.get(&edge) else { continue };
        let edge_books = EdgeBooks {
            head: cursor.head,
            held: cursor.held.is_some(),
            archived: hashes_of(&archived, edge),
        };
        let edge_memory = memory.edges.entry(edge).or_default();
        let admission = admission::admit(edge, &edge_books, edge_memory, &arrivals);
        for (place, decision) in &admission.decisions {
            *outcome.decisions.entry(*decision).or_default() += 1;
            if *decision == Decision::Apply {
                admitted.push(*place);
            }
        }
        conclude(cursor, admission, &mut outcome, &mut moves);
    }

    let works: Vec<Work<'_>> =
        admitted.iter().filter_map(|place| work(&received[*place], &repricings[*place])).collect();
    outcome.booked = book(books, &works, memory.refused_in_a_row).await?;
    memory.refused_in_a_row = outcome.booked.refused_in_a_row;
    books.move_cursors(&moves).await?;
    Ok(outcome)
}

fn work<'a>(received: &'a Received, repricing: &'a Repricing) -> Option<Work<'a>> {
    let Content::Entry { origin, reading } = &received.content else { return None };
    let entry = received.entry()?;
    Some(Work { origin: *origin, entry, reading, repricing, objections: &[], waited: false })
}

/// Entries that arrived and that the cursors are past already.
fn known_already(received: &[Received], cursors: &HashMap<EdgeId, Cursor>) -> Vec<(EdgeId, u64)> {
    let names: BTreeSet<(EdgeId, u64)> = received
        .iter()
        .filter_map(Received::entry)
        .filter(|entry| cursors.get(&entry.edge_id).is_some_and(|c| entry.seq <= c.head.seq))
        .map(|entry| (entry.edge_id, entry.seq))
        .collect();
    names.into_iter().collect()
}

fn hashes_of(archived: &Archived, edge: EdgeId) -> HashMap<u64, schemas::Sha256Hash> {
    let own = archived.iter().filter(|((whose, _), _)| *whose == edge);
    own.map(|((_, seq), hash)| (*seq, *hash)).collect()
}

/// Arrivals by edge, the edges in the order in which they were first heard.
/// What is not of an enrolled edge is dropped here, with an alarm.
fn by_edge<'a>(
    received: &'a [Received],
    cursors: &HashMap<EdgeId, Cursor>,
    outcome: &mut Outcome,
) -> Vec<(EdgeId, Vec<Arrival<'a>>)> {
    let mut places: HashMap<EdgeId, usize> = HashMap::new();
    let mut edges: Vec<(EdgeId, Vec<Arrival<'a>>)> = Vec::new();
    for (place, message) in received.iter().enumerate() {
        let (origin, claimed, why) = match &message.content {
            Content::Entry { origin, .. } => (origin, message.entry().map(|e| e.seq), None),
            Content::Unverifiable { origin, seq, why } => (origin, *seq, Some(why.as_str())),
            Content::Nobodys { why } => {
                outcome.strangers += 1;
                outcome.alarms.push(Alarm::Unverifiable { entry: String::new(), why: why.clone() });
                continue;
            }
        };
        let name = || match claimed {
            Some(seq) => entry_name(origin.edge_id, seq),
            None => origin.edge_id.to_string(),
        };
        let enrolled = cursors.get(&origin.edge_id).is_some_and(|cursor| {
            let enrolled = (cursor.tenant_id, cursor.branch_id);
            !cursor.direct && enrolled == (origin.tenant_id, origin.branch_id)
        });
        if !enrolled {
            outcome.strangers += 1;
            let why = "no edge is enrolled under this subject".to_owned();
            outcome.alarms.push(Alarm::Unverifiable { entry: name(), why });
            continue;
        }
        let content = match (why, message.entry()) {
            (None, Some(entry)) => admission::Content::Verified(entry),
            (why, _) => {
                let why = why.unwrap_or("it is no entry").to_owned();
                outcome.alarms.push(Alarm::Unverifiable { entry: name(), why });
                admission::Content::Unverifiable { seq: claimed }
            }
        };
        let index = *places.entry(origin.edge_id).or_insert_with(|| {
            edges.push((origin.edge_id, Vec::new()));
            edges.len() - 1
        });
        edges[index].1.push(Arrival { place, message: message.delivery.stream_seq, content });
    }
    edges
}

fn conclude(
    cursor: &Cursor,
    admission: Admission,
    outcome: &mut Outcome,
    moves: &mut Vec<CursorMove>,
) {
    let edge_id = cursor.edge_id;
    if admission.head != cursor.head || admission.hold.is_some() {
        moves.push(CursorMove { edge_id, head: admission.head, held: admission.hold.clone() });
    }
    if let Some(why) = &admission.hold {
        outcome.alarms.push(Alarm::Held { edge_id, why: why.clone() });
    }
    let held = cursor.held.clone().or(admission.hold);
    let confirmed = ConfirmedV1 { cursor: admission.head, resend: admission.resend, held };
    outcome.confirmed.push((edge_id, confirmed));
}

/// Prices every sale again, before anything is locked.
pub(crate) async fn reprice_all(
    conn: &mut Conn,
    catalogues: &Mutex<Catalogues>,
    received: &[Received],
) -> Result<Vec<Repricing>, store::Error> {
    let mut catalogues = catalogues.lock().await;
    let mut repricings = Vec::with_capacity(received.len());
    for message in received {
        repricings.push(match &message.content {
            Content::Entry { reading: Reading::SaleFinalized(sale), .. } => {
                let index = catalogues.get(conn, sale.branch_id, sale.catalogue).await?;
                reprice(index.as_deref(), sale)
            }
            _ => Repricing::Agrees,
        });
    }
    Ok(repricings)
}
