//! Puts a company into the books.

use std::sync::Arc;

use rust_decimal::Decimal;
use schemas::{Clock, StockItemId, TenantId};
use store::{
    Pool,
    catalogues::{self, PublishError},
    companies::{self, EnrolError},
    opening_stock,
};

use super::Company;

/// Why a company did not get into the books.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A store or an edge could not be made.
    #[error("the company could not be enrolled")]
    Enrol(#[from] EnrolError),
    /// An edge could not sell by a catalogue.
    #[error("the catalogue of {store} was not published")]
    Publish {
        /// The store's name.
        store: String,
        /// Why.
        #[source]
        source: PublishError,
    },
    /// The database failed.
    #[error("the company could not be written")]
    Store(#[from] store::Error),
    /// The task that wrote it ended early.
    #[error("the company was not written to its end")]
    Ended(#[from] tokio::task::JoinError),
}

/// Creates the company, its stores with one edge each, their catalogues and
/// their opening stock, in one transaction. The edges get their catalogues from
/// the centre when they first reach it.
///
/// # Errors
/// [`SeedError`]; the books are then as before.
pub async fn seed(pool: &Pool, company: Company, clock: Arc<dyn Clock>) -> Result<(), SeedError> {
    // A task of its own: whoever cancels this call does not cancel a commit.
    let pool = pool.clone();
    tokio::spawn(async move { write(&pool, company, clock.as_ref()).await }).await?
}

async fn write(pool: &Pool, company: Company, clock: &dyn Clock) -> Result<(), SeedError> {
    let mut tx = pool.begin().await.map_err(store::Error::from)?;
    let tenant_id = company.tenant_id;
    companies::create_tenant(&mut tx, tenant_id, &company.name).await?;
    for store in company.stores {
        companies::create_branch(&mut tx, tenant_id, store.branch_id, &store.name).await?;
        companies::enrol_edge(&mut tx, tenant_id, store.branch_id, store.edge_id).await?;
        let counted: Vec<(StockItemId, Decimal)> = store
            .opening_stock
            .iter()
            .map(|(item, quantity)| (*item, Decimal::from(*quantity)))
            .collect();
        opening_stock::open_ledgers(&mut tx, store.branch_id, &counted, clock.now()).await?;
        catalogues::publish(&mut tx, store.catalogue, clock.now())
            .await
            .map_err(|source| SeedError::Publish { store: store.name, source })?;
    }
    tx.commit().await.map_err(store::Error::from)?;
    Ok(())
}

/// Retires the edges of a company that will not come back, so that nobody waits
/// for their heartbeats.
///
/// # Errors
/// [`SeedError`].
pub async fn retire_edges(pool: &Pool, tenant_id: TenantId) -> Result<(), SeedError> {
    let mut conn = pool.acquire().await.map_err(store::Error::from)?;
    companies::retire_edges(&mut conn, tenant_id).await?;
    Ok(())
}
