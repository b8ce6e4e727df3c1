//! Discounts: of one store, or of the whole company.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use schemas::{
    BranchId, DiscountId,
    back_office::{CatalogueVersionRow, CompanyCatalogues, CompanyDiscounts, PutDiscount},
    catalogue::{CatalogueRef, CatalogueV1, DiscountRule},
};
use sha2::{Digest as _, Sha256};
use store::{Conn, companies};

use super::{
    super::{
        Client, Problem,
        request::{Body, Path},
    },
    OfficeRefusal,
    edit::{self, IfMatch, Tagged, What, edit, put},
};
use crate::{
    Refusal,
    center::{Center, within_time},
};

fn rule(id: DiscountId, branch_id: Option<BranchId>, asked: PutDiscount) -> DiscountRule {
    let PutDiscount { name, percent, target, starts_at, ends_at } = asked;
    DiscountRule { discount_id: id, name, percent, branch_id, target, starts_at, ends_at }
}

/// Refuses if the rule is there and holds elsewhere than at `place`.
fn must_hold_at(
    catalogue: &CatalogueV1,
    id: DiscountId,
    place: Option<BranchId>,
) -> Result<(), OfficeRefusal> {
    let known = catalogue.discounts.iter().find(|known| known.discount_id == id);
    if known.is_some_and(|known| known.branch_id != place) {
        Err(OfficeRefusal::DiscountElsewhere(id))
    } else {
        Ok(())
    }
}

/// Adds a discount rule of one store, or changes it.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/discounts/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = DiscountId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = PutDiscount,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_own(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, DiscountId)>,
    seen: IfMatch,
    Body(asked): Body<PutDiscount>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("DISCOUNT_CHANGED", id), move |catalogue| {
        must_hold_at(catalogue, id, Some(branch))?;
        let rule = rule(id, Some(branch), asked);
        put(&mut catalogue.discounts, rule, |known| known.discount_id == id);
        Ok(())
    })
    .await
}

/// Removes a discount rule of one store. Sales that had it stay as they are. Removing it
/// again changes nothing.
#[utoipa::path(
    delete, path = "/v1/branches/{branch}/discounts/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = DiscountId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn delete_own(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, DiscountId)>,
    seen: IfMatch,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("DISCOUNT_REMOVED", id), move |catalogue| {
        must_hold_at(catalogue, id, Some(branch))?;
        catalogue.discounts.retain(|known| known.discount_id != id);
        Ok(())
    })
    .await
}

/// The discount rules of the whole company. The `ETag` is of all its catalogues.
#[utoipa::path(
    get, path = "/v1/discounts", tag = "catalogue",
    responses((status = 200, description = "The rules.", body = CompanyDiscounts), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list(
    State(center): State<Arc<Center>>,
    client: Client,
) -> Result<Tagged<CompanyDiscounts>, Problem> {
    client.whole_company()?;
    let permit = center.enter()?;
    let all = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let all = newest_of_company(&mut books, &client).await?;
        center.commit(books).await?;
        Ok::<_, Refusal>(all)
    });
    let all = all.await?;
    let tag = tag(&all);
    let rules = all.into_iter().flat_map(|(_, catalogue)| catalogue.discounts);
    let by_id: BTreeMap<_, _> = rules
        .filter(|rule| rule.branch_id.is_none())
        .map(|rule| (rule.discount_id, rule))
        .collect();
    Ok(Tagged { tag, body: CompanyDiscounts { discounts: by_id.into_values().collect() } })
}

