//! Importing what is only on the disk of a box that this one replaced.

use std::{collections::HashMap, time::Duration};

use axum::{Json, extract::State};
use domain::journal_chain;
use schemas::{
    EdgeId, Entry, TicketId,
    edge_api::{
        ExportedEntry, ImportEntries, ImportOutcome, ImportedEntries, ImportedEntry,
        Problem as ProblemBody,
    },
    events::ImportedFrom,
    requests::{JournalHead, KnownReplyV1, KnownRequestV1},
    subjects::CentralRequest,
    versions::{self, Event},
};

use super::{
    Api,
    problem::{Code, Problem},
    request::Body,
};
use crate::journal::{Candidate, Taken};

/// How long the centre may take to say what the books have.
const KNOWN_WITHIN: Duration = Duration::from_secs(4);

/// Import entries of a box that this one replaced
///
/// In their order, as `tillstream journal export` gives them. What the books or this box
/// have already is skipped; what speaks against what is here is not imported, and a
/// person is told. Entries are their own keys: the same again changes nothing. Needs the
/// line, because only the books know what they have.
#[utoipa::path(
    post, path = "/v1/import", tag = "sync",
    request_body = ImportEntries,
    responses(
        (status = 200, body = ImportedEntries),
        (status = 403, description = "operator_required", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "body_too_large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "import_refused, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "import_needs_line, edge_retired, edge_not_adopted, journal_rolled_back, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn take(
    State(api): State<Api>,
    Body(asked): Body<ImportEntries>,
) -> Result<Json<ImportedEntries>, Problem> {
    let refused = |why: String| Problem::new(Code::ImportRefused, why);
    if asked.entries.len() > ImportEntries::MAX {
        return Err(refused(format!("at most {} entries at once", ImportEntries::MAX)));
    }
    let edge = asked.edge_id;
    if !api.journal.follows(edge).await? {
        return Err(refused(format!("this edge did not replace edge {edge}")));
    }
    let read = asked.entries.into_iter().map(|entry| read(&api, edge, entry).map_err(refused));
    let read: Vec<(Entry, Event)> = read.collect::<Result<_, _>>()?;
    let known = ask_the_books(&api, edge, &read).await?;
    let candidates = candidates(read, &known);
    let entries = if asked.dry_run {
        foresee(&api, candidates).await?
    } else {
        api.journal.import(candidates).await?
    };
    Ok(Json(ImportedEntries { entries }))
}

/// An entry that is what its hash says, of this store.
fn read(api: &Api, edge: EdgeId, exported: ExportedEntry) -> Result<(Entry, Event), String> {
    let entry = Entry {
        edge_id: edge,
        seq: exported.seq,
        prev_hash: exported.prev_hash,
        hash: exported.hash,
        kind: exported.kind,
        schema_version: exported.schema_version,
        recorded_at: exported.recorded_at,
        payload: exported.payload.into_bytes(),
    };
    let wrong = |why: &dyn std::fmt::Display| format!("entry {}: {why}", entry.seq);
    journal_chain::verify_hash(&entry).map_err(|error| wrong(&error))?;
    let event = versions::read(&entry.kind, entry.schema_version, &entry.payload)
        .map_err(|error| wrong(&error))?;
    let identity = api.journal.identity();
    if event.origin() != (identity.tenant_id, identity.branch_id, edge) {
        return Err(wrong(&"it is of another store"));
    }
    Ok((entry, event))
}

async fn ask_the_books(
    api: &Api,
    edge_id: EdgeId,
    read: &[(Entry, Event)],
) -> Result<KnownReplyV1, Problem> {
    let entries =
        read.iter().map(|(entry, _)| JournalHead { seq: entry.seq, hash: entry.hash }).collect();
    let tickets = read.iter().filter_map(|(_, event)| ticket(event).cloned()).collect();
    let asked = KnownRequestV1 { edge_id, entries, tickets };
    api.centre.ask(CentralRequest::Known, &asked, KNOWN_WITHIN).await.map_err(|error| {
        let why = format!("the books cannot be asked what they have: {error}");
        Problem::new(Code::ImportNeedsLine, why)
    })
}

fn ticket(event: &Event) -> Option<&TicketId> {
    match event {
        Event::SaleFinalized(sale) => Some(&sale.ticket_id),
        _ => None,
    }
}

fn candidates(read: Vec<(Entry, Event)>, known: &KnownReplyV1) -> Vec<Candidate> {
    let taken: HashMap<&TicketId, Taken> = known
        .tickets
        .iter()
        .map(|ticket| {
            let entry = (ticket.edge_id, ticket.seq);
            (&ticket.ticket_id, Taken { request_hash: ticket.request_hash, entry })
        })
        .collect();
    read.into_iter()
        .map(|(entry, event)| Candidate {
            in_books: known.entries.contains(&JournalHead { seq: entry.seq, hash: entry.hash }),
            taken: ticket(&event).and_then(|ticket| taken.get(ticket).copied()),
            entry,
            event,
        })
        .collect()
}

/// What would become of entries, as far as it can be said without what comes before
/// them: by what the books have, and by tickets.
async fn foresee(api: &Api, candidates: Vec<Candidate>) -> Result<Vec<ImportedEntry>, Problem> {
    let from = |candidate: &Candidate| {
        let Entry { edge_id, seq, hash, .. } = candidate.entry;
        ImportedFrom { edge_id, seq, hash }
    };
    let before = api.journal.imported(candidates.iter().map(from).collect()).await?;
    let before: HashMap<ImportedFrom, ImportOutcome> = before.into_iter().collect();
    let mut foreseen = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let (outcome, why) = match before.get(&from(&candidate)) {
            Some(ImportOutcome::Imported) => {
                (ImportOutcome::Known, Some("it was imported before".to_owned()))
            }
            Some(other) => (*other, Some("it was looked at before".to_owned())),
            None if candidate.in_books => {
                (ImportOutcome::Known, Some("the books have it".to_owned()))
            }
            None => by_ticket(api, &candidate).await?,
        };
        let ticket_id = ticket(&candidate.event).cloned();
        let (seq, kind) = (candidate.entry.seq, candidate.entry.kind);
        foreseen.push(ImportedEntry { seq, kind, outcome, own_seq: None, ticket_id, why });
    }
    Ok(foreseen)
}

async fn by_ticket(
    api: &Api,
    candidate: &Candidate,
) -> Result<(ImportOutcome, Option<String>), Problem> {
    let Event::SaleFinalized(sale) = &candidate.event else {
        let passes = matches!(
            candidate.event,
            Event::OrderAccepted(_)
                | Event::CommandRefused(_)
                | Event::AuditRecorded(_)
                | Event::EdgeAdopted(_)
                | Event::ImportConflicted(_)
        );
        let outcome = if passes { ImportOutcome::Passed } else { ImportOutcome::Imported };
        return Ok((outcome, None));
    };
    let here = api.journal.sale(sale.ticket_id.clone()).await?.map(|(hash, _)| hash);
    let taken = here.or(candidate.taken.map(|taken| taken.request_hash));
    Ok(match taken {
        None => (ImportOutcome::Imported, None),
        Some(hash) if hash == sale.request_hash => {
            (ImportOutcome::Known, Some("its ticket was sold by the same request".to_owned()))
        }
        Some(_) => {
            (ImportOutcome::Conflict, Some("its ticket was sold by another request".to_owned()))
        }
    })
}
