//! The life of one shard in this process: wait for its lease, consume its
//! entries batch by batch, give it back.
//!
//! Messages are looked at while the batch before is being committed; a batch is
//! whatever has arrived by the time the last one is done, so it is small when
//! it is quiet and large when there is a backlog. Delivery is at least once:
//! messages are acked after the commit, and what was not acked comes again.
//! After the acks the edges are told how far the books are, and numbering and
//! the relay are woken; all of that may be lost and is repeated elsewhere.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bus::{
    Bus,
    entries::{Delivery, ShardConsumer},
    notices, retry,
};
use schemas::{Clock, Entry, subjects::wake_door};
use store::{Failure, Pool, classify, lease::Lease};
use telemetry::CancellationToken;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::AbortHandle,
    time::MissedTickBehavior,
};

use crate::{
    booking::in_full,
    holding::{End, Holding},
    measures,
    receive::{Received, receive},
};

/// The most messages in one transaction.
pub const BATCH_MESSAGES: usize = 500;
/// The most messages looked at ahead of the batch that is being committed.
const LOOK_AHEAD: usize = 2 * BATCH_MESSAGES;
/// The most that these and the batch itself may weigh, in KiB of payload.
const LOOK_AHEAD_KIB: usize = 32 * 1024;
/// The pauses after a failure that passes by itself: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often the direct door and the back office's decisions are looked at, should a
/// notice have been lost.
const SWEEP_DOOR_EVERY: Duration = Duration::from_millis(500);

/// One shard as this process sees it.
#[derive(Clone)]
pub(crate) struct Shard {
    pub(crate) number: u16,
    pub(crate) of: u16,
    pub(crate) ttl: Duration,
    pub(crate) holder: String,
    pub(crate) pool: Pool,
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: CancellationToken,
}

impl Shard {
    /// Consumes the shard whenever it can be had, until shutdown.
    ///
    /// # Errors
    /// What waiting cannot mend, e.g. a schema that is not ours.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
        while !self.shutdown.is_cancelled() {
            let pause = match self.acquire().await? {
                Ok(Some(lease)) => {
                    pauses.reset();
                    self.hold(&lease).await?;
                    continue;
                }
                Ok(None) => self.ttl / 3,
                Err(error) if classify(&error) == Failure::Retry => {
                    tracing::warn!(shard = self.number, error = %in_full(&error),
                        "cannot ask for the shard's lease");
                    pauses.next_pause()
                }
                Err(error) => return Err(error.into()),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
        Ok(())
    }

    async fn hold(&self, lease: &Lease) -> anyhow::Result<()> {
        tracing::info!(shard = self.number, lease.term = lease.term(), "working");
        measures::held(self.number, true);
        let end = self.consume(lease).await;
        measures::held(self.number, false);
        measures::stopped(self.number, false);
        match &end {
            Ok(End::Lost) => {
                tracing::warn!(
                    shard = self.number,
                    lease.term = lease.term(),
                    "the shard's lease went elsewhere"
                );
            }
            // Also after a failure: another worker may be luckier.
            Ok(End::Shutdown) | Err(_) => self.resign(lease).await,
        }
        end.map(drop)
    }

    async fn consume(&self, lease: &Lease) -> anyhow::Result<End> {
        let consumer = match self.open(lease).await? {
            Ok(consumer) => consumer,
            Err(end) => return Ok(end),
        };
        let (ahead, mut waiting) = mpsc::channel(LOOK_AHEAD);
        let reader = tokio::spawn(look_ahead(consumer, self.clone(), lease.clone(), ahead));
        let _stop = StopOnDrop(reader.abort_handle());
        let mut holding = Holding::new(self, lease);
        let mut batch = Vec::with_capacity(BATCH_MESSAGES);
        let mut woken = notices::subscribe(&self.bus, &wake_door(self.number)).await?;
        let mut sweep = tokio::time::interval(SWEEP_DOOR_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let arrived = tokio::select! {
                arrived = waiting.recv_many(&mut batch, BATCH_MESSAGES) => arrived,
                notice = woken.next() => {
                    if notice.is_none() {
                        anyhow::bail!("the connection to the broker is closed");
                    }
                    sweep.reset_immediately();
                    continue;
                }
                _ = sweep.tick() => {
                    if let Some(end) = holding.serve_door().await? {
                        return Ok(end);
                    }
                    if let Some(end) = holding.carry_out_decisions().await? {
                        return Ok(end);
                    }
                    if holding.more_at_the_door() {
                        sweep.reset_immediately();
                    }
                    continue;
                }
                () = tokio::time::sleep(holding.until_renewal()) => {
                    if !holding.renew().await? {
                        return Ok(End::Lost);
                    }
                    continue;
                }
                () = self.shutdown.cancelled() => return Ok(End::Shutdown),
            };
            if arrived == 0 {
                // The reader ended: the lease is not ours any more, or by an error
                // that waiting cannot mend.
                return reader.await?;
            }
            let (received, _weights): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
            if let Some(end) = holding.process(Arc::new(received)).await? {
                return Ok(end);
            }
        }
    }

    /// Opens the consumer, waiting for the stream as long as the lease is held.
    async fn open(&self, lease: &Lease) -> anyhow::Result<Result<ShardConsumer, End>> {
        let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match ShardConsumer::open(&self.bus, self.number).await {
                Ok(consumer) => return Ok(Ok(consumer)),
                Err(error) if error.is_transient() => {
                    tracing::warn!(shard = self.number, %error, "cannot consume yet");
                }
                Err(error) => return Err(error.into()),
            }
            if !pauses.wait_unless(&self.shutdown).await {
                return Ok(Err(End::Shutdown));
            }
            if let Some(end) = self.lost(lease).await? {
                return Ok(Err(end));
            }
        }
    }

