//! Requests to void, and what the back office decides about them.
//!
//! A decision is a command to the store's edge, durable before the answer: the
//! edge decides by its own state, and its journal tells the outcome. For a store
//! that has no edge the direct door's worker does so, by the same rules, and the
//! command is handed over to it in the same transaction. Refused here is only what
//! the books know for certain. Of two decisions about one request one becomes a
//! command; the other is told so.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use schemas::{
    BranchId, CommandId, StaffId, TicketId, Timestamp, VoidRequestId,
    back_office::{
        ApproveVoid, CommandRow, CommandState, Page, RejectVoid, VoidRequestRow, VoidRequestStatus,
    },
    catalogue::CatalogueV1,
    door_api::{CarryOut, Submission},
    requests::{Command, VoidDecision},
};
use serde::Deserialize;
use store::{
    Conn,
    back_office::{self, Deed, Place},
    catalogues,
    commands::{self, Inserted, NewCommand, Standing, State as Stands},
    doors, voids,
};
use utoipa::IntoParams;

use super::{
    super::{
        Client, Problem,
        once::{Answer, Done, Turn, once},
        paging::{TimePaging, page},
        request::{Key, Keyed, Path, Query},
    },
    OfficeRefusal, read_branch,
};
use crate::{
    Refusal,
    center::{Center, within_time},
    door::keep,
};

/// How long a store has to carry out a decision, in microseconds: 12 hours. A
/// request ends with its session, so a later one decides nothing.
const COMMAND_LIFE: i64 = 12 * 60 * 60 * 1_000_000;
/// The longest remark or reason, in characters.
const MAX_TEXT: usize = 500;

/// Which requests to void.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
    /// At most this many rows.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// None before this.
    from: Option<Timestamp>,
    /// None at this or later.
    to: Option<Timestamp>,
    /// Only those that stand so.
    status: Option<VoidRequestStatus>,
}

/// A store's requests to void, the newest first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/void-requests", tag = "voids",
    params(("branch" = BranchId, Path, description = "The store."), Asked),
    responses((status = 200, description = "As asked.", body = Page<VoidRequestRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<VoidRequestRow>>, Problem> {
    let Asked { cursor, limit, from, to, status } = asked;
    let span = TimePaging { cursor, limit: limit.unwrap_or(50), from, to }.span()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::void_requests(books, branch, status, span))
    });
    let place =
        |row: &VoidRequestRow| Place { at: row.requested_at, id: row.void_request_id.as_uuid() };
    Ok(Json(page(rows.await?, span.limit, place)))
}

