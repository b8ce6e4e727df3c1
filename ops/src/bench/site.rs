//! Where everything is measured: one stack, one Postgres, one company.

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context;
use domain::invoice_series::series_id;
use futures::future::try_join_all;
use schemas::{SeriesId, SystemClock};
use store::{Pool, bulk};
use tempfile::TempDir;

use crate::{
    commands::reach::Reached,
    company::{self, Company},
    drive::stores::OpenStore,
};

/// So much of everything that no level runs low.
const PLENTY: i64 = 1_000_000;

/// The place of the measurements.
pub(super) struct Site {
    pub(super) company: Company,
    pub(super) stores: Vec<OpenStore>,
    /// Postgres's process.
    pub(super) postmaster: u32,
    pub(super) nats: SocketAddr,
    books_url: String,
    pool: Pool,
    folder: TempDir,
}

impl Site {
    /// Puts a company with three stores into the books of a stack of our own
    /// and opens its stores.
    pub(super) async fn open(reached: &Reached) -> anyhow::Result<Self> {
        let stack = reached.own_stack().context("a bench needs a stack of its own")?;
        let folder = tempfile::Builder::new()
            .prefix("tillstream-bench-")
            .tempdir()
            .context("no temporary folder can be made for the edges")?;
        let mut company = company::company_like_demo("Bench");
        for store in &mut company.stores {
            store.opening_stock.iter_mut().for_each(|(_, quantity)| *quantity *= PLENTY);
        }
        let mut site = Self {
            company,
            stores: Vec::new(),
            postmaster: stack.record().postgres_pid,
            nats: stack.nats_addr()?,
            books_url: stack.record().books_url.clone(),
            pool: stack.pool().clone(),
            folder,
        };
        site.seed(&site.pool).await?;
        let tenant_id = site.company.tenant_id;
        let opening = site.company.stores.clone().into_iter().map(|store| {
            OpenStore::open(tenant_id, store, site.nats, site.folder(), Arc::new(SystemClock))
        });
        site.stores = try_join_all(opening).await?;
        Ok(site)
    }

    /// The books of the pipeline.
    pub(super) const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Where edges keep their journals.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The company's series.
    pub(super) fn series_id(&self) -> SeriesId {
        series_id(self.company.tenant_id, 1, None, None)
    }

    /// Puts the company into other books as well.
    pub(super) async fn seed(&self, pool: &Pool) -> anyhow::Result<()> {
        Ok(company::seed(pool, self.company.clone(), Arc::new(SystemClock)).await?)
    }

    /// Empty books beside those of the pipeline, in the same Postgres.
    pub(super) async fn fresh_books(&self, name: &str, connections: u32) -> anyhow::Result<Pool> {
        let name = format!("bench_{name}");
        bulk::create_database(&self.pool, &name).await?;
        let (server, _) = self.books_url.rsplit_once('/').context("the books have no URL")?;
        let url = format!("{server}/{name}");
        let pool = store::connect(&store::Settings {
            max_connections: connections,
            ..store::Settings::at(url)
        })
        .await?;
        store::migrate(&pool).await?;
        Ok(pool)
    }

    /// Has everything written that is not, so that the next measurement pays
    /// for itself alone.
    pub(super) async fn checkpoint(&self) -> anyhow::Result<()> {
        Ok(bulk::checkpoint(&self.pool).await?)
    }

    /// Closes the stores.
    pub(super) async fn close_stores(&mut self) -> anyhow::Result<()> {
        for store in self.stores.drain(..) {
            store.close().await?;
        }
        Ok(())
    }
}
