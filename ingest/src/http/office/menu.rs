//! Policies, the menu, recipes and what they use up.

use std::sync::Arc;

use axum::extract::State;
use schemas::{
    BranchId, CategoryId, MenuItemId, StockItemId,
    back_office::{CatalogueVersionRow, PutCategory, PutMenuItem, PutStockItem},
    catalogue::{CatalogueV1, Category, MenuItem, Policies, StockItem, StockUse},
};
use store::catalogues;

use super::{
    super::{
        Client, Problem,
        request::{Body, Path},
    },
    OfficeRefusal,
    edit::{self, IfMatch, Tagged, What, edit, put},
    read_branch,
};
use crate::{Refusal, center::Center};

/// A store's newest catalogue, without the hashes of PINs and codes. Its version is
/// the `ETag`.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/catalogue", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store.")),
    responses((status = 200, description = "The document.", body = CatalogueV1), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn read(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
) -> Result<Tagged<CatalogueV1>, Problem> {
    let newest = read_branch(center, client, branch, move |books| {
        Box::pin(catalogues::newest(books, branch))
    });
    let newest = newest.await?.ok_or(Refusal::NoCatalogue(branch))?;
    let mut document = edit::parse(&newest.body)?;
    for person in &mut document.staff {
        person.pin_hash = None;
    }
    for device in &mut document.devices {
        device.pairing = None;
    }
    Ok(Tagged { tag: document.version.to_string(), body: document })
}

/// Sets a store's rules of money: VAT, the exchange rate, riel rounding.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/policies", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."),  ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = Policies,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn policies(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    seen: IfMatch,
    Body(asked): Body<Policies>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(
        center,
        client,
        branch,
        seen,
        What { action: "POLICIES_CHANGED", subject: None },
        move |catalogue| {
            catalogue.policies = asked;
            Ok(())
        },
    )
    .await
}

/// Adds a category of the menu, or renames it.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/menu/categories/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = CategoryId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = PutCategory,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_category(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, CategoryId)>,
    seen: IfMatch,
    Body(asked): Body<PutCategory>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("CATEGORY_CHANGED", id), move |catalogue| {
        let category = Category { category_id: id, name: asked.name };
        put(&mut catalogue.categories, category, |known| known.category_id == id);
        Ok(())
    })
    .await
}

/// Removes a category of the menu; its items are uncategorized then. Removing it again
/// changes nothing.
#[utoipa::path(
    delete, path = "/v1/branches/{branch}/menu/categories/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = CategoryId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn delete_category(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, CategoryId)>,
    seen: IfMatch,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("CATEGORY_REMOVED", id), move |catalogue| {
        catalogue.categories.retain(|known| known.category_id != id);
        for item in &mut catalogue.items {
            item.category_id = item.category_id.filter(|category| *category != id);
        }
        Ok(())
    })
    .await
}

/// Adds an item of the menu, or changes it, with its add-ons and its recipe.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/menu/items/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = MenuItemId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = PutMenuItem,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_item(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, MenuItemId)>,
    seen: IfMatch,
    Body(asked): Body<PutMenuItem>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("MENU_ITEM_CHANGED", id), move |catalogue| {
        let PutMenuItem { name, category_id, price_usd, add_ons, stock } = asked;
        let item = MenuItem { menu_item_id: id, name, category_id, price_usd, add_ons, stock };
        put(&mut catalogue.items, item, |known| known.menu_item_id == id);
        Ok(())
    })
    .await
}

/// Removes an item of the menu. Sales that have it stay as they are. Removing it again
/// changes nothing.
#[utoipa::path(
    delete, path = "/v1/branches/{branch}/menu/items/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = MenuItemId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn delete_item(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, MenuItemId)>,
    seen: IfMatch,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("MENU_ITEM_REMOVED", id), move |catalogue| {
        catalogue.items.retain(|known| known.menu_item_id != id);
        Ok(())
    })
    .await
}

/// Sets what selling one of an item uses up.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/menu/items/{id}/recipe", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = MenuItemId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = StockUse,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_recipe(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, MenuItemId)>,
    seen: IfMatch,
    Body(asked): Body<StockUse>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("RECIPE_CHANGED", id), move |catalogue| {
        let item = catalogue.items.iter_mut().find(|known| known.menu_item_id == id);
        item.ok_or_else(|| OfficeRefusal::NoSuchPart(format!("menu item {id}")))?.stock = asked;
        Ok(())
    })
    .await
}

/// Adds a stock item, or changes it.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/stock-items/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = StockItemId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = PutStockItem,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_stock_item(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, StockItemId)>,
    seen: IfMatch,
    Body(asked): Body<PutStockItem>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("STOCK_ITEM_CHANGED", id), move |catalogue| {
        let item = StockItem { stock_item_id: id, name: asked.name, unit: asked.unit };
        put(&mut catalogue.stock_items, item, |known| known.stock_item_id == id);
        Ok(())
    })
    .await
}

/// Removes a stock item that nothing uses up any more. Its ledger stays. Removing it
/// again changes nothing.
#[utoipa::path(
    delete, path = "/v1/branches/{branch}/stock-items/{id}", tag = "catalogue",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = StockItemId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn delete_stock_item(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, StockItemId)>,
    seen: IfMatch,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("STOCK_ITEM_REMOVED", id), move |catalogue| {
        catalogue.stock_items.retain(|known| known.stock_item_id != id);
        Ok(())
    })
    .await
}
