//! Reading the stream of entries beside its workers: from a place on, up to where it
//! ended when the reading began. Nothing is acked and no worker's consumer is touched.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use futures::StreamExt;
use schemas::{Timestamp, subjects::POS_STREAM};

use super::{Delivery, shard_consumer::delivery};
use crate::{Bus, BusError, topology};

/// The broker forgets a reader that was silent for so long.
const FORGET_AFTER: Duration = Duration::from_secs(120);
/// The longest wait for messages that the broker said are there.
const PATIENCE: Duration = Duration::from_secs(10);

/// The entries of the stream, or of one branch.
pub struct EntryReader {
    consumer: PullConsumer,
    left: u64,
}

impl EntryReader {
    /// Begins after `after`, a place in the stream; only what `filter` lets through.
    ///
    /// # Errors
    /// If the broker does not answer, or the stream does not exist.
    pub async fn open(bus: &Bus, filter: String, after: u64) -> Result<Self, BusError> {
        bus.needs_line()?;
        let info = topology::stream_info(bus, POS_STREAM).await?;
        let info = info.ok_or_else(|| BusError::Missing(format!("stream {POS_STREAM}")))?;
        let start_sequence = after.saturating_add(1);
        if start_sequence > info.state.last_sequence {
            // A consumer that begins beyond the end would wait for what is new.
            return Self::make(bus, filter, DeliverPolicy::New).await;
        }
        Self::make(bus, filter, DeliverPolicy::ByStartSequence { start_sequence }).await
    }

    /// Begins with what came into the stream at `from` or later.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub async fn open_at(bus: &Bus, filter: String, from: Timestamp) -> Result<Self, BusError> {
        bus.needs_line()?;
        let start_time = time::OffsetDateTime::from(from);
        Self::make(bus, filter, DeliverPolicy::ByStartTime { start_time }).await
    }

    async fn make(bus: &Bus, filter: String, from: DeliverPolicy) -> Result<Self, BusError> {
        let config = pull::Config {
            deliver_policy: from,
            ack_policy: AckPolicy::None,
            filter_subject: filter,
            inactive_threshold: FORGET_AFTER,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let made = bus.jetstream().create_consumer_on_stream(config, POS_STREAM).await;
        let consumer: PullConsumer =
            made.map_err(|error| BusError::broker("reading entries", error))?;
        let left = consumer.cached_info().num_pending;
        Ok(Self { consumer, left })
    }

    /// How many messages are still to be read.
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// The next messages, at most `max`; none at the end.
    ///
    /// # Errors
    /// If the broker does not answer, or what it said is there does not come.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        let most = usize::try_from(self.left).unwrap_or(max).min(max);
        if most == 0 {
            return Ok(Vec::new());
        }
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            BusError::broker("reading entries", error)
        };
        let mut messages = self
            .consumer
            .batch()
            .max_messages(most)
            .expires(PATIENCE)
            .messages()
            .await
            .map_err(|error| failed(error.into()))?;
        let mut batch = Vec::with_capacity(most);
        while let Some(message) = messages.next().await {
            batch.push(delivery(message.map_err(failed)?));
        }
        if batch.is_empty() {
            // What was there was trimmed or lost since.
            self.left = 0;
        }
        self.left = self.left.saturating_sub(batch.len() as u64);
        Ok(batch)
    }
}

/// The subjects of all entries.
pub fn everything() -> String {
    "pos.>".to_owned()
}

/// The subjects of a branch's entries.
pub fn of_branch(branch: schemas::BranchId) -> String {
    format!("pos.*.*.{branch}.>")
}

#[cfg(test)]
mod tests {
    use schemas::subjects::PosSubject;

    use super::*;

    #[test]
    fn a_branch_s_filter_matches_its_subjects() {
        let branch = "22222222-2222-4222-8222-222222222222".parse().expect("an id");
        let subject = PosSubject {
            shard: 3,
            tenant_id: "11111111-1111-4111-8111-111111111111".parse().expect("an id"),
            branch_id: branch,
            edge_id: "33333333-3333-4333-8333-333333333333".parse().expect("an id"),
            kind: "sale.finalized".to_owned(),
        };
        let subject = subject.to_string();
        let filter = of_branch(branch);
        let tokens = subject.split('.').zip(filter.split('.'));
        assert!(tokens.take_while(|(_, f)| *f != ">").all(|(s, f)| f == "*" || s == f));
    }
}
