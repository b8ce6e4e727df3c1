//! Requests to undo sales, and their decision.

use axum::{Json, extract::State, response::Response};
use schemas::{
    VoidRequestId,
    edge_api::{
        ApproveVoid, Problem as ProblemBody, RejectVoid, RequestVoid, VoidApproved, VoidRejected,
        VoidRequestPage, VoidRequestStatus, VoidRequested,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    auth::Actor,
    paging,
    problem::Problem,
    request::{Body, IdPath, IdempotencyKey, Query, TicketPath},
    sales::{created, done},
};
use crate::{
    capture,
    journal::{By, VoidFilter},
};

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VoidQuery {
    /// Only these.
    status: Option<VoidRequestStatus>,
    /// The `next_before` of the page before.
    before: Option<i64>,
    /// 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// List requests to void
///
/// Newest first. Cashiers see those about sales of their own sessions, managers
/// and admins the branch's.
#[utoipa::path(
    get, path = "/v1/void-requests", tag = "voids",
    params(VoidQuery),
    responses(
        (status = 200, body = VoidRequestPage),
        (status = 400, description = "invalid_query", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    actor: Actor,
    Query(query): Query<VoidQuery>,
) -> Result<Json<VoidRequestPage>, Problem> {
    let limit = paging::limit(query.limit, VoidFilter::MAX_LIMIT)?;
    let owner = (!actor.role.is_approver()).then_some(actor.staff_id);
    let filter = VoidFilter { owner, status: query.status, before: query.before, limit };
    Ok(Json(api.journal.void_requests(filter).await?))
}

/// Ask to undo a sale
///
/// Only cash sales whose session is open and whose order is not delivered. The
/// sale is `VOID_PENDING` until a manager or admin decides.
#[utoipa::path(
    post, path = "/v1/sales/{ticket}/void-requests", tag = "voids",
    params(
        ("ticket" = String, Path, description = "The ticket"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = RequestVoid,
    responses(
        (status = 201, body = VoidRequested),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "ticket_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "void_online_order, void_not_cash, void_session_closed, void_order_delivered, void_order_cancelled, void_already_pending, void_already_voided, too_many_voids", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_text, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn request(
    State(api): State<Api>,
    actor: Actor,
    TicketPath(ticket): TicketPath,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<RequestVoid>,
) -> Result<Response, Problem> {
    let by = By::from(&actor);
    Ok(created(capture::request_void(&api.journal, by, key, ticket, &request).await?))
}

/// Undo a sale
///
/// Managers and admins. Sale and order are `VOIDED`, the cash goes back, the
/// stock is there again.
#[utoipa::path(
    post, path = "/v1/void-requests/{id}/approve", tag = "voids",
    params(
        ("id" = uuid::Uuid, Path, description = "The request"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = ApproveVoid,
    responses(
        (status = 200, body = VoidApproved),
        (status = 403, description = "approver_required", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "void_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "void_already_decided, void_not_cash, void_session_closed, void_order_delivered", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_text, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn approve(
    State(api): State<Api>,
    actor: Actor,
    IdPath(id): IdPath<VoidRequestId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<ApproveVoid>,
) -> Result<Response, Problem> {
    actor.require_approver()?;
    let by = By::from(&actor);
    Ok(done(capture::approve_void(&api.journal, by, key, id, &request).await?))
}

/// Leave a sale as it is
///
/// Managers and admins. The sale is `FINALIZED` again; a later request is a new
/// one.
#[utoipa::path(
    post, path = "/v1/void-requests/{id}/reject", tag = "voids",
    params(
        ("id" = uuid::Uuid, Path, description = "The request"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = RejectVoid,
    responses(
        (status = 200, body = VoidRejected),
        (status = 403, description = "approver_required", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "void_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "void_already_decided", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_text, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn reject(
    State(api): State<Api>,
    actor: Actor,
    IdPath(id): IdPath<VoidRequestId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<RejectVoid>,
) -> Result<Response, Problem> {
    actor.require_approver()?;
    let by = By::from(&actor);
    Ok(done(capture::reject_void(&api.journal, by, key, id, &request).await?))
}
