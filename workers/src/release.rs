//! Releasing quarantined entries: the entry and all that waited behind it, in
//! order, through the same handlers, in one transaction, each exactly once. Or
//! giving one up, which the audit log tells.
//!
//! The edge's cursor is locked first, so a worker that books the same edge
//! waits or is waited for. A crash before COMMIT leaves everything waiting.

use std::collections::HashSet;

use domain::journal_chain::verify_hash;
use schemas::{EdgeId, Entry, EntryKind, Timestamp, entry::entry_name};
use store::{
    Conn, Pool, cursors, entries,
    quarantine::{self, Discard, Reason},
};
use uuid::Uuid;

use crate::{
    booking::{BookingError, book},
    books::PgBooks,
    plan::Work,
    reading::{Origin, Reading, read},
    repricing::{Catalogues, Repricing, reprice},
};

/// How many waiting entries are looked at at a time.
const PAGE: usize = 500;
/// How many entries from the future are listed at a time.
const FUTURE_PAGE: i64 = 500;

/// What a release came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Released {
    /// The entries that are in the books now, in order.
    pub applied: Vec<u64>,
    /// Followers that were refused by themselves and wait on.
    pub still_waiting: Vec<u64>,
}

/// Why nothing was released.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// There is no such edge.
    #[error("edge {0} is not enrolled")]
    NoSuchEdge(EdgeId),
    /// It does not wait: it never did, or it was released or discarded.
    #[error("entry {0} does not wait in quarantine")]
    NotWaiting(String),
    /// Its archived bytes are not what its hash says.
    #[error("the archived entry {0} was changed")]
    Changed(String),
    /// The reason it was set aside for still holds.
    #[error("entry {entry} cannot be released: {reason}: {detail}")]
    StillRefused {
        /// `<edge>:<seq>`.
        entry: String,
        /// As a code.
        reason: Reason,
        /// In words.
        detail: String,
    },
    /// The books refused.
    #[error(transparent)]
    Booking(#[from] BookingError),
    /// The release was interrupted.
    #[error("the release was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl From<store::Error> for ReleaseError {
    fn from(error: store::Error) -> Self {
        Self::Booking(error.into())
    }
}

/// Releases entry `seq` of `edge`, and what waits behind it.
///
/// # Errors
/// [`ReleaseError`]; then nothing was released, or (the commit failed) unknown.
pub async fn release(pool: &Pool, edge: EdgeId, seq: u64) -> Result<Released, ReleaseError> {
    let pool = pool.clone();
    // In a task of its own, so that nobody cancels its commit.
    tokio::spawn(async move {
        let mut tx = pool.begin().await.map_err(store::Error::from)?;
        let released = release_within(&mut tx, edge, seq).await?;
        tx.commit().await.map_err(store::Error::from)?;
        Ok(released)
    })
    .await?
}

/// Gives up entry `seq` of `edge` for good: it makes nothing in the books, and the
/// audit log says who did that and why. What waits behind it waits on.
///
/// # Errors
/// [`ReleaseError`]; then nothing was discarded, or (the commit failed) unknown.
pub async fn discard(
    pool: &Pool,
    entry: (EdgeId, u64),
    discard: Discard,
    at: Timestamp,
) -> Result<(), ReleaseError> {
    let pool = pool.clone();
    // In a task of its own, so that nobody cancels its commit.
    tokio::spawn(async move {
        let mut tx = pool.begin().await.map_err(store::Error::from)?;
        discard_within(&mut tx, entry, &discard, at).await?;
        tx.commit().await.map_err(store::Error::from)?;
        Ok(())
    })
    .await?
}

