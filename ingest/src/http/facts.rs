//! `GET /v1/branches/{branch}/facts`: for consumers that missed some.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId,
    requests::{FactsReplyV1, FactsRequestV1},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Client, Problem,
    request::{Path, Query},
};
use crate::{
    Refusal,
    center::{Center, within_time},
    requests,
};

/// Which of a branch's facts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Those after this place; 0 is from the first.
    #[serde(default)]
    after: u64,
    /// At most this many; at most 200 are given.
    #[serde(default = "most")]
    #[param(minimum = 1, maximum = 200, default = 200)]
    limit: u32,
}

const fn most() -> u32 {
    FactsRequestV1::MAX_FACTS
}

/// Facts of a branch, in the order of their places.
#[utoipa::path(
    get,
    path = "/v1/branches/{branch}/facts",
    params(("branch" = BranchId, Path, description = "The store."), Page),
    responses(
        (status = 200, description = "The facts that follow, and the newest place.", body = FactsReplyV1),
        (status = 400, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The branch is not known.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Ask again.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(page): Query<Page>,
) -> Result<Json<FactsReplyV1>, Problem> {
    let permit = center.enter()?;
    let asked = FactsRequestV1 { after_fact_seq: page.after, limit: page.limit };
    let reply = within_time(async move {
        // Held until the work is done, also if nobody waits for it any more.
        let _permit = permit;
        read(&center, &client, branch, asked).await
    });
    Ok(Json(reply.await?))
}

async fn read(
    center: &Center,
    client: &Client,
    branch: BranchId,
    asked: FactsRequestV1,
) -> Result<FactsReplyV1, Refusal> {
    let mut books = center.begin().await?;
    client.branch(&mut books, branch).await?;
    let reply = requests::read_facts(&mut books, branch, asked).await?;
    center.commit(books).await?;
    Ok(reply)
}
