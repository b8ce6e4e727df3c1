//! Invoices and the register.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId,
    back_office::{Page, SeriesRow},
    facts::InvoiceAssignedV1,
};
use store::{back_office, invoices as register};
use uuid::Uuid;

use super::{
    super::{
        Client, Problem,
        paging::{Paging, page},
        request::{Path, Query},
    },
    read_branch,
};
use crate::center::{Center, within_time};

/// A store's invoices, the newest first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/invoices", tag = "register",
    params(("branch" = BranchId, Path, description = "The store."), Paging),
    responses((status = 200, description = "As asked.", body = Page<InvoiceAssignedV1>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn invoices(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Paging>,
) -> Result<Json<Page<InvoiceAssignedV1>>, Problem> {
    let (before, limit) = (asked.number(u64::MAX)?, asked.limit()?);
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(register::before_mapping_seq(books, branch, before, limit))
    });
    Ok(Json(page(rows.await?, limit, |row| row.mapping_seq)))
}

/// The company's series of invoice numbers, with the head of each.
#[utoipa::path(
    get, path = "/v1/series", tag = "register",
    params(Paging),
    responses((status = 200, description = "As asked.", body = Page<SeriesRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list(
    State(center): State<Arc<Center>>,
    client: Client,
    Query(asked): Query<Paging>,
) -> Result<Json<Page<SeriesRow>>, Problem> {
    let (after, limit) = (asked.id(Uuid::nil())?, asked.limit()?);
    let permit = center.enter()?;
    let rows = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let rows = back_office::series_of(&mut books, client.tenant_id(), after, limit).await?;
        center.commit(books).await?;
        Ok(rows)
    });
    Ok(Json(page(rows.await?, limit, |row| row.series_id.as_uuid())))
}
