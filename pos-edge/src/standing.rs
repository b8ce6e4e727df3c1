//! How this store stands: the journal, the line and the disk in one view.

use std::time::Duration;

use schemas::edge_api::{SyncStatus, Update};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    journal::{Journal, JournalError},
    sync::LinkView,
};

/// The time between two updates for people who watch.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// What a sale takes on the disk before enough were captured to know, in bytes.
const SALE_BYTES_ASSUMED: u64 = 6 * 1024;
/// Sales after which what they take is known.
const SALES_TO_KNOW: u64 = 100;

/// Everything that is needed to say how this store stands.
#[derive(Clone)]
pub struct Standing {
    journal: Journal,
    link: watch::Receiver<LinkView>,
}

impl Standing {
    /// Of this journal and line.
    pub fn new(journal: Journal, link: watch::Receiver<LinkView>) -> Self {
        Self { journal, link }
    }

    /// How it stands now.
    ///
    /// # Errors
    /// If the journal's storage fails.
    pub async fn read(&self) -> Result<SyncStatus, JournalError> {
        let counts = self.journal.sync_counts().await?;
        let storage = self.journal.storage();
        let link = self.link.borrow().clone();
        let not_selling = self.journal.rolled_back().borrow().clone();
        let not_selling = not_selling.or_else(|| self.journal.retired().borrow().clone());
        let damage = self.journal.damage().borrow().clone();
        let bytes_per_sale = if counts.captured < SALES_TO_KNOW {
            SALE_BYTES_ASSUMED
        } else {
            storage.journal_bytes.div_ceil(counts.captured).max(1)
        };
        Ok(SyncStatus {
            link: link.state,
            journal_seq: counts.journal_seq,
            confirmed_seq: counts.confirmed_seq,
            captured: counts.captured,
            confirmed: counts.confirmed,
            numbered: counts.numbered,
            oldest_unconfirmed_at: counts.oldest_unconfirmed_at,
            standing: self.journal.standing(),
            held: self.journal.held().borrow().clone(),
            last_error: not_selling.or(damage).or(link.last_error),
            catalogue: self.journal.catalogue().borrow().as_ref().map(|used| used.reference),
            journal_bytes: storage.journal_bytes,
            free_bytes: storage.free_bytes,
            sales_that_fit: storage.free_bytes / bytes_per_sale,
        })
    }

    /// Tells those who watch whenever something changed, not too often.
    pub(crate) async fn keep_telling(self, shutdown: CancellationToken) {
        let mut link = self.link.clone();
        let mut confirmed = self.journal.confirmed();
        let mut held = self.journal.held();
        let mut damage = self.journal.damage();
        let mut numbered = self.journal.mapping();
        let mut head = self.journal.head();
        loop {
            let changed = async {
                tokio::select! {
                    changed = link.changed() => changed,
                    changed = confirmed.changed() => changed,
                    changed = held.changed() => changed,
                    changed = damage.changed() => changed,
                    changed = numbered.changed() => changed,
                    changed = head.changed() => changed,
                }
            };
            // An error means that the journal or the sync is gone.
            if !matches!(shutdown.run_until_cancelled(changed).await, Some(Ok(()))) {
                return;
            }
            let told = Instant::now();
            if self.journal.is_watched() {
                match self.read().await {
                    Ok(status) => self.journal.publish_update(Update::SyncChanged { status }),
                    Err(JournalError::Closed) => return,
                    Err(error) => tracing::warn!(%error, "people who watch are not told"),
                }
            }
            let pause = tokio::time::sleep_until(told + TELL_EVERY);
            if shutdown.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }
}
