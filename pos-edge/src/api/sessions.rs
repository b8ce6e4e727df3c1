//! Cash sessions.

use axum::{Json, extract::State, response::Response};
use schemas::{
    CashSessionId, DeviceId,
    edge_api::{CashSession, OpenCashSession, Problem as ProblemBody},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    auth::Actor,
    problem::Problem,
    request::{Body, IdempotencyKey, Query},
    sales::created,
};
use crate::{
    capture,
    journal::{By, KnownSession, Refusal},
};

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionQuery {
    /// Only those of this till.
    #[param(value_type = Option<uuid::Uuid>)]
    device: Option<DeviceId>,
}

/// Open a cash session
///
/// At most one is open for each till and person. A retry under the same key
/// with the same body gets the same answer.
#[utoipa::path(
    post, path = "/v1/cash-sessions", tag = "cash sessions",
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare")),
    request_body = OpenCashSession,
    responses(
        (status = 201, body = CashSession),
        (status = 400, description = "missing_idempotency_key, invalid_idempotency_key, malformed_json", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "session_already_open", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "unknown_device, unknown_staff, invalid_float, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "no_catalogue, journal_rolled_back, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn open(
    State(api): State<Api>,
    actor: Actor,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<OpenCashSession>,
) -> Result<Response, Problem> {
    Ok(created(capture::open_cash_session(&api.journal, By::from(&actor), key, &request).await?))
}

/// List the open cash sessions
///
/// Oldest first.
#[utoipa::path(
    get, path = "/v1/cash-sessions", tag = "cash sessions",
    params(SessionQuery),
    responses((status = 200, body = Vec<CashSession>))
)]
pub(super) async fn list(
    State(api): State<Api>,
    Query(query): Query<SessionQuery>,
) -> Json<Vec<CashSession>> {
    Json(api.journal.open_sessions(query.device))
}

/// A session that the person may look into: their own, or any as a manager or
/// admin.
pub(super) async fn owned(
    api: &Api,
    actor: &Actor,
    id: CashSessionId,
) -> Result<KnownSession, Problem> {
    let session = api.journal.session(id).await?.ok_or(Refusal::SessionNotFound(id))?;
    if actor.role.is_approver() || session.session.staff_id == actor.staff_id {
        Ok(session)
    } else {
        Err(Refusal::NotYours.into())
    }
}
