//! Stock.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId, StockItemId,
    back_office::{Page, StockLevelRow, StockRow},
};
use store::back_office;
use uuid::Uuid;

use super::{
    super::{
        Client, Problem,
        paging::{Paging, page},
        request::{Path, Query},
    },
    read_branch,
};
use crate::center::Center;

/// What is left of each item in a store, by item.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/stock", tag = "books",
    params(("branch" = BranchId, Path, description = "The store."), Paging),
    responses((status = 200, description = "As asked.", body = Page<StockLevelRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn levels(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Paging>,
) -> Result<Json<Page<StockLevelRow>>, Problem> {
    let (after, limit) = (asked.id(Uuid::nil())?, asked.limit()?);
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::stock_levels(books, branch, after, limit))
    });
    Ok(Json(page(rows.await?, limit, |row| row.stock_item_id.as_uuid())))
}

/// The ledger of one item in a store, the newest row first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/stock/{item}/journal", tag = "books",
    params(
        ("branch" = BranchId, Path, description = "The store."),
        ("item" = StockItemId, Path, description = "The stock item."),
        Paging,
    ),
    responses((status = 200, description = "As asked.", body = Page<StockRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn journal(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, item)): Path<(BranchId, StockItemId)>,
    Query(asked): Query<Paging>,
) -> Result<Json<Page<StockRow>>, Problem> {
    let (before, limit) = (asked.number(u64::MAX)?, asked.limit()?);
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(back_office::stock_journal(books, branch, item, before, limit))
    });
    Ok(Json(page(rows.await?, limit, |row| row.stock_no)))
}
