//! A shard while its lease is held: each batch is processed until it is in the
//! books, then acked and told of.
//!
//! What passes by itself (the database restarts, a deadlock) is tried again
//! with the same messages. When too many entries in a row are refused nothing
//! of the batch is booked: the shard stops, says so, and looks again later.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use bus::{
    entries::{self, Delivery},
    notices,
    retry::{self, Pauses},
};
use schemas::subjects::{DOOR_SETTLED, WAKE_NUMBERING, WAKE_RELAY, confirmed, wake_edge};
use store::{Failure, classify, lease::Lease, quarantine::decisions::DecisionOutcome};
use telemetry::failpoint;
use tokio::sync::Mutex;

use crate::{
    batch::{self, Alarm, BatchError, Memory, Outcome},
    booking::{BookingError, in_full},
    decisions::Decider,
    direct::{Door, Served},
    measures,
    receive::Received,
    repricing::Catalogues,
    shard::Shard,
};

/// The pauses after a failure that passes by itself: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a shard that stopped waits before it looks again.
const STOPPED_PAUSE: Duration = Duration::from_secs(30);
/// The most messages of one kind that one batch logs.
const MAX_LOGGED: usize = 10;

/// Why a lease is held no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The process stops; the lease is still ours.
    Shutdown,
    /// Someone else has it.
    Lost,
}

/// A held lease and what is remembered under it.
pub(crate) struct Holding<'a> {
    shard: &'a Shard,
    lease: &'a Lease,
    memory: Memory,
    catalogues: Arc<Mutex<Catalogues>>,
    pauses: Pauses,
    renewed_at: Instant,
    more_at_the_door: bool,
}

impl<'a> Holding<'a> {
    pub(crate) fn new(shard: &'a Shard, lease: &'a Lease) -> Self {
        Self {
            shard,
            lease,
            memory: Memory::default(),
            catalogues: Arc::default(),
            pauses: retry::pauses(FIRST_PAUSE, LONGEST_PAUSE),
            renewed_at: Instant::now(),
            more_at_the_door: false,
        }
    }

    /// How long the lease needs no renewal.
    pub(crate) fn until_renewal(&self) -> Duration {
        (self.shard.ttl / 3).saturating_sub(self.renewed_at.elapsed())
    }

