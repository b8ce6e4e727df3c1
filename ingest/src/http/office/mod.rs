//! The back office: what it reads, one file for each resource. Every list is of one
//! store of the token's company, comes in pages, and is read by an index.

mod export;
mod oddities;
mod register;
mod sales;
mod sessions;
mod stock;
mod voids;

use std::sync::Arc;

use futures::future::BoxFuture;
use schemas::BranchId;
use store::Conn;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Client;
use crate::{
    Refusal,
    center::{Center, within_time},
};

pub(super) fn routes() -> OpenApiRouter<Arc<Center>> {
    OpenApiRouter::new()
        .routes(routes!(sales::branches))
        .routes(routes!(sales::list))
        .routes(routes!(sales::tickets))
        .routes(routes!(sales::ticket))
        .routes(routes!(sessions::z_reports))
        .routes(routes!(stock::levels))
        .routes(routes!(stock::journal))
        .routes(routes!(oddities::exceptions))
        .routes(routes!(oddities::audit))
        .routes(routes!(voids::list))
        .routes(routes!(register::invoices))
        .routes(routes!(register::list))
        .routes(routes!(export::csv))
        .routes(routes!(export::json_lines))
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
