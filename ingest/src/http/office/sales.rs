//! Stores, sales and tickets.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId, TicketId,
    back_office::{BranchRow, Page, SaleRow, TicketRow},
};
use store::{
    back_office::{self, Place},
    companies,
};

use super::{
    super::{
        Client, Problem,
        paging::{TimePaging, page},
        request::{Path, Query},
    },
    read_branch,
};
use crate::{
    Refusal,
    center::{Center, within_time},
};

/// The company's stores that this token may see, by name.
#[utoipa::path(
    get, path = "/v1/branches", tag = "books",
    responses((status = 200, description = "As asked.", body = Vec<BranchRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn branches(
    State(center): State<Arc<Center>>,
    client: Client,
) -> Result<Json<Vec<BranchRow>>, Problem> {
    let permit = center.enter()?;
    let rows = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let all = companies::branches(&mut books, client.tenant_id()).await?;
        center.commit(books).await?;
        let seen = client.branch_ids().map(<[BranchId]>::to_vec);
        let may_see = |id: &BranchId| seen.as_ref().is_none_or(|ids| ids.contains(id));
        let rows = all.into_iter().filter(|branch| may_see(&branch.branch_id));
        Ok::<_, Refusal>(
            rows.map(|branch| BranchRow { branch_id: branch.branch_id, name: branch.name })
                .collect(),
        )
    });
    Ok(Json(rows.await?))
}

/// A store's sales with their lines, the newest first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/sales", tag = "books",
    params(("branch" = BranchId, Path, description = "The store."), TimePaging),
    responses((status = 200, description = "As asked.", body = Page<SaleRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<TimePaging>,
) -> Result<Json<Page<SaleRow>>, Problem> {
    let span = asked.span()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::sales(books, branch, span))
    });
    let place = |row: &SaleRow| Place { at: row.finalized_at, id: row.sale_id.as_uuid() };
    Ok(Json(page(rows.await?, span.limit, place)))
}

/// A store's tickets with what became of them, those of the newest sales first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/tickets", tag = "books",
    params(("branch" = BranchId, Path, description = "The store."), TimePaging),
    responses((status = 200, description = "As asked.", body = Page<TicketRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn tickets(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<TimePaging>,
) -> Result<Json<Page<TicketRow>>, Problem> {
    let span = asked.span()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::tickets(books, branch, span))
    });
    let place = |row: &TicketRow| Place { at: row.finalized_at, id: row.sale_id.as_uuid() };
    Ok(Json(page(rows.await?, span.limit, place)))
}

/// One ticket of the company and what became of it.
#[utoipa::path(
    get, path = "/v1/tickets/{ticket}", tag = "books",
    params(("ticket" = TicketId, Path, description = "The ticket.")),
    responses((status = 200, description = "As asked.", body = TicketRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn ticket(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(ticket): Path<TicketId>,
) -> Result<Json<TicketRow>, Problem> {
    let permit = center.enter()?;
    let row = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let found = back_office::ticket(&mut books, client.tenant_id(), &ticket).await?;
        center.commit(books).await?;
        let may_see = |id: &BranchId| client.branch_ids().is_none_or(|ids| ids.contains(id));
        let found = found.filter(|(branch, _)| may_see(branch));
        found.map(|(_, row)| row).ok_or_else(|| Refusal::NotFound(format!("ticket {ticket}")))
    });
    Ok(Json(row.await?))
}
