//! Entries of the stream, compared with the archive, and booked where the books lack
//! them.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::Arc,
};

use bus::{
    Bus, BusError,
    entries::{Delivery, reader::EntryReader},
    notices,
};
use domain::journal_chain::follows;
use schemas::{
    EdgeId,
    requests::JournalHead,
    subjects::{WAKE_NUMBERING, WAKE_RELAY, confirmed},
};
use store::{Conn, Pool, cursors::Cursor, entries};
use tokio::sync::Mutex;

use super::{Name, Range, ReplayError};
use crate::{
    admission::Decision,
    batch::{Memory, Outcome, admit_and_book, reprice_all},
    books::PgBooks,
    receive::{Received, receive},
    repricing::Catalogues,
};

/// How many messages are looked at at a time.
const PAGE: usize = 500;
/// The most entries of one kind of trouble that are named.
pub const MAX_NAMED: usize = 100;

/// Entries of one journal that the books lacked: from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// What became of reading the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Messages that were read and are in the range.
    pub read: u64,
    /// Those that the books have, as they are.
    pub known: u64,
    /// Those that await their worker, and are its to book.
    pub on_their_way: u64,
    /// Those that the books lack, although their worker is past them, and that follow
    /// their cursors: were booked now, or would be.
    pub missing: BTreeMap<EdgeId, Applied>,
    /// Those that the books lack and that something before them is missing of.
    pub after_a_gap: Vec<Name>,
    /// Those that belong to another history than the books'.
    pub forks: Vec<Name>,
    /// Messages that cannot be believed, or are of nobody who is enrolled.
    pub unbelievable: u64,
    /// The place in the stream up to which this is.
    pub place: u64,
}

/// Reads on, one page. `apply`: what the books lack is booked; without it is only told.
/// `None` at the end.
///
/// # Errors
/// [`ReplayError`]; of the page nothing is booked then, or (the commit failed) unknown:
/// the same again finds out.
pub async fn from_stream(
    (pool, bus): (&Pool, &Bus),
    shards: u16,
    reader: &mut EntryReader,
    (range, apply): (&Range, bool),
    so_far: &mut Streamed,
) -> Result<Option<()>, ReplayError> {
    let page = reader.next_batch(PAGE).await.map_err(broken)?;
    let Some(last) = page.last() else {
        forget_what_came(pool, so_far).await?;
        return Ok(None);
    };
    let place = last.stream_seq;
    let received: Vec<Received> = page
        .into_iter()
        .filter(|delivery| is_wanted(delivery, range))
        .map(|delivery| {
            let shard = delivery.subject.as_ref().map_or(0, |subject| subject.shard);
            receive(delivery, shard, shards)
        })
        .collect();
    so_far.read += received.len() as u64;
    // Before the cursors: what a worker has acked by now, they have.
    let floors = floors(bus, &received).await?;
    let mut conn = pool.acquire().await.map_err(store::Error::from)?;
    let mut look = Look::at(&mut conn, &received, (so_far, apply), floors).await?;
    drop(conn);
    let missing: Vec<Received> =
        received.into_iter().filter(|message| look.decide(message, so_far)).collect();
    if apply && !missing.is_empty() {
        book_missing(pool, bus, missing).await?;
    }
    so_far.place = place;
    Ok(Some(()))
}

/// Up to where the workers are in the stream, shard by shard.
async fn floors(bus: &Bus, received: &[Received]) -> Result<HashMap<u16, u64>, ReplayError> {
    let mut floors = HashMap::new();
    for subject in received.iter().filter_map(|message| message.delivery.subject.as_ref().ok()) {
        if let Entry::Vacant(unknown) = floors.entry(subject.shard) {
            let floor = bus::entries::settled_up_to(bus, subject.shard).await.map_err(broken)?;
            unknown.insert(floor);
        }
    }
    Ok(floors)
}

/// What came after a gap and was sent again behind it is in the books by now.
async fn forget_what_came(pool: &Pool, so_far: &mut Streamed) -> Result<(), ReplayError> {
    let mut conn = pool.acquire().await.map_err(store::Error::from)?;
    let names: Vec<Name> = so_far.after_a_gap.clone();
    let known = entries::hashes(&mut conn, &names).await?;
    so_far.after_a_gap.retain(|name| !known.iter().any(|(known, _)| known == name));
    Ok(())
}

fn is_wanted(delivery: &Delivery, range: &Range) -> bool {
    match &delivery.entry {
        Ok(entry) => range.holds(entry, delivery.stream_seq),
        // Whatever it is, it is counted.
        Err(_) => true,
    }
}

fn broken(error: BusError) -> ReplayError {
    ReplayError::Refused(format!("the stream of entries cannot be read: {error}"))
}

/// What the books have of the journals that a page is of. No lock is held: whoever
/// books looks again, under it.
struct Look {
    cursors: HashMap<EdgeId, Cursor>,
    heads: HashMap<EdgeId, JournalHead>,
    hashes: HashMap<Name, schemas::Sha256Hash>,
    floors: HashMap<u16, u64>,
}