/// Releases what waited for a build that knows its version, if this one does.
/// Returns how many entries were applied. What is refused for another reason is
/// logged and waits on.
///
/// # Errors
/// [`ReleaseError`] if the books fail.
pub async fn release_upgraded(pool: &Pool) -> Result<usize, ReleaseError> {
    let mut applied = 0;
    let mut after = None;
    loop {
        let mut conn = pool.acquire().await.map_err(store::Error::from)?;
        let page = quarantine::from_the_future(&mut conn, after, FUTURE_PAGE).await?;
        drop(conn);
        let Some(last) = page.last() else { return Ok(applied) };
        after = Some((last.edge_id, last.seq));
        for entry in page.iter().filter(|entry| is_known(&entry.kind, entry.schema_version)) {
            match release(pool, entry.edge_id, entry.seq).await {
                Ok(released) => applied += released.applied.len(),
                Err(ReleaseError::NotWaiting(_)) => {}
                Err(error @ ReleaseError::StillRefused { .. }) => {
                    tracing::error!(%error, "an entry of a version that is known now");
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_known(kind: &str, schema_version: u16) -> bool {
    kind.parse::<EntryKind>().is_ok_and(|kind| schema_version <= kind.newest_version())
}

/// Gives up an entry in the caller's transaction.
pub(crate) async fn discard_within(
    conn: &mut Conn,
    (edge, seq): (EdgeId, u64),
    discard: &Discard,
    at: Timestamp,
) -> Result<(), ReleaseError> {
    // Who books or releases entries of that journal waits, or is waited for.
    if cursors::lock(conn, &[edge]).await?.is_empty() {
        return Err(ReleaseError::NoSuchEdge(edge));
    }
    if !quarantine::discard(conn, (edge, seq), discard, at).await? {
        return Err(ReleaseError::NotWaiting(entry_name(edge, seq)));
    }
    Ok(())
}

/// Releases an entry, and what waits behind it, in the caller's transaction, which is
/// to be undone up to here if this fails.
pub(crate) async fn release_within(
    conn: &mut Conn,
    edge: EdgeId,
    seq: u64,
) -> Result<Released, ReleaseError> {
    let cursors = cursors::lock(conn, &[edge]).await?;
    let cursor = cursors.first().ok_or(ReleaseError::NoSuchEdge(edge))?;
    let origin = Origin { tenant_id: cursor.tenant_id, branch_id: cursor.branch_id, edge_id: edge };
    let waiting = quarantine::waiting_of(conn, edge, seq).await?;
    if waiting.first().is_none_or(|first| first.seq != seq) {
        return Err(ReleaseError::NotWaiting(entry_name(edge, seq)));
    }
    // The entry itself, and whatever waits for no other reason than those before it.
    let candidates: Vec<u64> = waiting
        .iter()
        .filter(|row| row.seq == seq || row.reason == Reason::Behind)
        .map(|row| row.seq)
        .collect();

    let mut catalogues = Catalogues::default();
    let mut released = Released::default();
    let mut freed: HashSet<Uuid> = HashSet::new();
    for page in candidates.chunks(PAGE) {
        let entries = entries::read(conn, edge, page).await?;
        let mut read = Vec::with_capacity(entries.len());
        for entry in &entries {
            let (reading, repricing) = look_at(conn, &mut catalogues, origin, entry).await?;
            let follows = reading.waits_for().iter().any(|id| freed.contains(id));
            if entry.seq == seq || follows {
                freed.extend(reading.about());
                read.push((entry, reading, repricing));
            }
        }
        let works: Vec<Work<'_>> = read
            .iter()
            .map(|(entry, reading, repricing)| Work {
                origin,
                entry,
                reading,
                repricing,
                objections: &[],
                waited: true,
            })
            .collect();
        let booked = book(&mut PgBooks::within(conn), &works, 0).await?;
        for ((_, refused), aside) in &booked.set_aside {
            if *refused == seq {
                let (reason, detail) = (aside.reason, aside.detail.clone());
                let entry = entry_name(edge, seq);
                return Err(ReleaseError::StillRefused { entry, reason, detail });
            }
            released.still_waiting.push(*refused);
        }
        let applied = works.iter().map(|work| work.entry.seq);
        released.applied.extend(applied.filter(|seq| !released.still_waiting.contains(seq)));
    }
    Ok(released)
}

async fn look_at(
    conn: &mut Conn,
    catalogues: &mut Catalogues,
    origin: Origin,
    entry: &Entry,
) -> Result<(Reading, Repricing), ReleaseError> {
    verify_hash(entry).map_err(|_| ReleaseError::Changed(entry.name()))?;
    let reading = read(origin, entry);
    let repricing = match &reading {
        Reading::SaleFinalized(sale) => {
            let index = catalogues.get(conn, sale.branch_id, sale.catalogue).await?;
            reprice(index.as_deref(), sale)
        }
        _ => Repricing::Agrees,
    };
    Ok((reading, repricing))
}
