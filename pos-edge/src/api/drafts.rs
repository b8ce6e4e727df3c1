//! Drafts.

use axum::{Json, extract::State, http::StatusCode};
use schemas::{
    DraftId,
    edge_api::{Draft, Problem as ProblemBody, PutDraft},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    auth::Actor,
    problem::Problem,
    request::{Body, Query},
};
use crate::drafts;

/// Which draft.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DraftQuery {
    /// Its id.
    #[param(value_type = uuid::Uuid)]
    draft: DraftId,
}

/// Keep a draft
///
/// Of the till and person that are logged in; at most one is active on a till.
/// It survives restarts of this edge and never reaches the books. An older
/// `revision` than the one that is kept changes nothing and gets the newer one.
#[utoipa::path(
    put, path = "/v1/draft", tag = "drafts",
    request_body = PutDraft,
    responses(
        (status = 200, body = Draft),
        (status = 400, description = "malformed_json", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "no_open_session, draft_of_another_context, draft_closed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_cart, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "no_catalogue, journal_rolled_back, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, description = "storage_full", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    State(api): State<Api>,
    actor: Actor,
    Body(request): Body<PutDraft>,
) -> Result<Json<Draft>, Problem> {
    Ok(Json(drafts::put(&api.journal, &actor, request).await?))
}

/// Read the draft
///
/// The active one of the till and person that are logged in. One of another
/// person on this till must be sold or thrown away first.
#[utoipa::path(
    get, path = "/v1/draft", tag = "drafts",
    responses(
        (status = 200, body = Draft),
        (status = 404, description = "draft_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "draft_of_another_context", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(State(api): State<Api>, actor: Actor) -> Result<Json<Draft>, Problem> {
    Ok(Json(api.journal.draft(actor.device_id, actor.staff_id).await?))
}

/// Throw a draft away
///
/// One of the till that is logged in on, also if it is another person's. One
/// that was thrown away before stays so.
#[utoipa::path(
    delete, path = "/v1/draft", tag = "drafts",
    params(DraftQuery),
    responses(
        (status = 204, description = "It is thrown away"),
        (status = 404, description = "draft_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "draft_closed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "journal_rolled_back, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn discard(
    State(api): State<Api>,
    actor: Actor,
    Query(query): Query<DraftQuery>,
) -> Result<StatusCode, Problem> {
    api.journal.discard_draft(actor.device_id, actor.staff_id, query.draft).await?;
    Ok(StatusCode::NO_CONTENT)
}
