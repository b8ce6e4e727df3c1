//! The allocator's life: wait for the lease, then number what waits, woken by
//! notices and by the sweep, until the lease is lost or numbering is stopped.
//!
//! Nothing is remembered between rounds but which series were checked under
//! this lease; every round reads the queue anew. One company's failure pauses
//! that company alone.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{Bus, notices, retry};
use metrics::{counter, gauge, histogram};
use schemas::{
    Clock, SeriesId, TenantId,
    subjects::{WAKE_NUMBERING, WAKE_RELAY},
};
use store::{Pool, lease::Lease};
use telemetry::CancellationToken;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    Settings,
    batch::{BATCH_SALES, allocate_batch},
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

/// Why a company could not be numbered in this round.
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

/// What is known under this lease: of each series, when its witnesses were heard;
/// of each company, whether it failed.
#[derive(Default)]
struct Known {
    checked_at: HashMap<SeriesId, Instant>,
    paused: HashMap<TenantId, (Instant, retry::Pauses)>,
}

impl Known {
    /// Whether a series' witnesses were heard not long ago.
    fn is_fresh(&self, series: SeriesId) -> bool {
        self.checked_at.get(&series).is_some_and(|at| at.elapsed() < CHECK_AGAIN_AFTER)
    }
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
        if store::recovery::look_around(&mut conn, "numbering").await? {
            tracing::error!(
                "the books were restored or moved; nothing is allocated until `tillstream \
                 recover` has run"
            );
        }
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

    /// One batch of each company that waits. Returns whether more is left.
    async fn round(&self, known: &mut Known, mark: &RegisterMark) -> Result<bool, store::Error> {
        let waiting = {
            let mut conn = self.pool.acquire().await?;
            store::numbering::waiting(&mut conn).await?
        };
        let mut more = false;
        for tenant in waiting {
            if known.paused.get(&tenant).is_some_and(|(until, _)| *until > Instant::now()) {
                continue;
            }
            match self.number(tenant, known, mark).await {
                Ok(full) => {
                    more |= full;
                    known.paused.remove(&tenant);
                }
                Err(error) => self.pause(tenant, known, &error),
            }
        }
        Ok(more)
    }

    fn pause(&self, tenant: TenantId, known: &mut Known, error: &RoundError) {
        known.checked_at.clear();
        let (until, pauses) = known
            .paused
            .entry(tenant)
            .or_insert_with(|| (Instant::now(), retry::pauses(FIRST_PAUSE, LONGEST_PAUSE)));
        let pause = pauses.next_pause();
        *until = Instant::now() + pause;
        counter!("numbering_failed_batches_total").increment(1);
        tracing::error!(
            tenant.id = %tenant,
            error = error as &dyn std::error::Error,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "a company could not be numbered; its sales wait"
        );
    }

    /// One batch of one company. Returns whether there may be more.
    async fn number(
        &self,
        tenant: TenantId,
        known: &mut Known,
        mark: &RegisterMark,
    ) -> Result<bool, RoundError> {
        let started = Instant::now();
        let may = |series| known.is_fresh(series);
        let batch = allocate_batch(&self.pool, tenant, BATCH_SALES, &*self.clock, &may).await?;
        if batch.sales > 0 {
            histogram!("numbering_batch_seconds").record(started.elapsed());
            counter!("numbering_numbered_total").increment(u64::from(batch.sales));
            for (series, last_no) in &batch.heads {
                mark.raise(*series, *last_no);
            }
            // The relay's own sweep stands in for a notice that is lost.
            if let Err(error) = notices::notify(&self.bus, WAKE_RELAY, &()).await {
                tracing::debug!(%error, "the relay was not woken");
            }
        }
        let mut more = batch.sales == BATCH_SALES;
        for series in batch.unchecked {
            more |= !self.is_frozen_by_a_witness(tenant, series, known).await?;
        }
        Ok(more)
    }

    /// Hears the witnesses of a series: before its first batch under this
    /// lease, without which nothing is allocated, and again from time to time.
    async fn is_frozen_by_a_witness(
        &self,
        tenant: TenantId,
        series: SeriesId,
        known: &mut Known,
    ) -> Result<bool, freeze::CheckError> {
        match freeze::check(&self.pool, &self.bus, tenant, series).await {
            Ok(None) => {
                known.checked_at.insert(series, Instant::now());
                Ok(false)
            }
            Ok(Some(reason)) => {
                counter!("numbering_freezes_total").increment(1);
                tracing::error!(series.id = %series, %reason, "a series is frozen");
                Ok(true)
            }
            // It was checked under this lease: a broker that is away now may
            // not stop numbers.
            Err(freeze::CheckError::Bus(error)) if known.checked_at.contains_key(&series) => {
                tracing::debug!(%error, "the witnesses could not be heard again");
                known.checked_at.insert(series, Instant::now());
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
        gauge!("books_recoveries_needed").set(count(queue.recoveries_needed));
        Ok(())
    }
}
