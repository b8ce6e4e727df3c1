//! Pairing tills, logging in and out.

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use schemas::edge_api::{
    LogIn, LoggedIn, Me, MeStaff, PairDevice, PairedDevice, Problem as ProblemBody,
};

use super::{
    Api,
    auth::{OnTill, bearer},
    problem::Problem,
    request::{Body, IdempotencyKey},
};
use crate::people::{self, Caller, NoTill, tokens};

/// Pair a till
///
/// With the one-time code that the back office shows for it. The answer's token
/// goes into `Authorization: Bearer …`; a former pairing of the till ends, and
/// so do all logins on it. A retry under the same key with the same body gets
/// the same answer, so the key should be one that nobody can guess.
#[utoipa::path(
    post, path = "/v1/devices/pair", tag = "people",
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare")),
    request_body = PairDevice,
    responses(
        (status = 201, body = PairedDevice),
        (status = 400, description = "missing_idempotency_key, invalid_idempotency_key, malformed_json", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "wrong_pairing_code, pairing_code_expired, pairing_code_used, device_unknown, device_revoked", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "login_locked", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "no_catalogue, journal_rolled_back, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn pair(
    State(api): State<Api>,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<PairDevice>,
) -> Result<(StatusCode, Json<PairedDevice>), Problem> {
    let paired = people::pair(&api.journal, &api.checker, key, &request).await?;
    Ok((StatusCode::CREATED, Json(paired)))
}

/// Log in
///
/// With a PIN, on a paired till; no line is needed. After several wrong PINs of
/// one person on one till nothing is tried for a while, which `Retry-After`
/// tells. A retry under the same key with the same body gets the same answer.
#[utoipa::path(
    post, path = "/v1/login", tag = "people",
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare")),
    request_body = LogIn,
    responses(
        (status = 201, body = LoggedIn),
        (status = 400, description = "missing_idempotency_key, invalid_idempotency_key, malformed_json", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "wrong_pin, not_logged_in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "device_unknown, device_revoked", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "login_locked", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "no_catalogue, journal_rolled_back, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn log_in(
    State(api): State<Api>,
    OnTill(device): OnTill,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<LogIn>,
) -> Result<(StatusCode, Json<LoggedIn>), Problem> {
    let logged_in = people::log_in(&api.journal, &api.checker, device, key, &request).await?;
    Ok((StatusCode::CREATED, Json(logged_in)))
}

/// Log out
///
/// Ends the login whose token is sent. Whoever is logged out already stays so.
#[utoipa::path(
    post, path = "/v1/logout", tag = "people",
    responses(
        (status = 204, description = "Nobody is logged in with this token"),
        (status = 503, description = "journal_rolled_back, storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn log_out(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    if let Some(token) = bearer(&headers).and_then(tokens::hash_of) {
        api.journal.log_out(token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// See whose token this is
#[utoipa::path(
    get, path = "/v1/me", tag = "people",
    responses(
        (status = 200, body = Me),
        (status = 401, description = "not_logged_in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "device_unknown, device_revoked", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn me(
    State(api): State<Api>,
    OnTill(device_id): OnTill,
    caller: Extension<Caller>,
) -> Result<Json<Me>, Problem> {
    let catalogue = api.catalogue();
    let till = catalogue.as_ref().and_then(|used| used.index.device(device_id));
    let device_name = till.ok_or(NoTill::Unknown(device_id))?.name.clone();
    let staff = match caller.0 {
        Caller::Person(actor) => Some(MeStaff {
            staff_id: actor.staff_id,
            name: actor.staff_name,
            role: actor.role,
            expires_at: actor.expires_at,
        }),
        Caller::Till(_) | Caller::Operator => None,
    };
    Ok(Json(Me { device_id, device_name, staff }))
}
