//! The day's checks of a company, counted in the books, so that no restart and no
//! second process gives any back.

use futures::future::BoxFuture;
use schemas::{TenantId, Timestamp};
use store::{Conn, Pool, khqr};

use crate::{
    bakong::{Budget, NoCheck, day_of},
    center::{STATEMENT_TIMEOUT_MS, uncancelled},
};

/// Counts in the books.
pub(super) struct BooksBudget {
    pool: Pool,
    tenant: TenantId,
    limit: i32,
}

impl BooksBudget {
    pub(super) const fn new(pool: Pool, tenant: TenantId, limit: i32) -> Self {
        Self { pool, tenant, limit }
    }

    /// One statement in a transaction of its own, which nobody cancels.
    async fn count<T: Send + 'static>(
        &self,
        statement: impl for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, store::Error>>
        + Send
        + 'static,
    ) -> Result<T, store::Error> {
        let pool = self.pool.clone();
        uncancelled(async move {
            let mut books = pool.begin().await?;
            store::pool::limit_statements(&mut books, STATEMENT_TIMEOUT_MS).await?;
            let counted = statement(&mut books).await?;
            books.commit().await?;
            Ok(counted)
        })
        .await
    }
}

impl Budget for BooksBudget {
    fn take(&self, now: Timestamp) -> BoxFuture<'_, Result<i64, NoCheck>> {
        Box::pin(async move {
            let (tenant, limit, day) = (self.tenant, self.limit, day_of(now));
            let taken = self
                .count(move |books| Box::pin(khqr::take_check(books, tenant, day, limit)))
                .await;
            match taken {
                Ok(true) => Ok(day),
                Ok(false) => Err(NoCheck::Spent),
                Err(error) => {
                    tracing::error!(tenant.id = %tenant, %error, "a check of Bakong is not counted");
                    Err(NoCheck::Uncounted)
                }
            }
        })
    }

    fn put_back(&self, day: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let tenant = self.tenant;
            let put = self.count(move |books| Box::pin(khqr::put_back_check(books, tenant, day)));
            if let Err(error) = put.await {
                tracing::warn!(tenant.id = %tenant, %error, "a check that was not made counts");
            }
        })
    }

    fn exhaust(&self, now: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (tenant, limit, day) = (self.tenant, self.limit, day_of(now));
            let put =
                self.count(move |books| Box::pin(khqr::exhaust_checks(books, tenant, day, limit)));
            if let Err(error) = put.await {
                tracing::warn!(tenant.id = %tenant, %error, "Bakong's limit is not written down");
            }
        })
    }
}
