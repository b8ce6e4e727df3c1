//! Up to when a store is complete, and how it is.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{BranchId, back_office::Completeness};
use store::standing;

use super::{
    super::{Client, Problem, request::Path},
    read_branch,
};
use crate::{Refusal, center::Center};

/// How far a store is with the books, up to when it is complete, which is proved, and
/// what its edge said of its room, clock and outages.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/completeness", tag = "books",
    params(("branch" = BranchId, Path, description = "The store.")),
    responses((status = 200, description = "As asked.", body = Completeness), (status = "default", description = "A problem; `not_found` also for a store without an edge.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn read(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
) -> Result<Json<Completeness>, Problem> {
    let found = read_branch(center, client, branch, move |books| {
        Box::pin(async move { standing::standings(books, Some(&[branch])).await })
    });
    let standing = found.await?.pop();
    let standing = standing.ok_or_else(|| Refusal::NotFound("an edge of this store".to_owned()))?;
    Ok(Json(standing.told()))
}