    /// Renews the lease. `false`: it is lost. That the books cannot be asked
    /// is waited out: nothing is booked without the lease anyway.
    pub(crate) async fn renew(&mut self) -> anyhow::Result<bool> {
        self.renewed_at = Instant::now();
        match self.shard.renew(self.lease).await? {
            Ok(held) => Ok(held),
            Err(error) if classify(&error) == Failure::Retry => {
                tracing::warn!(shard = self.shard.number, error = %in_full(&error),
                    "the shard's lease was not renewed");
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Processes a batch until it is in the books. `Some`: it is not, and the
    /// lease is held no longer.
    pub(crate) async fn process(
        &mut self,
        received: Arc<Vec<Received>>,
    ) -> anyhow::Result<Option<End>> {
        loop {
            let began = Instant::now();
            let task = tokio::spawn(batch::process(
                self.shard.pool.clone(),
                self.lease.clone(),
                self.shard.ttl,
                Arc::clone(&self.catalogues),
                self.memory.clone(),
                Arc::clone(&received),
            ));
            let error = match task.await.context("a batch panicked")? {
                Ok((outcome, memory)) => {
                    self.renewed_at = began;
                    self.memory = memory;
                    self.pauses.reset();
                    measures::stopped(self.shard.number, false);
                    measures::batch(self.shard.number, received.len(), began.elapsed(), &outcome);
                    self.tell(&received, &outcome).await;
                    return Ok(None);
                }
                Err(error) => error,
            };
            let pause = match error {
                BatchError::LeaseLost => return Ok(Some(End::Lost)),
                error if error.is_transient() => {
                    tracing::warn!(shard = self.shard.number, error = %in_full(&error),
                        "a batch was not booked; trying again");
                    self.pauses.next_pause()
                }
                error @ BatchError::Booking(BookingError::TooManyRefused { .. }) => {
                    tracing::error!(shard = self.shard.number, %error,
                        "the shard stopped: this build may be wrong");
                    measures::stopped(self.shard.number, true);
                    STOPPED_PAUSE
                }
                error => return Err(error.into()),
            };
            if let Some(end) = self.wait(pause).await? {
                return Ok(Some(end));
            }
        }
    }

    /// Decides what waits at the direct door. What fails for now is looked at again
    /// with the next sweep. `Some`: the lease is held no longer.
    pub(crate) async fn serve_door(&mut self) -> anyhow::Result<Option<End>> {
        let door = Door {
            pool: self.shard.pool.clone(),
            lease: self.lease.clone(),
            ttl: self.shard.ttl,
            shard: self.shard.number,
            shards: self.shard.of,
            catalogues: Arc::clone(&self.catalogues),
            clock: Arc::clone(&self.shard.clock),
        };
        let looking = door.clone();
        let looked = tokio::spawn(async move { looking.waiting().await });
        let waiting = match looked.await.context("a look at the door panicked")? {
            Ok(waiting) => waiting,
            Err(error) => return self.door_failed(error),
        };
        self.more_at_the_door = false;
        for (tenant, branch) in waiting {
            let began = Instant::now();
            let task = tokio::spawn(door.clone().serve(tenant, branch));
            match task.await.context("a decision at the door panicked")? {
                Ok(served) => {
                    self.renewed_at = began;
                    self.more_at_the_door |= served.is_full();
                    self.tell_door(&served).await;
                }
                Err(error) => {
                    if let Some(end) = self.door_failed(error)? {
                        return Ok(Some(end));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Carries out what back offices decided about quarantined entries. What fails for
    /// now is looked at again with the next sweep. `Some`: the lease is held no longer.
    pub(crate) async fn carry_out_decisions(&mut self) -> anyhow::Result<Option<End>> {
        let decider = Decider {
            pool: self.shard.pool.clone(),
            lease: self.lease.clone(),
            ttl: self.shard.ttl,
            shard: self.shard.number,
            shards: self.shard.of,
            clock: Arc::clone(&self.shard.clock),
        };
        let looking = decider.clone();
        let looked = tokio::spawn(async move { looking.waiting().await });
        let waiting = match looked.await.context("a look at decisions panicked")? {
            Ok(waiting) => waiting,
            Err(error) => return self.door_failed(error),
        };
        for decision in waiting {
            let began = Instant::now();
            let task = tokio::spawn(decider.clone().carry_out(decision));
            match task.await.context("a decision panicked")? {
                Ok(outcome) => {
                    self.renewed_at = began;
                    let applied = match outcome {
                        Some(DecisionOutcome::CarriedOut { applied, .. }) => applied.len() as u64,
                        Some(DecisionOutcome::Refused { .. }) | None => 0,
                    };
                    let settled = vec![decision.as_uuid()];
                    self.tell_door(&Served { settled, booked: applied, wakes: None }).await;
                }
                Err(error) => {
                    if let Some(end) = self.door_failed(error)? {
                        return Ok(Some(end));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether a branch had more than one transaction decides.
    pub(crate) const fn more_at_the_door(&self) -> bool {
        self.more_at_the_door
    }

    fn door_failed(&self, error: BatchError) -> anyhow::Result<Option<End>> {
        match error {
            BatchError::LeaseLost => Ok(Some(End::Lost)),
            error if error.is_transient() => {
                tracing::warn!(shard = self.shard.number, error = %in_full(&error),
                    "the direct door and decisions were not served; trying again");
                Ok(None)
            }
            error => Err(error.into()),
        }
    }

    /// Tells whoever waits for an outcome. All of it may be lost.
    async fn tell_door(&self, served: &Served) {
        if served.settled.is_empty() {
            return;
        }
        let bus = &self.shard.bus;
        let mut told = notices::notify(bus, DOOR_SETTLED, &served.settled).await;
        if served.booked > 0 {
            told = told.and(notices::notify(bus, WAKE_NUMBERING, &()).await);
        }
        if let Some(edge) = served.wakes {
            told = told.and(notices::notify(bus, &wake_edge(edge), &()).await);
        }
        told = told.and(notices::notify(bus, WAKE_RELAY, &()).await);
        if let Err(error) = told {
            tracing::warn!(shard = self.shard.number, %error, "not everyone heard of the door");
        }
    }

    /// Waits, keeping the lease.
    async fn wait(&mut self, pause: Duration) -> anyhow::Result<Option<End>> {
        let until = Instant::now() + pause;
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Ok(None);
            }
            tokio::select! {
                () = tokio::time::sleep(rest.min(self.until_renewal())) => {}
                () = self.shard.shutdown.cancelled() => return Ok(Some(End::Shutdown)),
            }
            if self.until_renewal().is_zero() && !self.renew().await? {
                return Ok(Some(End::Lost));
            }
        }
    }

    /// Says what a person must hear of: every hold, and the first of the others.
    fn log(&self, outcome: &Outcome) {
        let shard = self.shard.number;
        let mut dropped = 0;
        for alarm in &outcome.alarms {
            match alarm {
                Alarm::Held { edge_id, why } => {
                    tracing::error!(shard, edge.id = %edge_id, why, "an edge is held");
                }
                Alarm::Unverifiable { entry, why } => {
                    dropped += 1;
                    if dropped <= MAX_LOGGED {
                        tracing::error!(shard, entry, why, "a message was dropped as unverifiable");
                    }
                }
            }
        }
        let set_aside = &outcome.booked.set_aside;
        for ((edge, seq), aside) in set_aside.iter().take(MAX_LOGGED) {
            tracing::warn!(shard, edge.id = %edge, entry.seq = seq, reason = %aside.reason,
                detail = aside.detail, "an entry was set aside");
        }
        if dropped.max(set_aside.len()) > MAX_LOGGED {
            let set_aside = set_aside.len();
            tracing::warn!(shard, dropped, set_aside, "not all of a batch's are told of above");
        }
    }

    /// Acks, and tells whoever waits. All of it may be lost.
    async fn tell(&self, received: &[Received], outcome: &Outcome) {
        self.log(outcome);
        let bus = &self.shard.bus;
        let deliveries: Vec<&Delivery> = received.iter().map(|message| &message.delivery).collect();
        let mut told = entries::ack(bus, deliveries).await;
        failpoint("worker.after_ack");
        for (edge, notice) in &outcome.confirmed {
            told = told.and(notices::notify(bus, &confirmed(*edge), notice).await);
        }
        if outcome.booked.sales > 0 {
            told = told.and(notices::notify(bus, WAKE_NUMBERING, &()).await);
        }
        if outcome.booked.applied > 0 || !outcome.booked.set_aside.is_empty() {
            told = told.and(notices::notify(bus, WAKE_RELAY, &()).await);
        }
        if let Err(error) = told {
            tracing::warn!(shard = self.shard.number, %error, "not everyone heard of a batch");
        }
    }
}
