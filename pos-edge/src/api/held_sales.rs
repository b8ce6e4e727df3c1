//! Sales that wait for a manager, and their decision.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use schemas::edge_api::{
    AcceptHeldSale, HeldSale, HeldSalePage, HeldState, Problem as ProblemBody, RejectHeldSale,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    auth::Actor,
    paging,
    problem::Problem,
    request::{Body, IdempotencyKey, Query, TicketPath},
    sales::answered_json,
};
use crate::{
    capture::{self, Decided},
    journal::{By, HeldFilter},
};

/// Which held sales.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HeldQuery {
    /// Only these.
    state: Option<HeldState>,
    /// The `next_before` of the page before.
    before: Option<i64>,
    /// 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// List held sales
///
/// Sales that a till completed by itself and that a manager decides about: newest
/// first, those that were decided too.
#[utoipa::path(
    get, path = "/v1/held-sales", tag = "held sales",
    params(HeldQuery),
    responses(
        (status = 200, body = HeldSalePage),
        (status = 400, description = "invalid_query", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    actor: Actor,
    Query(query): Query<HeldQuery>,
) -> Result<Json<HeldSalePage>, Problem> {
    actor.require_approver()?;
    let limit = paging::limit(query.limit, HeldFilter::MAX_LIMIT)?;
    let filter = HeldFilter { state: query.state, before: query.before, limit };
    Ok(Json(api.journal.held_sales(filter).await?))
}

/// Make a held sale a sale
///
/// It is written in the journal now, in the cash session that it names, as a supplement
/// to the Z report if that is closed; or in the one that the manager names, where its
/// cash lies. Its figures stand.
#[utoipa::path(
    post, path = "/v1/held-sales/{ticket}/accept", tag = "held sales",
    params(
        ("ticket" = String, Path, description = "The ticket"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = AcceptHeldSale,
    responses(
        (status = 200, body = HeldSale),
        (status = 403, description = "approver_required", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "held_sale_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "held_sale_decided, no_place", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn accept(
    State(api): State<Api>,
    actor: Actor,
    TicketPath(ticket): TicketPath,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<AcceptHeldSale>,
) -> Result<Response, Problem> {
    actor.require_approver()?;
    let by = By::from(&actor);
    Ok(done(&capture::accept_held(&api.journal, by, key, ticket, &request).await?))
}

/// Decide that a held sale is none
///
/// It is kept, with the reason.
#[utoipa::path(
    post, path = "/v1/held-sales/{ticket}/reject", tag = "held sales",
    params(
        ("ticket" = String, Path, description = "The ticket"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = RejectHeldSale,
    responses(
        (status = 200, body = HeldSale),
        (status = 403, description = "approver_required", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "held_sale_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "held_sale_decided", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_text, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn reject(
    State(api): State<Api>,
    actor: Actor,
    TicketPath(ticket): TicketPath,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<RejectHeldSale>,
) -> Result<Response, Problem> {
    actor.require_approver()?;
    let by = By::from(&actor);
    Ok(done(&capture::reject_held(&api.journal, by, key, ticket, &request).await?))
}

fn done(decided: &Decided) -> Response {
    answered_json(StatusCode::OK, &decided.sale, decided.replayed)
}
