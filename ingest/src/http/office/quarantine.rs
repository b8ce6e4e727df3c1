//! Entries that could not be booked: what waits, and what a back office decides.
//!
//! A decision is a row, committed before any answer, and carried out once by the worker
//! that holds the store's shard, through the same handlers as an operator's command.
//! Here its outcome is waited for a little; whoever is told that it takes longer, or
//! hears nothing, asks again: the same request finds what became of the first.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    BranchId, DecisionId, EdgeId,
    back_office::{
        DecisionState, DiscardEntry, Page, QuarantineDecision, QuarantineDecisionRow,
        QuarantineRow, QuarantineState, QuarantinedEntry,
    },
    entry::entry_name,
};
use serde::Deserialize;
use serde_json::Value;
use store::{
    Conn,
    back_office::{self, Deed, QuarantineFilter},
    entries,
    quarantine::decisions::{self, NewDecision},
};
use utoipa::IntoParams;

use super::{
    super::{
        Client, Problem,
        once::{Done, Turn, once},
        paging::{self, page},
        request::{Key, Keyed, Path, Query},
    },
    OfficeRefusal,
};
use crate::{
    Refusal,
    center::{Center, within_time},
    door::keep,
};

/// The longest reason, in characters.
const MAX_TEXT: usize = 500;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
    /// At most this many rows.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Only those of this store.
    branch: Option<BranchId>,
    /// Only those that stand so.
    state: Option<QuarantineState>,
}

