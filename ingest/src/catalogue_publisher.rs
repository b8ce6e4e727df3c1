//! Keeps the bucket of catalogues equal to the books' newest, branch by branch.
//!
//! What is in the bucket is compared by its bytes' hash, never by version alone:
//! restored books may give a version out again. A bucket that was lost, or that
//! somebody changed, is filled again. A crash between two branches leaves the
//! rest for the next round. Several processes may do this beside each other.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::catalogue::content_hash;
use schemas::{BranchId, Sha256Hash};
use store::catalogues::{self, NewestOfBranch};
use tokio_util::sync::CancellationToken;

use crate::{
    Refusal,
    center::{Center, uncancelled},
};

/// How often the books are asked for new catalogues.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the bucket's every value is read and compared.
const COMPARE_ALL_EVERY: Duration = Duration::from_secs(60);

/// Publishes until `shutdown`.
///
/// # Errors
/// Never: what fails is tried again.
pub(crate) async fn run(center: Arc<Center>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut bucket = Bucket::default();
    loop {
        let round = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            round = bucket.round(&center) => round,
        };
        if let Err(error) = round {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(cause, "catalogues were not published: {error}");
        }
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// What is known to be in the bucket.
#[derive(Default)]
struct Bucket {
    born_at: Option<i128>,
    compared_at: Option<Instant>,
    holds: HashMap<BranchId, Sha256Hash>,
}

impl Bucket {
    async fn round(&mut self, center: &Arc<Center>) -> Result<(), Refusal> {
        let newest = newest_of_all(center).await?;
        let born_at = bus::catalogue::bucket_born_at(&center.bus).await?;
        let is_due = self.compared_at.is_none_or(|at| at.elapsed() >= COMPARE_ALL_EVERY);
        if self.born_at != Some(born_at) || is_due {
            self.holds.clear();
            self.born_at = Some(born_at);
            self.compared_at = Some(Instant::now());
        }
        for branch in newest {
            if self.holds.get(&branch.branch_id) != Some(&branch.reference.content_hash) {
                self.make_equal(center, branch).await?;
            }
        }
        Ok(())
    }

    async fn make_equal(
        &mut self,
        center: &Arc<Center>,
        branch: NewestOfBranch,
    ) -> Result<(), Refusal> {
        let NewestOfBranch { tenant_id, branch_id, reference } = branch;
        let held = bus::catalogue::get(&center.bus, tenant_id, branch_id).await?;
        if held.is_none_or(|bytes| content_hash(&bytes) != reference.content_hash) {
            let Some(body) = body(center, branch).await? else { return Ok(()) };
            bus::catalogue::put(&center.bus, tenant_id, branch_id, body).await?;
            metrics::counter!("ingest_catalogues_published_total").increment(1);
            let (version, hash) = (reference.version, reference.content_hash.short());
            tracing::info!(branch.id = %branch_id, version, hash, "published a catalogue");
        }
        self.holds.insert(branch_id, reference.content_hash);
        Ok(())
    }
}

async fn newest_of_all(center: &Arc<Center>) -> Result<Vec<NewestOfBranch>, Refusal> {
    let center = Arc::clone(center);
    uncancelled(async move {
        let mut books = center.begin().await?;
        let newest = catalogues::newest_of_all(&mut books).await?;
        center.commit(books).await?;
        Ok(newest)
    })
    .await
}

async fn body(center: &Arc<Center>, branch: NewestOfBranch) -> Result<Option<Vec<u8>>, Refusal> {
    let center = Arc::clone(center);
    uncancelled(async move {
        let mut books = center.begin().await?;
        let body = catalogues::by_reference(&mut books, branch.branch_id, branch.reference).await?;
        center.commit(books).await?;
        Ok(body)
    })
    .await
}
