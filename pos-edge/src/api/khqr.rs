//! KHQR: codes, and whether they were paid.

use axum::{extract::State, http::StatusCode, response::Response};
use schemas::edge_api::{KhqrChecked, KhqrCode, NewKhqr, Problem as ProblemBody};

use super::{
    Api,
    auth::Actor,
    problem::Problem,
    request::{Body, IdempotencyKey, TextPath},
    sales::answered_json,
};
use crate::{journal::By, khqr};

/// Make a KHQR code
///
/// Prices the cart and locks it: the sale will be sold at these figures, and
/// another cart needs another code, which supersedes this one. The amount is the
/// cart's total in dollars or its payable riel. Needs the line; without one take
/// cash. Show `payload` as a QR code, and ask for the payment on a tap.
#[utoipa::path(
    post, path = "/v1/khqr", tag = "khqr",
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare")),
    request_body = NewKhqr,
    responses(
        (status = 201, body = KhqrCode),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "no_open_session, khqr_already_paid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_cart, khqr_unavailable, khqr_refused, ticket_conflict, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "khqr_centre_refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "khqr_needs_line, no_catalogue, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn make(
    State(api): State<Api>,
    actor: Actor,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<NewKhqr>,
) -> Result<Response, Problem> {
    actor.require_till(request.device_id)?;
    let made = khqr::make(&api.khqr, &api.journal, By::from(&actor), key, &request).await;
    let (code, replayed) = made.map_err(Problem::from)?;
    Ok(answered_json(StatusCode::CREATED, &code, replayed))
}

/// Ask whether a KHQR code was paid
///
/// On a tap, not in a loop: a company has about a hundred questions a day. `paid`
/// finalizes nothing: complete the sale then. `unknown` and `budget_spent` are not
/// "not paid". What was paid and does not fit is `mismatch`; a person is told.
#[utoipa::path(
    post, path = "/v1/khqr/{md5}/check", tag = "khqr",
    params(
        ("md5" = String, Path, description = "The code"),
        ("Idempotency-Key" = String, Header, description = "One for each tap: 1 to 128 visible ASCII characters, quoted or bare"),
    ),
    responses(
        (status = 200, body = KhqrChecked),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "khqr_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "khqr_unavailable, idempotency_key_conflict", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "khqr_centre_refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "khqr_needs_line, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn check(
    State(api): State<Api>,
    actor: Actor,
    TextPath(md5): TextPath,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Response, Problem> {
    let asked = khqr::check(&api.khqr, &api.journal, By::from(&actor), key, &md5).await;
    let (answer, replayed) = asked.map_err(Problem::from)?;
    Ok(answered_json(StatusCode::OK, &answer, replayed))
}