/// Approves a request to void. The store's edge is told with its next heartbeat and
/// decides: look at the address in `Location` for what became of it.
#[utoipa::path(
    post, path = "/v1/void-requests/{id}/approve", tag = "voids",
    params(
        ("id" = VoidRequestId, Path, description = "The request."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    request_body = ApproveVoid,
    responses(
        (status = 202, description = "Waiting for the store.", body = CommandRow),
        (status = 409, description = "It is decided already.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn approve(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(id): Path<VoidRequestId>,
    asked: Keyed<ApproveVoid>,
) -> Result<Answer, Problem> {
    let Keyed { meta, body: ApproveVoid { decided_by, note } } = asked;
    if note.as_ref().is_some_and(|note| note.chars().count() > MAX_TEXT) {
        return Err(OfficeRefusal::BadText("a note has up to 500 characters").into());
    }
    decide(center, client, id, meta, decided_by, VoidDecision::Approve { note }).await
}

/// Rejects a request to void. The store's edge is told with its next heartbeat and
/// decides: look at the address in `Location` for what became of it.
#[utoipa::path(
    post, path = "/v1/void-requests/{id}/reject", tag = "voids",
    params(
        ("id" = VoidRequestId, Path, description = "The request."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    request_body = RejectVoid,
    responses(
        (status = 202, description = "Waiting for the store.", body = CommandRow),
        (status = 409, description = "It is decided already.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn reject(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(id): Path<VoidRequestId>,
    asked: Keyed<RejectVoid>,
) -> Result<Answer, Problem> {
    let Keyed { meta, body: RejectVoid { decided_by, reason } } = asked;
    if reason.trim().is_empty() || reason.chars().count() > MAX_TEXT {
        return Err(OfficeRefusal::BadText("a reason has 1 to 500 characters").into());
    }
    decide(center, client, id, meta, decided_by, VoidDecision::Reject { reason }).await
}

/// A command to a store, and what became of it.
#[utoipa::path(
    get, path = "/v1/commands/{id}", tag = "voids",
    params(("id" = CommandId, Path, description = "The command.")),
    responses(
        (status = 200, description = "Where it stands.", body = CommandRow),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn command(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(id): Path<CommandId>,
) -> Result<Json<CommandRow>, Problem> {
    let permit = center.enter()?;
    let row = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let known = commands::read(&mut books, &[id]).await?.pop();
        let known = known.ok_or(OfficeRefusal::NoSuchCommand(id))?;
        if !client.sees(&mut books, known.branch_id).await? {
            return Err(OfficeRefusal::NoSuchCommand(id).into());
        }
        center.commit(books).await?;
        Ok::<_, Refusal>(row(known))
    });
    Ok(Json(row.await?))
}

async fn decide(
    center: Arc<Center>,
    client: Client,
    id: VoidRequestId,
    meta: Key,
    decided_by: StaffId,
    decision: VoidDecision,
) -> Result<Answer, Problem> {
    let tenant_id = client.tenant_id();
    let answer = once(Arc::clone(&center), client, meta, move |turn| {
        Box::pin(async move {
            let written = write(turn, id, decided_by, decision).await?;
            let location = format!("/v1/commands/{}", written.command_id);
            Ok(Done::new(StatusCode::ACCEPTED, &written)?.at(location))
        })
    });
    let answer = answer.await?;
    if !answer.is_refusal() {
        keep::wake(&center, tenant_id, answer.body::<CommandRow>()?.branch_id).await;
    }
    Ok(answer)
}

async fn write(
    Turn { center, client, books, key }: Turn<'_>,
    id: VoidRequestId,
    decided_by: StaffId,
    decision: VoidDecision,
) -> Result<CommandRow, Refusal> {
    let request = voids::read(books, &[id], &[], &[]).await?.pop();
    let request = request.ok_or(OfficeRefusal::NoSuchVoidRequest(id))?;
    if !client.sees(books, request.branch_id).await? {
        return Err(OfficeRefusal::NoSuchVoidRequest(id).into());
    }
    if !request.state.is_pending() {
        return Err(OfficeRefusal::VoidDecided(id, request.state.as_str()).into());
    }
    must_approve(books, request.branch_id, decided_by).await?;
    let now = center.now();
    let tenant_id = client.tenant_id();
    let command = Command {
        command_id: CommandId::derived(tenant_id.as_uuid(), &format!("command/{key}")),
        expires_at: now.plus_micros(COMMAND_LIFE),
        decided_by,
        void_request_id: id,
        decision,
    };
    let new = NewCommand {
        tenant_id,
        branch_id: request.branch_id,
        idempotency_key: key.as_str().to_owned(),
        issued_at: now,
        command: command.clone(),
    };
    match commands::insert(books, &new).await {
        Ok(Inserted::New) => {}
        Ok(Inserted::Known(known)) => return Ok(row(known)),
        Ok(Inserted::KeyTaken(_)) => return Err(Refusal::KeyReused),
        Err(error) if commands::is_decided_already(&error) => {
            return Err(OfficeRefusal::VoidDecisionWaiting(id).into());
        }
        Err(error) => return Err(error.into()),
    }
    if doors::store_edges(books, &[request.branch_id]).await?.is_empty() {
        let ticket = TicketId::parse(format!("command-{}", command.command_id))
            .map_err(|error| Refusal::BadKey(error.why))?;
        let (branch_id, command) = (request.branch_id, command.clone());
        let carry_out = Submission::CarryOut(CarryOut { branch_id, command });
        keep::hand_over(center, client, books, ticket, &carry_out).await?;
    }
    let deed = Deed {
        tenant_id,
        branch_ids: vec![request.branch_id],
        action: "VOID_DECISION_SENT",
        token_id: client.token_id(),
        subject_id: Some(id.as_uuid()),
        target_id: Some(command.command_id.as_uuid()),
        at: now,
        meta: Some(serde_json::json!({ "decision": command.decision, "decidedBy": decided_by })),
    };
    back_office::record(books, &deed).await?;
    Ok(row(Standing {
        command,
        branch_id: request.branch_id,
        state: Stands::Waiting,
        refusal: None,
        settled_at: None,
    }))
}

/// Managers and admins of the store decide, as its newest catalogue has them.
async fn must_approve(
    books: &mut Conn,
    branch_id: BranchId,
    decided_by: StaffId,
) -> Result<(), Refusal> {
    let newest = catalogues::newest(books, branch_id).await?;
    let newest = newest.ok_or(Refusal::NoCatalogue(branch_id))?;
    let document: CatalogueV1 = serde_json::from_slice(&newest.body)
        .map_err(|error| store::Error::corrupt("catalogue_version.body", error))?;
    let person = document.staff.iter().find(|person| person.staff_id == decided_by);
    if person.is_some_and(|person| person.role.is_approver()) {
        Ok(())
    } else {
        Err(OfficeRefusal::NotAnApprover(decided_by).into())
    }
}

fn row(known: Standing) -> CommandRow {
    let Standing { command, branch_id, state, refusal, settled_at } = known;
    let state = match state {
        Stands::Waiting => CommandState::Waiting,
        Stands::CarriedOut => CommandState::CarriedOut,
        Stands::Refused => CommandState::Refused,
        Stands::Expired => CommandState::Expired,
    };
    let (refusal_code, refusal_detail) = refusal.unzip();
    CommandRow {
        command_id: command.command_id,
        branch_id,
        void_request_id: command.void_request_id,
        decision: command.decision,
        decided_by: command.decided_by,
        expires_at: command.expires_at,
        state,
        message: state.in_words().to_owned(),
        refusal_code,
        refusal_detail,
        settled_at,
    }
}
