//! Sales by what, how and when they were sold, from stored lines, and where the
//! company's days begin.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{
    BranchId, Timestamp,
    back_office::{CategorySales, CompanyRow, DaySales, ItemSales, MethodSales, PutTimeZone},
};
use serde::Deserialize;
use store::{
    back_office::{self, Days, Deed},
    companies,
};
use utoipa::IntoParams;

use super::{
    super::{
        Client, Problem,
        request::{Body, Path, Query},
    },
    read_branch,
};
use crate::{
    Refusal,
    center::{Center, within_time},
};

/// The most days of one report.
const MAX_DAYS: i64 = 366;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Which days, in the company's time zone.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The first day: `2026-11-01`.
    from: String,
    /// The last day, which is within; at most 366 days in all.
    to: String,
}

impl Asked {
    fn days(self) -> Result<Days, Refusal> {
        let wrong = |why: &str| Refusal::BadParameter(format!("from, to: {why}"));
        let noon = |day: &str| {
            Timestamp::parse(&format!("{day}T12:00:00Z"))
                .ok()
                .filter(|_| day.len() == 10)
                .ok_or_else(|| wrong("a day is written 2026-11-21"))
        };
        let days = noon(&self.to)?.micros_since(noon(&self.from)?) / DAY;
        if !(0..MAX_DAYS).contains(&days) {
            return Err(wrong("1 to 366 days"));
        }
        Ok(Days { first: self.from, last: self.to })
    }
}

/// A store's sales by item, the largest sums first.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/reports/items", tag = "reports",
    params(("branch" = BranchId, Path, description = "The store."), Asked),
    responses((status = 200, description = "The sums.", body = Vec<ItemSales>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn items(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<ItemSales>>, Problem> {
    let days = asked.days()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(async move { back_office::by_item(books, branch, &days).await })
    });
    Ok(Json(rows.await?))
}

/// A store's sales by category, the largest sums first. Renaming or removing a category
/// changes nothing here.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/reports/categories", tag = "reports",
    params(("branch" = BranchId, Path, description = "The store."), Asked),
    responses((status = 200, description = "The sums.", body = Vec<CategorySales>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn categories(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<CategorySales>>, Problem> {
    let days = asked.days()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(async move { back_office::by_category(books, branch, &days).await })
    });
    Ok(Json(rows.await?))
}

/// A store's sales by how they were paid.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/reports/methods", tag = "reports",
    params(("branch" = BranchId, Path, description = "The store."), Asked),
    responses((status = 200, description = "The sums.", body = Vec<MethodSales>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn methods(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<MethodSales>>, Problem> {
    let days = asked.days()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(async move { back_office::by_method(books, branch, &days).await })
    });
    Ok(Json(rows.await?))
}

/// A store's sales by day; days without a sale are left out.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/reports/days", tag = "reports",
    params(("branch" = BranchId, Path, description = "The store."), Asked),
    responses((status = 200, description = "The sums.", body = Vec<DaySales>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn days(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<DaySales>>, Problem> {
    let days = asked.days()?;
    let rows = read_branch(center, client, branch, move |books| {
        Box::pin(async move { back_office::by_day(books, branch, &days).await })
    });
    Ok(Json(rows.await?))
}

/// The company of this token.
#[utoipa::path(
    get, path = "/v1/company", tag = "reports",
    responses((status = 200, description = "The company.", body = CompanyRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn company(
    State(center): State<Arc<Center>>,
    client: Client,
) -> Result<Json<CompanyRow>, Problem> {
    let permit = center.enter()?;
    let row = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let row = back_office::company(&mut books, client.tenant_id()).await?;
        center.commit(books).await?;
        row.ok_or_else(|| Refusal::NotFound("the company".to_owned()))
    });
    Ok(Json(row.await?))
}

/// Sets where the company's days begin. Reports of days that are over follow it too.
#[utoipa::path(
    put, path = "/v1/company/time-zone", tag = "reports",
    request_body = PutTimeZone,
    responses((status = 200, description = "The company.", body = CompanyRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_time_zone(
    State(center): State<Arc<Center>>,
    client: Client,
    Body(asked): Body<PutTimeZone>,
) -> Result<Json<CompanyRow>, Problem> {
    client.whole_company()?;
    let permit = center.enter()?;
    let row = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let (tenant_id, name) = (client.tenant_id(), asked.time_zone);
        if !back_office::is_time_zone(&mut books, &name).await? {
            return Err(Refusal::BadParameter(format!("time_zone: {name:?} is not known")));
        }
        if back_office::set_time_zone(&mut books, tenant_id, &name).await? {
            let branches = companies::branches(&mut books, tenant_id).await?;
            let deed = Deed {
                tenant_id,
                branch_ids: branches.iter().map(|branch| branch.branch_id).collect(),
                action: "TIME_ZONE_CHANGED",
                token_id: client.token_id(),
                subject_id: Some(tenant_id.as_uuid()),
                target_id: None,
                at: center.now(),
                meta: Some(serde_json::json!({ "timeZone": name })),
            };
            back_office::record(&mut books, &deed).await?;
        }
        let row = back_office::company(&mut books, tenant_id).await?;
        center.commit(books).await?;
        row.ok_or_else(|| Refusal::NotFound("the company".to_owned()))
    });
    Ok(Json(row.await?))
}
