//! Z reports.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId,
    back_office::{Page, ZReportRow},
};
use store::back_office::{self, Place};

use super::{
    super::{
        Client, Problem,
        paging::{TimePaging, page},
        request::{Path, Query},
    },
    read_branch,
};
use crate::center::Center;

/// The most reports of one page: each is as large as its session has tenders.
const MAX_REPORTS: u32 = 50;

/// A store's Z reports with their supplements, the newest first; at most 50.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/z-reports", tag = "books",
    params(("branch" = BranchId, Path, description = "The store."), TimePaging),
    responses((status = 200, description = "As asked.", body = Page<ZReportRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn z_reports(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<TimePaging>,
) -> Result<Json<Page<ZReportRow>>, Problem> {
    let mut span = asked.span()?;
    span.limit = span.limit.min(MAX_REPORTS);
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::z_reports(books, branch, span))
    });
    let place = |row: &ZReportRow| Place { at: row.closed_at, id: row.cash_session_id.as_uuid() };
    Ok(Json(page(rows.await?, span.limit, place)))
}
