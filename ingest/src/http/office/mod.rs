//! The back office: what it reads and writes, one file for each resource. Every list is of one
//! store of the token's company, comes in pages, and is read by an index.

mod completeness;
mod discounts;
mod edit;
mod export;
mod menu;
mod numbering;
mod oddities;
mod people;
mod quarantine;
mod refusal;
mod register;
mod reports;
mod sales;
mod sessions;
mod shelves;
mod stock;
mod voids;

use std::sync::Arc;

use futures::future::BoxFuture;
use schemas::BranchId;
use store::Conn;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use refusal::OfficeRefusal;

use super::Client;
use crate::{
    Refusal,
    center::{Center, within_time},
};

pub(super) fn routes() -> OpenApiRouter<Arc<Center>> {
    OpenApiRouter::new()
        .routes(routes!(sales::branches))
        .routes(routes!(completeness::read))
        .routes(routes!(sales::list))
        .routes(routes!(sales::tickets))
        .routes(routes!(sales::ticket))
        .routes(routes!(sessions::z_reports))
        .routes(routes!(stock::levels))
        .routes(routes!(stock::journal))
        .routes(routes!(oddities::exceptions))
        .routes(routes!(oddities::audit))
        .routes(routes!(voids::list))
        .routes(routes!(voids::approve))
        .routes(routes!(voids::reject))
        .routes(routes!(voids::command))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::show))
        .routes(routes!(quarantine::release))
        .routes(routes!(quarantine::discard))
        .routes(routes!(quarantine::decision))
        .routes(routes!(register::invoices))
        .routes(routes!(register::list))
        .routes(routes!(export::csv))
        .routes(routes!(export::json_lines))
        .routes(routes!(menu::read))
        .routes(routes!(menu::policies))
        .routes(routes!(menu::put_category, menu::delete_category))
        .routes(routes!(menu::put_item, menu::delete_item))
        .routes(routes!(menu::put_recipe))
        .routes(routes!(menu::put_stock_item, menu::delete_stock_item))
        .routes(routes!(discounts::list))
        .routes(routes!(discounts::put_own, discounts::delete_own))
        .routes(routes!(discounts::put_of_company, discounts::delete_of_company))
        .routes(routes!(people::staff))
        .routes(routes!(people::put_staff, people::delete_staff))
        .routes(routes!(people::set_pin))
        .routes(routes!(people::devices))
        .routes(routes!(people::put_device))
        .routes(routes!(people::pairing_code))
        .routes(routes!(shelves::receive))
        .routes(routes!(shelves::count))
        .routes(routes!(reports::items))
        .routes(routes!(reports::categories))
        .routes(routes!(reports::methods))
        .routes(routes!(reports::days))
        .routes(routes!(numbering::read, numbering::put))
        .routes(routes!(reports::company))
        .routes(routes!(reports::put_time_zone))
}

/// Reads what belongs to a store, if the client may see it.
async fn read_branch<T, R>(
    center: Arc<Center>,
    client: Client,
    branch_id: BranchId,
    read: R,
) -> Result<T, Refusal>
where
    T: Send + 'static,
    R: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, store::Error>> + Send + 'static,
{
    let permit = center.enter()?;
    within_time(async move {
        // Held until the work is done, also if nobody waits for it any more.
        let _permit = permit;
        let mut books = center.begin().await?;
        client.branch(&mut books, branch_id).await?;
        let found = read(&mut books).await?;
        center.commit(books).await?;
        Ok(found)
    })
    .await
}
