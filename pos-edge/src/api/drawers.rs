//! What moves in a drawer, what is in it, and its close.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use schemas::{
    CashSessionId,
    edge_api::{
        CashMoved, CloseCashSession, MoveCash, MovementPage, Problem as ProblemBody, XReport,
        ZReport, ZWithSupplements,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api, JSON,
    auth::Actor,
    paging,
    problem::Problem,
    request::{Body, IdPath, IdempotencyKey, Query},
    sales::{created, done},
    sessions::owned,
};
use crate::{
    capture,
    journal::{By, MAX_MOVEMENTS},
};

/// Which movements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MovementQuery {
    /// The `next_before` of the page before.
    before: Option<i64>,
    /// 1 to 500; 50 if not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Put money into a drawer, or take some out
///
/// Of an open session: by whose it is, or by a manager or admin.
#[utoipa::path(
    post, path = "/v1/cash-sessions/{id}/movements", tag = "cash sessions",
    params(
        ("id" = uuid::Uuid, Path, description = "The session"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = MoveCash,
    responses(
        (status = 201, body = CashMoved),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "session_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "session_closed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_amount, invalid_text, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn move_cash(
    State(api): State<Api>,
    actor: Actor,
    IdPath(session): IdPath<CashSessionId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<MoveCash>,
) -> Result<Response, Problem> {
    let by = By::from(&actor);
    Ok(created(capture::move_cash(&api.journal, by, key, session, &request).await?))
}

/// List what moved in a drawer
///
/// Newest first: cash sales, refunds, paid in and paid out, each in the
/// tender's currency. Sales that came after the close are among them.
#[utoipa::path(
    get, path = "/v1/cash-sessions/{id}/movements", tag = "cash sessions",
    params(("id" = uuid::Uuid, Path, description = "The session"), MovementQuery),
    responses(
        (status = 200, body = MovementPage),
        (status = 400, description = "invalid_query", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "session_not_found", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn movements(
    State(api): State<Api>,
    actor: Actor,
    IdPath(session): IdPath<CashSessionId>,
    Query(query): Query<MovementQuery>,
) -> Result<Json<MovementPage>, Problem> {
    let limit = paging::limit(query.limit, MAX_MOVEMENTS)?;
    owned(&api, &actor, session).await?;
    Ok(Json(api.journal.cash_movements(session, query.before, limit).await?))
}

/// Read the X report
///
/// What an open session took and must hold so far.
#[utoipa::path(
    get, path = "/v1/cash-sessions/{id}/x", tag = "cash sessions",
    params(("id" = uuid::Uuid, Path, description = "The session")),
    responses(
        (status = 200, body = XReport),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "session_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "session_closed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn x(
    State(api): State<Api>,
    actor: Actor,
    IdPath(session): IdPath<CashSessionId>,
) -> Result<Json<XReport>, Problem> {
    owned(&api, &actor, session).await?;
    Ok(Json(api.journal.x_report(session).await?))
}

/// Count and close a drawer
///
/// By whose session it is, or by a manager or admin. The answer is the Z
/// report, for good. Requests to void that are undecided are rejected by it.
/// `silent_devices` were not heard from lately: a sale of theirs may still
/// come, as a supplement.
#[utoipa::path(
    post, path = "/v1/cash-sessions/{id}/close", tag = "cash sessions",
    params(
        ("id" = uuid::Uuid, Path, description = "The session"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = CloseCashSession,
    responses(
        (status = 200, body = ZReport),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "session_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "session_closed, draft_active", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_amount, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn close(
    State(api): State<Api>,
    actor: Actor,
    IdPath(session): IdPath<CashSessionId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<CloseCashSession>,
) -> Result<Response, Problem> {
    let by = By::from(&actor);
    Ok(done(capture::close_cash_session(&api.journal, by, key, session, &request).await?))
}

/// Read the Z report
///
/// Of a closed session, byte for byte as its close answered it, and the sales
/// that came after it.
#[utoipa::path(
    get, path = "/v1/cash-sessions/{id}/z", tag = "cash sessions",
    params(("id" = uuid::Uuid, Path, description = "The session")),
    responses(
        (status = 200, body = ZWithSupplements),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "session_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "session_not_closed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn z(
    State(api): State<Api>,
    actor: Actor,
    IdPath(session): IdPath<CashSessionId>,
) -> Result<Response, Problem> {
    owned(&api, &actor, session).await?;
    let (payload, supplements) = api.journal.z_report(session).await?;
    let body = capture::z_report(&payload, &supplements)?;
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}
