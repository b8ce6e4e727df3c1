//! Exceptions and the audit log.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId,
    back_office::{AuditRow, ExceptionRow, Page},
};
use store::back_office::{self, Place};

use super::{
    super::{
        Client, Problem,
        paging::{Paging, TimePaging, page},
        request::{Path, Query},
    },
    read_branch,
};
use crate::center::Center;

/// What was booked in a store but a person should look at, the newest first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/exceptions", tag = "books",
    params(("branch" = BranchId, Path, description = "The store."), TimePaging),
    responses((status = 200, description = "As asked.", body = Page<ExceptionRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn exceptions(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<TimePaging>,
) -> Result<Json<Page<ExceptionRow>>, Problem> {
    let span = asked.span()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::exceptions(books, branch, span))
    });
    let place = |row: &ExceptionRow| Place { at: row.occurred_at, id: row.exception_id.as_uuid() };
    Ok(Json(page(rows.await?, span.limit, place)))
}

/// Who did what in a store, the newest first, in the order the books took it.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/audit", tag = "books",
    params(("branch" = BranchId, Path, description = "The store."), Paging),
    responses((status = 200, description = "As asked.", body = Page<AuditRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn audit(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Paging>,
) -> Result<Json<Page<AuditRow>>, Problem> {
    let (before, limit) = (asked.number(u64::MAX)?, asked.limit()?);
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::audit(books, branch, before, limit))
    });
    Ok(Json(page(rows.await?, limit, |row| row.audit_id)))
}
