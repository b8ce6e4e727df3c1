//! Requests to void.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId, Timestamp,
    back_office::{Page, VoidRequestRow, VoidRequestStatus},
};
use serde::Deserialize;
use store::back_office::{self, Place};
use utoipa::IntoParams;

use super::{
    super::{
        Client, Problem,
        paging::{TimePaging, page},
        request::{Path, Query},
    },
    read_branch,
};
use crate::center::Center;

/// Which requests to void.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
    /// At most this many rows.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// None before this.
    from: Option<Timestamp>,
    /// None at this or later.
    to: Option<Timestamp>,
    /// Only those that stand so.
    status: Option<VoidRequestStatus>,
}

/// A store's requests to void, the newest first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/void-requests", tag = "voids",
    params(("branch" = BranchId, Path, description = "The store."), Asked),
    responses((status = 200, description = "As asked.", body = Page<VoidRequestRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<VoidRequestRow>>, Problem> {
    let Asked { cursor, limit, from, to, status } = asked;
    let span = TimePaging { cursor, limit: limit.unwrap_or(50), from, to }.span()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::void_requests(books, branch, status, span))
    });
    let place =
        |row: &VoidRequestRow| Place { at: row.requested_at, id: row.void_request_id.as_uuid() };
    Ok(Json(page(rows.await?, span.limit, place)))
}
