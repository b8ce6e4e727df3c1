//! Following a subject of the stream of facts, across everything that can
//! happen to a stream.
//!
//! A lost line, a deleted consumer and a message that got lost on the way are
//! mended by asking again from the last message that arrived; a stream that was
//! made anew (wiped) is read from its beginning. So facts may come twice, and
//! facts that grew too old or were lost with the stream do not come: consumers
//! look at `fact_seq` (or `mapping_seq`) and fetch.

use std::time::Duration;

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::Info,
};
use futures::{FutureExt, StreamExt};
use schemas::subjects::BOOKS_STREAM;

use super::{FactMessage, wire};
use crate::{
    Bus, BusError,
    line::Reconnects,
    retry::{self, Pauses},
    topology,
};

/// Facts that the broker may send ahead of being asked for.
const PREFETCH: usize = 1_000;
/// The broker says that it is there this often when there is nothing to say.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The longest life of one pull request.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// The broker forgets a consumer that was silent for so long.
const FORGET_AFTER: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the first fact that is published after this.
    New,
    /// With the oldest fact that the stream holds.
    All,
}

/// Follows `subject` (`books.…`, wildcards allowed; one filter). The stream
/// need not exist yet, nor the line.
pub fn follow(bus: &Bus, subject: impl Into<String>, start: Start) -> FactStream {
    FactStream {
        bus: bus.clone(),
        subject: subject.into(),
        start,
        position: None,
        messages: None,
        delivered: 0,
        reconnects: Reconnects::of(bus),
        pauses: retry::pauses(FIRST_PAUSE, LONGEST_PAUSE),
    }
}

/// Facts as they come. It has no end.
pub struct FactStream {
    bus: Bus,
    subject: String,
    start: Start,
    position: Option<Position>,
    messages: Option<pull::Stream>,
    /// By the present consumer.
    delivered: u64,
    reconnects: Reconnects,
    pauses: Pauses,
}

/// A place in one life of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    stream_born_at: i128,
    last_seq: u64,
}

impl FactStream {
    /// Connects now rather than at the first [`Self::next_batch`]: what is
    /// published after this returns is not missed even with [`Start::New`].
    ///
    /// # Errors
    /// If the broker does not answer, or the stream does not exist. The
    /// stream stays usable and tries again by itself.
    pub async fn connect(&mut self) -> Result<(), BusError> {
        self.attach().await
    }

    /// Whether the broker is sending right now, as far as known.
    pub(super) const fn is_attached(&self) -> bool {
        self.messages.is_some()
    }

    /// The next fact. Waits for as long as it takes; may be cancelled.
    pub async fn next(&mut self) -> FactMessage {
        loop {
            if let Some(fact) = self.next_batch(1).await.pop() {
                return fact;
            }
        }
    }

    /// Waits for at least one fact and returns it with all that have arrived
    /// already, up to `max` (at least 1), in the order of the stream. May be
    /// cancelled: nothing is lost.
    pub async fn next_batch(&mut self, max: usize) -> Vec<FactMessage> {
        loop {
            let Some(messages) = self.messages.as_mut() else {
                self.attach_again().await;
                continue;
            };
            let first = tokio::select! {
                first = messages.next() => first,
                () = self.reconnects.next() => {
                    self.messages = None;
                    continue;
                }
            };
            let mut batch = Vec::new();
            self.take(first, &mut batch);
            while batch.len() < max {
                let Some(messages) = self.messages.as_mut() else { break };
                // Unconstrained: tokio's fairness would end the batch at 128.
                match tokio::task::unconstrained(messages.next()).now_or_never() {
                    Some(message) => self.take(message, &mut batch),
                    None => break,
                }
            }
            if !batch.is_empty() {
                self.pauses.reset();
                return batch;
            }
        }
    }

    fn take(
        &mut self,
        message: Option<Result<jetstream::Message, pull::MessagesError>>,
        batch: &mut Vec<FactMessage>,
    ) {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                tracing::debug!(subject = self.subject, %error, "following facts was interrupted");
                self.messages = None;
                return;
            }
            None => {
                self.messages = None;
                return;
            }
        };
        let Ok(info) = message.info() else {
            tracing::warn!(subject = self.subject, "a message came from no stream; passed over");
            return;
        };
        self.delivered += 1;
        if info.consumer_sequence != self.delivered {
            // One before it was lost on the way: ask again after the last.
            self.messages = None;
            return;
        }
        if let Some(position) = &mut self.position {
            position.last_seq = info.stream_sequence;
        }
        let place = info.stream_sequence;
        let payload = message.payload.clone();
        match wire::fact(&message.subject, message.headers.as_ref(), payload) {
            Ok(fact) => batch.push(fact),
            Err(error) => {
                let subject = message.subject.as_str();
                tracing::warn!(subject, place, %error, "not a fact; passed over");
            }
        }
    }

    async fn attach_again(&mut self) {
        tokio::select! {
            () = self.pauses.wait() => {}
            () = self.reconnects.next() => self.pauses.reset(),
        }
        match self.attach().await {
            Ok(()) | Err(BusError::Disconnected) => {}
            Err(error) => {
                tracing::debug!(subject = self.subject, %error, "cannot follow facts yet")
            }
        }
    }

    async fn attach(&mut self) -> Result<(), BusError> {
        self.messages = None;
        self.reconnects.forget();
        self.bus.needs_line()?;
        let info = topology::stream_info(&self.bus, BOOKS_STREAM).await?;
        let info = info.ok_or_else(|| BusError::Missing(format!("stream {BOOKS_STREAM}")))?;
        let position = go_on(self.position, self.start, &info);
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: position.last_seq + 1,
            },
            ack_policy: AckPolicy::None,
            filter_subject: self.subject.clone(),
            inactive_threshold: FORGET_AFTER,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            BusError::broker(format!("following {}", self.subject), source)
        };
        let consumer = self
            .bus
            .jetstream()
            .create_consumer_on_stream(config, BOOKS_STREAM)
            .await
            .map_err(|error| failed(error.into()))?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(PREFETCH)
            .heartbeat(HEARTBEAT)
            .expires(PULL_EXPIRES)
            .messages()
            .await
            .map_err(|error| failed(error.into()))?;
        self.messages = Some(messages);
        self.position = Some(position);
        self.delivered = 0;
        Ok(())
    }
}

/// Where to go on: after the last message if this is still the same stream,
/// else at the beginning of the new one.
fn go_on(position: Option<Position>, start: Start, info: &Info) -> Position {
    let stream_born_at = info.created.unix_timestamp_nanos();
    let last_seq = match (position, start) {
        (Some(known), _)
            if known.stream_born_at == stream_born_at
                && known.last_seq <= info.state.last_sequence =>
        {
            known.last_seq
        }
        (Some(_), _) | (None, Start::All) => 0,
        (None, Start::New) => info.state.last_sequence,
    };
    Position { stream_born_at, last_seq }
}
