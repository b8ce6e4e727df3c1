//! Whoever waits for the outcome of a submission, or of a decision about the
//! quarantine, is woken when it is told of. A
//! notice that was lost costs a look at the books, no more.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use bus::{Bus, notices};
use schemas::{
    TenantId, TicketId,
    subjects::{ALL_NUMBERS, DOOR_SETTLED},
};
use serde::Deserialize;
use store::submissions::submission_id;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Refusal;

/// The most requests that wait at once; the next is told at once where to ask again.
pub(crate) const MAX_WAITING: usize = 1_024;

/// How often the books are looked at while an outcome is waited for, should a notice
/// have been lost.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The submissions and decisions whose outcomes are waited for.
pub(crate) struct Waiting {
    /// For how long.
    pub(crate) patience: Duration,
    /// Over how many shards branches spread.
    pub(crate) shards: u16,
    places: Arc<Semaphore>,
    submissions: Mutex<HashMap<Uuid, Arc<Notify>>>,
}

/// A place among those who wait.
pub(crate) struct Place<'a> {
    waiting: &'a Waiting,
    submission: Uuid,
    bell: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Waiting {
    pub(crate) fn new(patience: Duration, shards: u16) -> Self {
        let places = Arc::new(Semaphore::new(MAX_WAITING));
        Self { patience, shards, places, submissions: Mutex::default() }
    }

    /// Takes a place; `None`: there is none left. Take it before the first look, so
    /// that nothing is told in between.
    pub(crate) fn place(&self, submission: Uuid) -> Option<Place<'_>> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let bell = Arc::clone(self.locked().entry(submission).or_default());
        Some(Place { waiting: self, submission, bell, _permit: permit })
    }

    /// Looks until what is found `is_done`, at most for the patience; with no place,
    /// once.
    pub(crate) async fn until<T, L, R>(
        &self,
        place: Option<&Place<'_>>,
        look: L,
        is_done: impl Fn(&T) -> bool,
    ) -> Result<T, Refusal>
    where
        L: Fn() -> R,
        R: Future<Output = Result<T, Refusal>>,
    {
        let until = Instant::now() + self.patience;
        loop {
            let rung = place.map(|place| place.bell().notified());
            let mut rung = Box::pin(async move {
                match rung {
                    Some(rung) => rung.await,
                    None => std::future::pending().await,
                }
            });
            // From here on a ring is not missed, so the look comes after it.
            let told = futures::poll!(rung.as_mut()).is_ready();
            let found = look().await?;
            if is_done(&found) || place.is_none() || Instant::now() >= until {
                return Ok(found);
            }
            if told {
                continue;
            }
            let look_at = (Instant::now() + LOOK_EVERY).min(until);
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep_until(look_at) => {}
            }
        }
    }

    fn ring(&self, submission: Uuid) {
        let bell = self.locked().get(&submission).cloned();
        if let Some(bell) = bell {
            bell.notify_waiters();
        }
    }

    fn nobody_waits(&self) -> bool {
        self.locked().is_empty()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Notify>>> {
        // A map of bells is whole whoever panicked.
        self.submissions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// What rings when something is told of the submission. Enable it before each
    /// look.
    pub(crate) fn bell(&self) -> &Notify {
        &self.bell
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut submissions = self.waiting.locked();
        // The map's and this one: nobody else waits for it.
        if Arc::strong_count(&self.bell) <= 2 {
            submissions.remove(&self.submission);
        }
    }
}

/// What is read of a number that was assigned.
#[derive(Deserialize)]
struct Numbered {
    tenant_id: TenantId,
    ticket_id: TicketId,
}

/// Wakes those who wait, until `shutdown`.
///
/// # Errors
/// If the connection to the broker is closed for good.
pub(crate) async fn listen(
    center: Arc<crate::center::Center>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let bus: &Bus = &center.bus;
    let mut settled = notices::subscribe(bus, DOOR_SETTLED).await?;
    let mut numbered = notices::subscribe(bus, ALL_NUMBERS).await?;
    let waiting = &center.waiting;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            told = settled.next() => {
                let told = told.context("the connection to the broker is closed")?;
                match serde_json::from_slice::<Vec<Uuid>>(&told) {
                    Ok(ids) => ids.into_iter().for_each(|id| waiting.ring(id)),
                    Err(error) => tracing::debug!(%error, "not a list of submissions"),
                }
            }
            told = numbered.next() => {
                let told = told.context("the connection to the broker is closed")?;
                if waiting.nobody_waits() {
                    continue;
                }
                match serde_json::from_slice::<Numbered>(&told) {
                    Ok(of) => waiting.ring(submission_id(of.tenant_id, &of.ticket_id)),
                    Err(error) => tracing::debug!(%error, "not an assigned number"),
                }
            }
        }
    }
}