    /// Whether the lease is held no longer. Books that cannot be asked are waited
    /// for: whoever consumes a shard that is another's takes its messages away, and
    /// they come again only when the broker has waited for their acks.
    async fn lost(&self, lease: &Lease) -> anyhow::Result<Option<End>> {
        let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.renew(lease).await? {
                Ok(true) => return Ok(None),
                Ok(false) => return Ok(Some(End::Lost)),
                Err(error) if classify(&error) == Failure::Retry => {
                    tracing::warn!(shard = self.number, error = %in_full(&error),
                        "not known whether the shard is still ours");
                }
                Err(error) => return Err(error.into()),
            }
            if !pauses.wait_unless(&self.shutdown).await {
                return Ok(Some(End::Shutdown));
            }
        }
    }

    async fn acquire(&self) -> anyhow::Result<Result<Option<Lease>, store::Error>> {
        let shard = self.clone();
        // In tasks of their own: no statement is cancelled half-way.
        let asked = tokio::spawn(async move {
            let mut conn = shard.pool.acquire().await?;
            let name = format!("shard:{}", shard.number);
            if store::recovery::look_around(&mut conn, &name).await? {
                tracing::error!("the books were restored or moved, and must be recovered");
            }
            store::lease::acquire(&mut conn, &name, &shard.holder, shard.ttl).await
        });
        asked.await.context("a shard panicked")
    }

    pub(crate) async fn renew(&self, lease: &Lease) -> anyhow::Result<Result<bool, store::Error>> {
        let (shard, lease) = (self.clone(), lease.clone());
        let asked = tokio::spawn(async move {
            let mut conn = shard.pool.acquire().await?;
            store::lease::renew(&mut conn, &lease, shard.ttl).await
        });
        asked.await.context("a shard panicked")
    }

    async fn resign(&self, lease: &Lease) {
        let (shard, lease) = (self.clone(), lease.clone());
        let asked = tokio::spawn(async move {
            let mut conn = shard.pool.acquire().await?;
            store::lease::resign(&mut conn, &lease).await
        });
        if let Ok(Err(error)) = asked.await {
            tracing::warn!(shard = self.number, error = %in_full(&error),
                "the shard's lease was not resigned and expires");
        }
    }
}

/// A message that was looked at, and its weight, which it gives back when it is
/// dropped.
type Weighed = (Received, OwnedSemaphorePermit);

/// Looks at messages as they arrive, until nobody takes them or the lease is lost.
async fn look_ahead(
    mut consumer: ShardConsumer,
    shard: Shard,
    lease: Lease,
    ahead: mpsc::Sender<Weighed>,
) -> anyhow::Result<End> {
    let room = Arc::new(Semaphore::new(LOOK_AHEAD_KIB));
    loop {
        let Some(batch) = consumer.arrived(BATCH_MESSAGES).await else {
            if let Some(end) = shard.lost(&lease).await? {
                return Ok(end);
            }
            consumer.attach_again().await?;
            continue;
        };
        for delivery in batch {
            let weight = kibibytes(&delivery);
            let received = receive(delivery, shard.number, shard.of);
            // It is never closed.
            let Ok(weight) = Arc::clone(&room).acquire_many_owned(weight).await else {
                return Ok(End::Shutdown);
            };
            if ahead.send((received, weight)).await.is_err() {
                return Ok(End::Shutdown);
            }
        }
    }
}

/// What a message weighs, rounded up; no payload is larger than an entry's.
fn kibibytes(delivery: &Delivery) -> u32 {
    let bytes = delivery.entry.as_ref().map_or(0, |entry| entry.payload.len());
    u32::try_from(bytes.min(Entry::MAX_PAYLOAD_BYTES) / 1024).unwrap_or_default() + 1
}

/// Ends a task with the scope that started it.
struct StopOnDrop(AbortHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