impl Look {
    async fn at(
        conn: &mut Conn,
        received: &[Received],
        (so_far, apply): (&Streamed, bool),
        floors: HashMap<u16, u64>,
    ) -> Result<Self, store::Error> {
        let mut cursors = HashMap::new();
        for edge in received.iter().filter_map(Received::edge) {
            if !cursors.contains_key(&edge)
                && let Some(cursor) = store::cursors::read(conn, edge).await?
            {
                cursors.insert(edge, cursor);
            }
        }
        let mut heads: HashMap<_, _> = cursors.iter().map(|(e, c)| (*e, c.head)).collect();
        if !apply {
            // What would have been booked by now.
            for (edge, applied) in &so_far.missing {
                if let Some(head) = heads.get_mut(edge).filter(|head| head.seq < applied.last) {
                    *head = JournalHead { seq: applied.last, hash: head.hash };
                }
            }
        }
        let names: Vec<Name> = received
            .iter()
            .filter_map(Received::entry)
            .filter(|entry| cursors.get(&entry.edge_id).is_some_and(|c| entry.seq <= c.head.seq))
            .map(|entry| (entry.edge_id, entry.seq))
            .collect();
        let hashes = entries::hashes(conn, &names).await?.into_iter().collect();
        Ok(Self { cursors, heads, hashes, floors })
    }

    /// Whether the books lack what a message brings, and can take it.
    fn decide(&mut self, message: &Received, so_far: &mut Streamed) -> bool {
        let cursor = message.edge().and_then(|edge| self.cursors.get(&edge));
        let (Some(entry), Some(cursor)) = (message.entry(), cursor) else {
            so_far.unbelievable += 1;
            return false;
        };
        let subject = message.delivery.subject.as_ref().ok().filter(|subject| {
            (subject.tenant_id, subject.branch_id) == (cursor.tenant_id, cursor.branch_id)
        });
        let Some(subject) = subject.filter(|_| !cursor.direct) else {
            so_far.unbelievable += 1;
            return false;
        };
        let name = (entry.edge_id, entry.seq);
        let Some(head) = self.heads.get_mut(&entry.edge_id) else { return false };
        if entry.seq <= head.seq {
            match self.hashes.get(&name) {
                Some(known) if *known != entry.hash => name_some(&mut so_far.forks, name),
                _ => so_far.known += 1,
            }
            return false;
        }
        let floor = self.floors.get(&subject.shard).copied().unwrap_or_default();
        if message.delivery.stream_seq > floor {
            so_far.on_their_way += 1;
            return false;
        }
        if cursor.held.is_some() || entry.seq > head.seq + 1 {
            name_some(&mut so_far.after_a_gap, name);
            return false;
        }
        // After what would have been booked the head's hash is not known here.
        if head.seq == cursor.head.seq && !follows(entry, *head) {
            name_some(&mut so_far.forks, name);
            return false;
        }
        *head = JournalHead { seq: entry.seq, hash: entry.hash };
        let applied = Applied { first: entry.seq, last: entry.seq };
        so_far.missing.entry(entry.edge_id).or_insert(applied).last = entry.seq;
        true
    }
}

fn name_some(names: &mut Vec<Name>, name: Name) {
    if names.len() < MAX_NAMED {
        names.push(name);
    }
}

/// Books entries as a worker's batch does, under the locks of their cursors, and tells
/// whoever waits.
async fn book_missing(pool: &Pool, bus: &Bus, missing: Vec<Received>) -> Result<(), ReplayError> {
    let pool = pool.clone();
    // In a task of its own, so that nobody cancels its commit.
    let booked = tokio::spawn(async move {
        let catalogues = Arc::new(Mutex::new(Catalogues::default()));
        let mut conn = pool.acquire().await.map_err(store::Error::from)?;
        let repricings = reprice_all(&mut conn, &catalogues, &missing).await?;
        drop(conn);
        let mut tx = pool.begin().await.map_err(store::Error::from)?;
        let mut memory = Memory::default();
        let mut books = PgBooks::within(&mut tx);
        let outcome = admit_and_book(&mut books, &mut memory, &missing, &repricings).await?;
        tx.commit().await.map_err(store::Error::from)?;
        Ok::<Outcome, ReplayError>(outcome)
    });
    let outcome = booked.await??;
    tracing::info!(
        applied = outcome.decisions.get(&Decision::Apply).copied().unwrap_or_default(),
        "booked entries of the stream"
    );
    let mut told = Ok(());
    for (edge, notice) in &outcome.confirmed {
        told = told.and(notices::notify(bus, &confirmed(*edge), notice).await);
    }
    told = told.and(notices::notify(bus, WAKE_NUMBERING, &()).await);
    told = told.and(notices::notify(bus, WAKE_RELAY, &()).await);
    if let Err(error) = told {
        // Each of them finds out by itself.
        tracing::debug!(%error, "not everyone heard of what was booked");
    }
    Ok(())
}
