//! Reading a stream from a place on, up to where it ended when the reading began.
//! Nothing is acked and nobody's consumer is touched; the broker forgets the reader by
//! itself.

use std::time::Duration;

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
};
use futures::StreamExt;

use crate::{Bus, BusError, topology};

/// The broker forgets a reader that was silent for so long.
const FORGET_AFTER: Duration = Duration::from_secs(120);
/// The longest wait for messages that the broker said are there.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to read.
pub(crate) struct Reading<'a> {
    pub(crate) stream: &'a str,
    /// Only subjects that this lets through.
    pub(crate) filter: String,
    /// What comes after this place.
    pub(crate) after: u64,
    /// Without the bodies.
    pub(crate) headers_only: bool,
}

/// The messages of a stream. Its end is told only when the broker says that nothing is
/// left: what does not come is an error.
pub(crate) struct StreamReader {
    consumer: PullConsumer,
    left: u64,
}

impl StreamReader {
    /// The same of a stream that may not exist: then there is nothing to read.
    pub(crate) async fn open_if_any(
        bus: &Bus,
        reading: Reading<'_>,
    ) -> Result<Option<Self>, BusError> {
        match Self::open(bus, reading).await {
            Ok(reader) => Ok(Some(reader)),
            Err(BusError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn open(bus: &Bus, reading: Reading<'_>) -> Result<Self, BusError> {
        bus.needs_line()?;
        let Reading { stream, filter, after, headers_only } = reading;
        let info = topology::stream_info(bus, stream).await?;
        let info = info.ok_or_else(|| BusError::Missing(format!("stream {stream}")))?;
        let start_sequence = after.saturating_add(1);
        let deliver_policy = if start_sequence > info.state.last_sequence {
            DeliverPolicy::New
        } else {
            DeliverPolicy::ByStartSequence { start_sequence }
        };
        let config = pull::Config {
            deliver_policy,
            ack_policy: AckPolicy::None,
            filter_subject: filter,
            headers_only,
            inactive_threshold: FORGET_AFTER,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let made = bus.jetstream().create_consumer_on_stream(config, stream).await;
        let consumer: PullConsumer =
            made.map_err(|error| BusError::broker(format!("reading {stream}"), error))?;
        let left = consumer.cached_info().num_pending;
        Ok(Self { consumer, left })
    }

    /// How many messages are still to be read.
    pub(crate) const fn left(&self) -> u64 {
        self.left
    }

    /// The next messages, at most `max`; none at the end.
    pub(crate) async fn next_batch(
        &mut self,
        max: usize,
    ) -> Result<Vec<jetstream::Message>, BusError> {
        let most = usize::try_from(self.left).unwrap_or(max).min(max);
        if most == 0 {
            return Ok(Vec::new());
        }
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            BusError::broker("reading a stream", error)
        };
        let asked = self.consumer.batch().max_messages(most).expires(PATIENCE).messages().await;
        let mut messages = asked.map_err(|error| failed(error.into()))?;
        let mut batch = Vec::with_capacity(most);
        while let Some(message) = messages.next().await {
            batch.push(message.map_err(failed)?);
        }
        self.left = match batch.last() {
            Some(last) => last.info().map_err(failed)?.pending,
            // What was there was trimmed or lost since, or it does not come.
            None => {
                let info = self.consumer.get_info().await;
                info.map_err(|error| failed(error.into()))?.num_pending
            }
        };
        if batch.is_empty() && self.left > 0 {
            let what = "reading a stream".to_owned();
            return Err(BusError::Timeout { what, complaint: None });
        }
        Ok(batch)
    }
}
