//! How this store stands: the journal, the line and the disk in one view; and who is
//! told when there is less room.

use std::time::Duration;

use schemas::{
    edge_api::{LinkState, SyncStatus, Update},
    requests::StorageLevel,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    journal::{Journal, JournalError},
    sync::{LinkView, Outages},
};

/// The time between two updates for people who watch.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// The time between two looks at the disk while nothing is sold.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Everything that is needed to say how this store stands.
#[derive(Clone)]
pub struct Standing {
    journal: Journal,
    link: watch::Receiver<LinkView>,
    outages: Outages,
}

impl Standing {
    /// Of this journal, line and its outages.
    pub fn new(journal: Journal, link: watch::Receiver<LinkView>, outages: Outages) -> Self {
        Self { journal, link, outages }
    }

    /// A till asked for a new sale that this edge could have taken; whether it did.
    pub(crate) fn sale_attempted(&self, captured: bool) {
        if self.link.borrow().state == LinkState::Down {
            self.outages.attempted(captured);
        }
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
            used_bytes: storage.used_bytes,
            capacity_bytes: storage.capacity_bytes,
            bytes_per_ticket: storage.bytes_per_ticket,
            tickets_left: storage.tickets_left,
            storage_level: storage.level,
            pruned_seq: self.journal.pruned(),
            outages: self.outages.report(),
        })
    }

    /// Tells those who watch whenever something changed, not too often, and somebody
    /// whenever there is less room.
    pub(crate) async fn keep_telling(self, shutdown: CancellationToken) {
        let mut link = self.link.clone();
        let mut confirmed = self.journal.confirmed();
        let mut held = self.journal.held();
        let mut damage = self.journal.damage();
        let mut numbered = self.journal.mapping();
        let mut head = self.journal.head();
        let mut level = self.journal.storage_level();
        let mut told_level = None;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            let changed = async {
                tokio::select! {
                    changed = link.changed() => changed.map(|()| true),
                    changed = confirmed.changed() => changed.map(|()| true),
                    changed = held.changed() => changed.map(|()| true),
                    changed = damage.changed() => changed.map(|()| true),
                    changed = numbered.changed() => changed.map(|()| true),
                    changed = head.changed() => changed.map(|()| true),
                    changed = level.changed() => changed.map(|()| true),
                    // Something else may fill the disk.
                    _ = look.tick() => Ok(false),
                }
            };
            // An error means that the journal or the sync is gone.
            let Some(Ok(news)) = shutdown.run_until_cancelled(changed).await else { return };
            let told = Instant::now();
            self.tell_of_room(&mut told_level).await;
            if news && self.journal.is_watched() {
                match self.read().await {
                    Ok(status) => {
                        let status = Box::new(status);
                        self.journal.publish_update(Update::SyncChanged { status });
                    }
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

    /// Looks at the disk, and tells of its level unless that was told last.
    async fn tell_of_room(&self, told: &mut Option<StorageLevel>) {
        let room = self.journal.storage();
        if *told == Some(room.level) {
            return;
        }
        match self.journal.tell_level(room).await {
            Ok(()) => *told = Some(room.level),
            Err(error) => tracing::warn!(%error, "nobody is told how much room there is"),
        }
    }
}
