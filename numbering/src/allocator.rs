//! The allocator's life: wait for the lease, then number what waits, woken by
//! notices and by the sweep, until the lease is lost or numbering is stopped.
//!
//! Nothing is remembered between rounds but which series were checked under
//! this lease; every round reads the queue anew. One series' failure pauses
//! that series alone.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{Bus, notices, retry};
use metrics::{counter, gauge, histogram};
use schemas::{
    Clock, SeriesId,
    subjects::{WAKE_NUMBERING, WAKE_RELAY},
};
use store::{Pool, lease::Lease, numbering::Waiting};
use telemetry::CancellationToken;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    Settings,
    batch::{BATCH_SALES, Batch, allocate_batch},
    freeze,
    register_mark::RegisterMark,
};

/// The lease's name.
const LEASE: &str = "numbering";
/// How long a series' check holds before its witnesses are heard again.
const CHECK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// The pauses of a series that failed: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often the queue is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// The most sales of the queue that are counted for its gauge.
const MEASURED_SALES: u32 = 100_000;

/// Why a series could not be numbered in this round.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Check(#[from] freeze::CheckError),
}

pub(crate) struct Allocator {
    settings: Settings,
    pool: Pool,
    bus: Bus,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
    /// Unique to this run.
    holder: String,
}

/// What is known of each series under this lease.
#[derive(Default)]
struct Known {
    checked_at: HashMap<SeriesId, Instant>,
    paused: HashMap<SeriesId, (Instant, retry::Pauses)>,
}