/// The company's entries that are or were in quarantine, in the order of their
/// journals.
#[utoipa::path(
    get, path = "/v1/quarantine", tag = "quarantine",
    params(Asked),
    responses((status = 200, description = "As asked.", body = Page<QuarantineRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list(
    State(center): State<Arc<Center>>,
    client: Client,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<QuarantineRow>>, Problem> {
    let Asked { cursor, limit, branch, state } = asked;
    let (after, limit) = (paging::entry(cursor.as_deref())?, paging::limit(limit.unwrap_or(50))?);
    let permit = center.enter()?;
    let rows = within_time(async move {
        // Held until the work is done, also if nobody waits for it any more.
        let _permit = permit;
        let mut books = center.begin().await?;
        let branches = match branch {
            Some(branch) => Some(vec![client.branch(&mut books, branch).await?.branch_id]),
            None => client.branch_ids().map(<[BranchId]>::to_vec),
        };
        let filter = QuarantineFilter { branches, state, after, limit };
        let rows = back_office::quarantined(&mut books, client.tenant_id(), &filter).await?;
        center.commit(books).await?;
        Ok(rows)
    });
    Ok(Json(page(rows.await?, limit, |row| (row.edge_id, row.seq))))
}

/// One entry that is or was in quarantine, with what it tells.
#[utoipa::path(
    get, path = "/v1/quarantine/{edge}/{seq}", tag = "quarantine",
    params(("edge" = EdgeId, Path, description = "Its journal."), ("seq" = u64, Path, description = "Its place there.")),
    responses((status = 200, description = "As asked.", body = QuarantinedEntry), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn show(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(name): Path<(EdgeId, u64)>,
) -> Result<Json<QuarantinedEntry>, Problem> {
    let permit = center.enter()?;
    let shown = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let row = find(&mut books, &client, name).await?;
        let entry = entries::read(&mut books, name.0, &[name.1]).await?.pop();
        let entry = entry.ok_or_else(|| missing(name))?;
        center.commit(books).await?;
        let text = String::from_utf8_lossy(&entry.payload).into_owned();
        let payload = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let (recorded_at, schema_version) = (entry.recorded_at, entry.schema_version);
        Ok(QuarantinedEntry { row, recorded_at, schema_version, payload })
    });
    Ok(Json(shown.await?))
}

/// Books an entry, and what waits behind it, in order, each once. Release it when the
/// reason is mended: what is still refused changes nothing.
#[utoipa::path(
    post, path = "/v1/quarantine/{edge}/{seq}/release", tag = "quarantine",
    params(
        ("edge" = EdgeId, Path, description = "Its journal."),
        ("seq" = u64, Path, description = "Its place there."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    responses(
        (status = 200, description = "It is settled: carried out, or refused with why.", body = QuarantineDecisionRow),
        (status = 202, description = "It is kept and takes longer; ask at `Location`.", body = QuarantineDecisionRow),
        (status = 409, description = "It does not wait, or another decision about it does.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn release(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(name): Path<(EdgeId, u64)>,
    Keyed { meta, body: () }: Keyed<()>,
) -> Result<Response, Problem> {
    decide(center, client, name, meta, (QuarantineDecision::Release, None)).await
}

/// Gives an entry up for good: it makes nothing in the books, and the audit log says
/// whose token did that, and why. What waits behind it waits on.
#[utoipa::path(
    post, path = "/v1/quarantine/{edge}/{seq}/discard", tag = "quarantine",
    params(
        ("edge" = EdgeId, Path, description = "Its journal."),
        ("seq" = u64, Path, description = "Its place there."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    request_body = DiscardEntry,
    responses(
        (status = 200, description = "It is settled: carried out, or refused with why.", body = QuarantineDecisionRow),
        (status = 202, description = "It is kept and takes longer; ask at `Location`.", body = QuarantineDecisionRow),
        (status = 409, description = "It does not wait, or another decision about it does.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn discard(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(name): Path<(EdgeId, u64)>,
    Keyed { meta, body: DiscardEntry { reason } }: Keyed<DiscardEntry>,
) -> Result<Response, Problem> {
    let reason = reason.trim().to_owned();
    let is_text = !reason.is_empty() && !reason.contains('\0');
    if !is_text || reason.chars().count() > MAX_TEXT {
        return Err(OfficeRefusal::BadText("a reason has 1 to 500 characters").into());
    }
    decide(center, client, name, meta, (QuarantineDecision::Discard, Some(reason))).await
}

/// What became of a decision.
#[utoipa::path(
    get, path = "/v1/quarantine-decisions/{id}", tag = "quarantine",
    params(("id" = DecisionId, Path, description = "As in the answer to the decision.")),
    responses((status = 200, description = "As asked.", body = QuarantineDecisionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn decision(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(id): Path<DecisionId>,
) -> Result<Json<QuarantineDecisionRow>, Problem> {
    Ok(Json(look(&center, &client, id).await?))
}

async fn decide(
    center: Arc<Center>,
    client: Client,
    name: (EdgeId, u64),
    meta: Key,
    what: (QuarantineDecision, Option<String>),
) -> Result<Response, Problem> {
    let answer = once(Arc::clone(&center), client.clone(), meta, move |turn| {
        Box::pin(async move {
            let written = write(turn, name, what).await?;
            let location = address(written.decision_id);
            Ok(Done::new(StatusCode::ACCEPTED, &written)?.at(location))
        })
    });
    let answer = answer.await?;
    if answer.is_refusal() {
        return Ok(answer.into_response());
    }
    let first: QuarantineDecisionRow = answer.body()?;
    let id = first.decision_id;
    let place = center.waiting.place(id.as_uuid());
    keep::wake(&center, client.tenant_id(), first.branch_id).await;
    let settled = |row: &QuarantineDecisionRow| row.state != DecisionState::Waiting;
    let row = center.waiting.until(place.as_ref(), || look(&center, &client, id), settled).await?;
    Ok(told(row))
}

/// The decision as it stands; where to ask again, if it is not settled.
fn told(row: QuarantineDecisionRow) -> Response {
    if row.state != DecisionState::Waiting {
        return Json(row).into_response();
    }
    const SOON: HeaderValue = HeaderValue::from_static("1");
    let location = HeaderValue::try_from(address(row.decision_id));
    let mut response = (StatusCode::ACCEPTED, Json(row)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, SOON);
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn address(id: DecisionId) -> String {
    format!("/v1/quarantine-decisions/{id}")
}

fn missing((edge, seq): (EdgeId, u64)) -> Refusal {
    OfficeRefusal::NotInQuarantine(entry_name(edge, seq)).into()
}

/// An entry of the client's company, of a store that its token may see.
async fn find(
    books: &mut Conn,
    client: &Client,
    (edge, seq): (EdgeId, u64),
) -> Result<QuarantineRow, Refusal> {
    let before = seq.checked_sub(1).ok_or_else(|| missing((edge, seq)))?;
    let filter =
        QuarantineFilter { after: Some((edge, before)), limit: 1, ..QuarantineFilter::default() };
    let found = back_office::quarantined(books, client.tenant_id(), &filter).await?.pop();
    found
        .filter(|row| (row.edge_id, row.seq) == (edge, seq) && client.may_see(row.branch_id))
        .ok_or_else(|| missing((edge, seq)))
}

async fn write(
    Turn { center, client, books, key }: Turn<'_>,
    name: (EdgeId, u64),
    (decision, reason): (QuarantineDecision, Option<String>),
) -> Result<QuarantineDecisionRow, Refusal> {
    let row = find(books, client, name).await?;
    let entry = entry_name(name.0, name.1);
    if row.state != QuarantineState::Waiting {
        return Err(OfficeRefusal::NotWaiting(entry, row.state.as_str()).into());
    }
    let (tenant_id, branch_id) = (client.tenant_id(), row.branch_id);
    let decision_id = DecisionId::derived(tenant_id.as_uuid(), &format!("quarantine/{key}"));
    let new = NewDecision {
        decision_id,
        tenant_id,
        branch_id,
        entry: name,
        decision,
        reason,
        by: (client.token_id(), client.name().to_owned()),
        at: center.now(),
    };
    if !decisions::insert(books, &new).await? {
        return Err(OfficeRefusal::DecisionWaiting(entry).into());
    }
    let deed = Deed {
        tenant_id,
        branch_ids: vec![branch_id],
        action: "QUARANTINE_DECIDED",
        token_id: client.token_id(),
        subject_id: None,
        target_id: Some(decision_id.as_uuid()),
        at: new.at,
        meta: Some(serde_json::json!({ "entry": entry, "decision": decision, "why": new.reason })),
    };
    back_office::record(books, &deed).await?;
    decisions::read(books, tenant_id, decision_id)
        .await?
        .ok_or_else(|| store::Error::corrupt("quarantine_decision", "it is not there").into())
}

async fn look(
    center: &Arc<Center>,
    client: &Client,
    id: DecisionId,
) -> Result<QuarantineDecisionRow, Refusal> {
    let permit = center.enter()?;
    let (center, client) = (Arc::clone(center), client.clone());
    within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let row = decisions::read(&mut books, client.tenant_id(), id).await?;
        center.commit(books).await?;
        row.filter(|row| client.may_see(row.branch_id))
            .ok_or_else(|| OfficeRefusal::NoSuchDecision(id).into())
    })
    .await
}
