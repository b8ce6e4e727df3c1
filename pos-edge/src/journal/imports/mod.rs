//! Entries of a former edge's journal that become this one's: what is only on an old disk.
//!
//! Each is decided by what this journal holds then, in the transaction that writes what
//! came of it, and once: the outcome is kept under edge, seq and hash. So a killed import
//! goes on, and the same file again changes nothing. What was sold meanwhile under the
//! same ticket by the same request is that sale; by another request it is no second sale,
//! and an entry tells a person.

mod decide;
mod sessions;
mod voids;

use schemas::{
    EdgeId, Entry, EntryKind, Sha256Hash,
    edge_api::{ImportOutcome, ImportedEntry},
    events::{ImportConflictedV1, ImportedFrom},
    versions::Event,
};

use super::{
    Journal,
    columns::{name_out, place_in, place_out},
    desk::{self, Desk, Written},
    error::{JournalError, Refusal},
    state::{Durability, Ledger},
};

/// An entry of a former edge that may be imported.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The entry, whose hash was verified.
    pub entry: Entry,
    /// What it tells.
    pub event: Event,
    /// Whether the books have it.
    pub in_books: bool,
    /// Who took its ticket in the books, if it is a sale and somebody did.
    pub taken: Option<Taken>,
}

/// A ticket that is taken in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The hash of the request that took it.
    pub request_hash: Sha256Hash,
    /// The entry of its sale.
    pub entry: (EdgeId, u64),
}

impl Journal {
    /// Imports entries of a former edge, in their order; returns when what came of them
    /// is on the disk.
    ///
    /// # Errors
    /// [`Refusal`]; nothing of them was written then.
    pub async fn import(&self, candidates: Vec<Candidate>) -> Result<Vec<ImportedEntry>, Refusal> {
        self.ask(move |ledger| Box::pin(import(ledger, candidates))).await?
    }

    /// Whether this edge follows that one.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn follows(&self, edge: EdgeId) -> Result<bool, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move {
                let edge = edge.as_uuid();
                let found =
                    sqlx::query_scalar!("SELECT 1 FROM former_edge WHERE edge_id = ?", edge)
                        .fetch_optional(&mut ledger.connection)
                        .await?;
                Ok(found.is_some())
            })
        })
        .await
    }

    /// What became of entries that were imported before, of those among them.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn imported(
        &self,
        from: Vec<ImportedFrom>,
    ) -> Result<Vec<(ImportedFrom, ImportOutcome)>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move {
                let mut known = Vec::new();
                for from in from {
                    if let Some((outcome, _)) = known_outcome(ledger, from).await? {
                        known.push((from, outcome));
                    }
                }
                Ok(known)
            })
        })
        .await
    }
}

/// What is decided about a candidate.
pub(super) enum Verdict {
    /// It became this entry.
    Imported(Written),
    /// It is here or in the books already.
    Known(String),
    /// It changes nothing.
    Passed(String),
    /// A person has to look.
    Conflict(String),
}

async fn import(
    ledger: &mut Ledger,
    candidates: Vec<Candidate>,
) -> Result<Result<Vec<ImportedEntry>, Refusal>, JournalError> {
    let shared = std::sync::Arc::clone(&ledger.shared);
    let now = shared.clock.now();
    let (head, captured) = (*shared.head.borrow(), ledger.captured);
    ledger.begin(Durability::Disk).await?;
    let connection = &mut ledger.connection;
    let mut desk = Desk::new(connection, &shared, now, head, captured);
    let mut outcomes = Vec::with_capacity(candidates.len());
    let mut failed = None;
    for candidate in &candidates {
        match take(&mut desk, candidate).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(refusal) => {
                failed = Some(refusal);
                break;
            }
        }
    }
    let Desk { head, captured, told, .. } = desk;
    telemetry::failpoint("edge.amid_import");
    match failed {
        None => ledger.finish(Ok(())).await?,
        Some(Refusal::Journal(error)) => return ledger.finish(Err(error)).await,
        Some(refusal) => {
            sqlx::raw_sql("ROLLBACK").execute(&mut ledger.connection).await?;
            return Ok(Err(refusal));
        }
    }
    telemetry::failpoint("edge.after_import");
    ledger.captured = captured;
    ledger.set_head(head);
    ledger.write_mark();
    super::sessions::load(&mut ledger.connection, &shared).await?;
    desk::make_known(&shared, told);
    Ok(Ok(outcomes))
}

