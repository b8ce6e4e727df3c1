//! How far this store is with the books.

use axum::{Json, extract::State};
use schemas::edge_api::{Problem as ProblemBody, SyncStatus};

use super::{Api, problem::Problem};

/// See how far this store is with the books
#[utoipa::path(
    get, path = "/v1/sync", tag = "sync",
    responses(
        (status = 200, body = SyncStatus),
        (status = 503, description = "storage_failed", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(State(api): State<Api>) -> Result<Json<SyncStatus>, Problem> {
    Ok(Json(api.standing.read().await?))
}
