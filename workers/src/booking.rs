//! Booking admitted entries: load, plan, write; piece by piece if the database
//! refuses some of them.
//!
//! Guarantees: every entry given is either applied or set aside, in order, in
//! the caller's transaction. A data error is narrowed down by halves to the
//! entries that cause it; only those are set aside (invariant 9).

use std::collections::{BTreeMap, BTreeSet};

use schemas::{EdgeId, TenantId, TicketId};
use store::{Failure, classify, quarantine::Reason, tickets::Ticket};
use uuid::Uuid;

use crate::{
    books::Books,
    plan::{self, Keys, SetAside, Work},
    reading::plain,
};

/// More refusals than this in a row, with nothing applied in between, mean that
/// we are wrong and not the entries: the shard stops.
pub const MAX_REFUSED_IN_A_ROW: u32 = 25;

/// What booking came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Booked {
    /// Entries applied.
    pub applied: u64,
    /// Sales among them that await their number.
    pub sales: u64,
    /// Entries set aside, with why.
    pub set_aside: Vec<((EdgeId, u64), SetAside)>,
    /// How many in a row were refused up to the last entry.
    pub refused_in_a_row: u32,
}

/// Why nothing could be booked.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// The books refused, not because of an entry.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Too many entries in a row were refused; the last one why.
    #[error("more than {MAX_REFUSED_IN_A_ROW} entries in a row were refused; last {entry}: {why}")]
    TooManyRefused {
        /// `<edge>:<seq>`.
        entry: String,
        /// In words.
        why: String,
    },
}

/// Books `works`, which are in the order of their journals. `refused_before`
/// is how many in a row were refused before them.
///
/// # Errors
/// [`BookingError`]; the caller rolls everything back.
pub async fn book<B: Books>(
    books: &mut B,
    works: &[Work<'_>],
    refused_before: u32,
) -> Result<Booked, BookingError> {
    let mut booked = Booked { refused_in_a_row: refused_before, ..Booked::default() };
    let mut pieces: Vec<&[Work<'_>]> = vec![works];
    while let Some(piece) = pieces.pop() {
        if piece.is_empty() {
            continue;
        }
        let error = match attempt(books, piece, None).await {
            Ok(decided) => {
                count(&mut booked, decided)?;
                continue;
            }
            Err(error) if classify(&error) == Failure::DataError => error,
            Err(error) => return Err(error.into()),
        };
        if let [culprit] = piece {
            tracing::warn!(entry = %culprit.entry.name(), error = %in_full(&error),
                "the database refuses an entry");
            let decided = attempt(books, piece, Some(&error)).await?;
            count(&mut booked, decided)?;
        } else {
            let (first, second) = piece.split_at(piece.len() / 2);
            pieces.extend([second, first]);
        }
    }
    Ok(booked)
}

type Decided<'a> = Vec<(Work<'a>, Option<SetAside>)>;

/// Books one piece whole, or leaves no trace of it. `refusal`: it is one entry
/// and the database refused it for this.
async fn attempt<'a, B: Books>(
    books: &mut B,
    piece: &[Work<'a>],
    refusal: Option<&store::Error>,
) -> Result<Decided<'a>, store::Error> {
    books.mark().await?;
    match write_piece(books, piece, refusal).await {
        Ok(decided) => {
            books.keep().await?;
            Ok(decided)
        }
        Err(error) => {
            if classify(&error) == Failure::DataError {
                books.undo().await?;
            }
            Err(error)
        }
    }
}

async fn write_piece<'a, B: Books>(
    books: &mut B,
    piece: &[Work<'a>],
    refusal: Option<&store::Error>,
) -> Result<Decided<'a>, store::Error> {
    let edges: BTreeSet<EdgeId> = piece.iter().map(|work| work.entry.edge_id).collect();
    let edges: Vec<EdgeId> = edges.into_iter().collect();
    let ids: BTreeSet<Uuid> = piece.iter().flat_map(|work| work.reading.waits_for()).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let waiting = books.waiting(&edges, &ids).await?;
    let mut decided = plan::sort_out(piece, &waiting);
    if let Some(refusal) = refusal {
        for (_, aside) in &mut decided {
            let detail = plain(&in_full(refusal));
            aside.get_or_insert(SetAside { reason: Reason::DataError, detail });
        }
    }
    let applied = || decided.iter().filter(|(_, aside)| aside.is_none()).map(|(work, _)| *work);

    let owners = books.claim(claims(applied())).await?;
    let keys = Keys::of(applied(), &owners);
    let mut state = books.load(&keys, owners).await?;
    let changes = plan::plan(&mut state, &decided);
    books.write(&changes).await?;
    Ok(decided)
}

/// The first claim on each ticket, in the order of the tickets.
fn claims<'a>(works: impl Iterator<Item = Work<'a>>) -> Vec<Ticket> {
    let mut first: BTreeMap<(TenantId, TicketId), Ticket> = BTreeMap::new();
    for claim in works.filter_map(|work| work.claim()) {
        first.entry((claim.tenant_id, claim.ticket_id.clone())).or_insert(claim);
    }
    first.into_values().collect()
}

fn count(booked: &mut Booked, decided: Decided<'_>) -> Result<(), BookingError> {
    for (work, aside) in decided {
        let Some(aside) = aside else {
            booked.applied += 1;
            booked.sales += u64::from(work.claim().is_some());
            booked.refused_in_a_row = 0;
            continue;
        };
        // What waits behind another, or for another build, says nothing about
        // whether this build is right.
        if matches!(aside.reason, Reason::InvalidPayload | Reason::DataError) {
            booked.refused_in_a_row += 1;
        }
        if booked.refused_in_a_row > MAX_REFUSED_IN_A_ROW {
            let (entry, why) = (work.entry.name(), aside.detail);
            return Err(BookingError::TooManyRefused { entry, why });
        }
        booked.set_aside.push((work.name(), aside));
    }
    Ok(())
}

/// An error with all of its sources, in one line.
pub(crate) fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