async fn take(desk: &mut Desk<'_>, candidate: &Candidate) -> Result<ImportedEntry, Refusal> {
    let entry = &candidate.entry;
    let from = ImportedFrom { edge_id: entry.edge_id, seq: entry.seq, hash: entry.hash };
    let ticket_id = match &candidate.event {
        Event::SaleFinalized(sale) => Some(sale.ticket_id.clone()),
        _ => None,
    };
    let told = |outcome, own_seq, why| ImportedEntry {
        seq: entry.seq,
        kind: entry.kind.clone(),
        outcome,
        own_seq,
        ticket_id,
        why,
    };
    if let Some((outcome, own_seq)) = known_here(desk, from).await? {
        let outcome = match outcome {
            ImportOutcome::Imported => ImportOutcome::Known,
            other => other,
        };
        return Ok(told(outcome, own_seq, Some("it was imported before".to_owned())));
    }
    desk.may_write()?;
    let verdict = if candidate.in_books {
        Verdict::Known("the books have it".to_owned())
    } else {
        decide::decide(desk, candidate, from).await?
    };
    let (outcome, own_seq, why) = match verdict {
        Verdict::Imported(written) => (ImportOutcome::Imported, Some(written.seq), None),
        Verdict::Known(why) => (ImportOutcome::Known, None, Some(why)),
        Verdict::Passed(why) => (ImportOutcome::Passed, None, Some(why)),
        Verdict::Conflict(why) => {
            let written = tell_conflict(desk, candidate, from, &why).await?;
            (ImportOutcome::Conflict, Some(written.seq), Some(why))
        }
    };
    remember(desk, from, outcome, own_seq).await?;
    Ok(told(outcome, own_seq, why))
}

async fn tell_conflict(
    desk: &mut Desk<'_>,
    candidate: &Candidate,
    imported_from: ImportedFrom,
    why: &str,
) -> Result<Written, Refusal> {
    let identity = desk.shared.identity;
    let (sale_id, ticket_id, grand_total_usd) = match &candidate.event {
        Event::SaleFinalized(sale) => {
            (Some(sale.sale_id), Some(sale.ticket_id.clone()), Some(sale.grand_total_usd))
        }
        Event::VoidRequested(void) => (Some(void.sale_id), Some(void.ticket_id.clone()), None),
        Event::VoidApproved(void) => (Some(void.sale_id), Some(void.ticket_id.clone()), None),
        Event::VoidRejected(void) => (Some(void.sale_id), Some(void.ticket_id.clone()), None),
        _ => (None, None, None),
    };
    let event = ImportConflictedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        imported_from,
        kind: candidate.entry.kind.clone(),
        sale_id,
        ticket_id,
        grand_total_usd,
        why: why.to_owned(),
        conflicted_at: desk.now,
    };
    desk.append(EntryKind::ImportConflicted, &event).await
}

async fn known_outcome(
    ledger: &mut Ledger,
    from: ImportedFrom,
) -> Result<Option<(ImportOutcome, Option<u64>)>, JournalError> {
    read_outcome(&mut ledger.connection, from).await
}

async fn known_here(
    desk: &mut Desk<'_>,
    from: ImportedFrom,
) -> Result<Option<(ImportOutcome, Option<u64>)>, JournalError> {
    read_outcome(desk.connection, from).await
}

async fn read_outcome(
    connection: &mut sqlx::SqliteConnection,
    from: ImportedFrom,
) -> Result<Option<(ImportOutcome, Option<u64>)>, JournalError> {
    let (edge, seq) = (from.edge_id.as_uuid(), place_in(from.seq));
    let hash = from.hash.as_bytes().as_slice();
    let row = sqlx::query!(
        "SELECT outcome, own_seq FROM imported WHERE edge_id = ? AND seq = ? AND hash = ?",
        edge,
        seq,
        hash,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((name_out(&row.outcome)?, row.own_seq.map(place_out)))).transpose()
}

async fn remember(
    desk: &mut Desk<'_>,
    from: ImportedFrom,
    outcome: ImportOutcome,
    own_seq: Option<u64>,
) -> Result<(), JournalError> {
    let (edge, seq) = (from.edge_id.as_uuid(), place_in(from.seq));
    let hash = from.hash.as_bytes().as_slice();
    let (outcome, own_seq) = (outcome.as_str(), own_seq.map(place_in));
    sqlx::query!(
        "INSERT INTO imported (edge_id, seq, hash, outcome, own_seq) VALUES (?, ?, ?, ?, ?)",
        edge,
        seq,
        hash,
        outcome,
        own_seq,
    )
    .execute(&mut *desk.connection)
    .await?;
    Ok(())
}