/// Adds a discount rule of the whole company, or changes it: a new version for each
/// store, all or none. A store that lacks an item of it is told, and nothing changes.
#[utoipa::path(
    put, path = "/v1/discounts/{id}", tag = "catalogue",
    params(
        ("id" = DiscountId, Path, description = "Its id."),
        ("If-Match" = String, Header, description = "The tag that was seen, in quotes."),
    ),
    request_body = PutDiscount,
    responses((status = 200, description = "The newest versions now.", body = CompanyCatalogues), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_of_company(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(id): Path<DiscountId>,
    seen: IfMatch,
    Body(asked): Body<PutDiscount>,
) -> Result<Tagged<CompanyCatalogues>, Problem> {
    edit_all(center, client, seen, What::new("DISCOUNT_CHANGED", id), move |catalogue| {
        must_hold_at(catalogue, id, None)?;
        let rule = rule(id, None, asked.clone());
        put(&mut catalogue.discounts, rule, |known| known.discount_id == id);
        Ok(())
    })
    .await
}

/// Removes a discount rule of the whole company: a new version for each store that
/// had it. Removing it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/discounts/{id}", tag = "catalogue",
    params(
        ("id" = DiscountId, Path, description = "Its id."),
        ("If-Match" = String, Header, description = "The tag that was seen, in quotes."),
    ),
    responses((status = 200, description = "The newest versions now.", body = CompanyCatalogues), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn delete_of_company(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(id): Path<DiscountId>,
    seen: IfMatch,
) -> Result<Tagged<CompanyCatalogues>, Problem> {
    edit_all(center, client, seen, What::new("DISCOUNT_REMOVED", id), move |catalogue| {
        must_hold_at(catalogue, id, None)?;
        catalogue.discounts.retain(|known| known.discount_id != id);
        Ok(())
    })
    .await
}

/// Changes the newest catalogues of all stores that have one.
async fn edit_all<C>(
    center: Arc<Center>,
    client: Client,
    seen: IfMatch,
    what: What,
    change: C,
) -> Result<Tagged<CompanyCatalogues>, Problem>
where
    C: Fn(&mut CatalogueV1) -> Result<(), OfficeRefusal> + Send + 'static,
{
    client.whole_company()?;
    let permit = center.enter()?;
    let all = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let known = newest_of_company(&mut books, &client).await?;
        let mut drafts = known.clone();
        drafts.iter_mut().try_for_each(|(_, draft)| change(draft))?;
        if drafts != known && seen.0 != tag(&known) {
            return Err(OfficeRefusal::Changed(tag(&known)).into());
        }
        let mut rows = Vec::with_capacity(drafts.len());
        for ((reference, known), (_, draft)) in known.into_iter().zip(drafts) {
            rows.push(if draft == known {
                edit::row(draft.branch_id, reference, false)
            } else {
                edit::publish(&center, &mut books, &client, draft, what).await?
            });
        }
        let tag = tag(&newest_of_company(&mut books, &client).await?);
        center.commit(books).await?;
        Ok::<_, Refusal>(Tagged { tag, body: CompanyCatalogues { catalogues: rows } })
    });
    Ok(all.await?)
}

/// The newest catalogues of a company's stores, by store, which stay the newest
/// until the transaction ends.
async fn newest_of_company(
    books: &mut Conn,
    client: &Client,
) -> Result<Vec<(CatalogueRef, CatalogueV1)>, Refusal> {
    let mut branches: Vec<BranchId> = companies::branches(books, client.tenant_id())
        .await?
        .into_iter()
        .map(|branch| branch.branch_id)
        .collect();
    // Everybody locks them in this order.
    branches.sort_unstable();
    let mut all = Vec::with_capacity(branches.len());
    for branch_id in branches {
        match edit::newest_locked(books, client, branch_id).await {
            Ok(newest) => all.push(newest),
            Err(Refusal::NoCatalogue(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Changes with every catalogue of the company.
fn tag(all: &[(CatalogueRef, CatalogueV1)]) -> String {
    let mut hash = Sha256::new();
    for (reference, catalogue) in all {
        hash.update(catalogue.branch_id.as_uuid().as_bytes());
        hash.update(reference.content_hash.as_bytes());
    }
    hex::encode(hash.finalize())
}