impl Allocator {
    pub(crate) fn new(
        settings: Settings,
        pool: Pool,
        bus: Bus,
        clock: Arc<dyn Clock>,
        shutdown: CancellationToken,
    ) -> Self {
        let holder = format!("numbering-{}-{}", std::process::id(), Uuid::now_v7());
        Self { settings, pool, bus, clock, shutdown, holder }
    }

    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let wake = self.listen().await?;
        let mark = RegisterMark::start(self.bus.clone(), self.shutdown.clone());
        let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
        while !self.shutdown.is_cancelled() {
            let pause = match self.acquire().await {
                Ok(Some(lease)) => {
                    pauses.reset();
                    tracing::info!(lease.term = lease.term(), "allocating");
                    self.hold(&lease, &wake, &mark).await;
                    continue;
                }
                Ok(None) => self.settings.sweep(),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot ask for the lease"
                    );
                    pauses.next_pause()
                }
            };
            self.wait(pause).await;
        }
        mark.finish().await;
        Ok(())
    }

    /// Turns notices into one pending wake-up, however many come.
    async fn listen(&self) -> Result<Arc<Notify>, bus::BusError> {
        let mut notices = notices::subscribe(&self.bus, WAKE_NUMBERING).await?;
        let (wake, shutdown) = (Arc::new(Notify::new()), self.shutdown.clone());
        let woken = wake.clone();
        tokio::spawn(shutdown.run_until_cancelled_owned(async move {
            while notices.next().await.is_some() {
                woken.notify_one();
            }
        }));
        Ok(wake)
    }

    async fn wait(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.shutdown.cancelled() => {}
        }
    }

    async fn acquire(&self) -> Result<Option<Lease>, store::Error> {
        let mut conn = self.pool.acquire().await?;
        store::lease::acquire(&mut conn, LEASE, &self.holder, self.settings.lease()).await
    }

    async fn renew(&self, lease: &Lease) -> Result<bool, store::Error> {
        let mut conn = self.pool.acquire().await?;
        store::lease::renew(&mut conn, lease, self.settings.lease()).await
    }

    async fn resign(&self, lease: &Lease) -> Result<(), store::Error> {
        let mut conn = self.pool.acquire().await?;
        store::lease::resign(&mut conn, lease).await
    }

    /// Numbers what waits until the lease is lost or numbering is stopped.
    async fn hold(&self, lease: &Lease, wake: &Notify, mark: &RegisterMark) {
        let mut known = Known::default();
        let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
        let (mut renewed_at, mut measured_at) = (Instant::now(), None);
        loop {
            if self.shutdown.is_cancelled() {
                if let Err(error) = self.resign(lease).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the lease was not resigned and expires"
                    );
                }
                return;
            }
            let round = async {
                if renewed_at.elapsed() >= self.settings.lease() / 3 {
                    if !self.renew(lease).await? {
                        return Ok(None);
                    }
                    renewed_at = Instant::now();
                }
                self.measure(&mut measured_at).await?;
                self.round(&mut known, mark).await.map(Some)
            };
            match round.await {
                Ok(None) => {
                    tracing::warn!(lease.term = lease.term(), "the lease went to another holder");
                    return;
                }
                Ok(Some(true)) => pauses.reset(),
                Ok(Some(false)) => {
                    pauses.reset();
                    tokio::select! {
                        () = wake.notified() => {}
                        () = self.wait(self.settings.sweep()) => {}
                    }
                }
                Err(error) => {
                    // Whatever the books are after this, they are looked at anew.
                    known.checked_at.clear();
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the books cannot be read"
                    );
                    self.wait(pauses.next_pause()).await;
                }
            }
        }
    }

    /// One batch of each series that waits. Returns whether more is left.
    async fn round(&self, known: &mut Known, mark: &RegisterMark) -> Result<bool, store::Error> {
        let waiting = {
            let mut conn = self.pool.acquire().await?;
            store::numbering::series_waiting(&mut conn).await?
        };
        let mut more = false;
        for series in waiting.iter().filter(|series| !series.frozen) {
            let id = series.series_id;
            if known.paused.get(&id).is_some_and(|(until, _)| *until > Instant::now()) {
                continue;
            }
            match self.number(series, known, mark).await {
                Ok(full) => {
                    more |= full;
                    known.paused.remove(&id);
                }
                Err(error) => self.pause(id, known, &error),
            }
        }
        Ok(more)
    }

    fn pause(&self, series: SeriesId, known: &mut Known, error: &RoundError) {
        known.checked_at.remove(&series);
        let (until, pauses) = known
            .paused
            .entry(series)
            .or_insert_with(|| (Instant::now(), retry::pauses(FIRST_PAUSE, LONGEST_PAUSE)));
        let pause = pauses.next_pause();
        *until = Instant::now() + pause;
        counter!("numbering_failed_batches_total").increment(1);
        tracing::error!(
            series.id = %series,
            error = error as &dyn std::error::Error,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "a series could not be numbered; its sales wait"
        );
    }

    /// One batch of one series. Returns whether it was a full one.
    async fn number(
        &self,
        series: &Waiting,
        known: &mut Known,
        mark: &RegisterMark,
    ) -> Result<bool, RoundError> {
        if self.is_frozen_by_a_witness(series, known).await? {
            return Ok(false);
        }
        let started = Instant::now();
        let batch = allocate_batch(&self.pool, series.series_id, BATCH_SALES, &*self.clock).await?;
        let Batch::Allocated { sales, last_no } = batch else { return Ok(false) };
        histogram!("numbering_batch_seconds").record(started.elapsed());
        counter!("numbering_numbered_total").increment(u64::from(sales));
        mark.raise(series.series_id, last_no);
        // The relay's own sweep stands in for a notice that is lost.
        if let Err(error) = notices::notify(&self.bus, WAKE_RELAY, &()).await {
            tracing::debug!(%error, "the relay was not woken");
        }
        Ok(sales == BATCH_SALES)
    }

    /// Hears the witnesses of a series: before its first batch under this
    /// lease, without which nothing is allocated, and again from time to time.
    async fn is_frozen_by_a_witness(
        &self,
        series: &Waiting,
        known: &mut Known,
    ) -> Result<bool, freeze::CheckError> {
        let checked_at = known.checked_at.get(&series.series_id);
        if checked_at.is_some_and(|at| at.elapsed() < CHECK_AGAIN_AFTER) {
            return Ok(false);
        }
        match freeze::check(&self.pool, &self.bus, series).await {
            Ok(None) => {
                known.checked_at.insert(series.series_id, Instant::now());
                Ok(false)
            }
            Ok(Some(reason)) => {
                counter!("numbering_freezes_total").increment(1);
                tracing::error!(series.id = %series.series_id, %reason, "a series is frozen");
                Ok(true)
            }
            // It was checked under this lease: a broker that is away now may
            // not stop numbers.
            Err(freeze::CheckError::Bus(error)) if checked_at.is_some() => {
                tracing::debug!(%error, "the witnesses could not be heard again");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn measure(&self, measured_at: &mut Option<Instant>) -> Result<(), store::Error> {
        if measured_at.is_some_and(|at| at.elapsed() < MEASURE_EVERY) {
            return Ok(());
        }
        *measured_at = Some(Instant::now());
        let mut conn = self.pool.acquire().await?;
        let queue = store::numbering::queue_state(&mut conn, MEASURED_SALES).await?;
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        gauge!("numbering_queue_sales").set(count(queue.length));
        gauge!("numbering_queue_oldest_seconds").set(Duration::from_millis(queue.oldest_ms));
        gauge!("numbering_frozen_series").set(count(queue.frozen_series));
        Ok(())
    }
}
