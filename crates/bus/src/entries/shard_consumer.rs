//! The consumer of one shard's entries: durable, pull, one filter.
//!
//! One process at a time consumes a shard (it holds the shard's lease). Whoever
//! begins, or begins again after the line was lost, asks for everything that
//! was delivered and not acked *now*, instead of waiting for the ack timeout. That
//! takes it from whoever consumed before; so one who was interrupted makes sure
//! first that the shard is still theirs ([`ShardConsumer::arrived`]).
//! A consumer or stream that was deleted is made again. A crash before an ack
//! means that the entry is delivered again; the books know it then.

use std::time::Duration;

use async_nats::{
    Subject,
    jetstream::{
        self,
        consumer::{self, AckPolicy, DeliverPolicy, pull},
        context::ConsumerInfoErrorKind,
    },
};
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use schemas::{
    Entry,
    ids::InvalidId,
    subjects::{POS_STREAM, PosSubject},
};

use super::wire::{self, Malformed};
use crate::{
    Bus, BusError,
    line::Reconnects,
    retry::{self, Pauses},
};

/// Delivered and not acked; from here on the broker waits.
const MAX_ACK_PENDING: i64 = 20_000;
/// After this long without an ack an entry is delivered again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Entries that the broker may send ahead of being asked for by `next_batch`.
const PREFETCH: usize = 1_000;
/// The broker says that it is there this often when there is nothing to say.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The longest life of one pull request.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The durable's name of a shard.
pub fn consumer_name(shard: u16) -> String {
    format!("shard-{shard}")
}

/// One message of the shard.
#[derive(Debug)]
pub struct Delivery {
    /// Where it was published: the broker holds each edge to its own subjects.
    pub subject: Result<PosSubject, InvalidId>,
    /// What it says. The hash is not checked yet.
    pub entry: Result<Entry, Malformed>,
    /// The place in the stream.
    pub stream_seq: u64,
    reply: Option<Subject>,
}

impl Delivery {
    /// A message that needs no ack: one that did not come from the stream just
    /// now.
    pub fn without_ack(
        subject: Result<PosSubject, InvalidId>,
        entry: Result<Entry, Malformed>,
        stream_seq: u64,
    ) -> Self {
        Self { subject, entry, stream_seq, reply: None }
    }
}

/// Acks `deliveries`: their entries are in the books, or shall not come again.
/// An ack that is lost on the way only means that the entry comes again.
///
/// # Errors
/// If the connection was closed for good.
pub async fn ack(
    bus: &Bus,
    deliveries: impl IntoIterator<Item = &Delivery>,
) -> Result<(), BusError> {
    const ACK: Bytes = Bytes::from_static(b"+ACK");
    for reply in deliveries.into_iter().filter_map(|delivery| delivery.reply.clone()) {
        let sent = bus.client().publish(reply, ACK).await;
        sent.map_err(|error| BusError::broker("acking entries", error))?;
    }
    Ok(())
}

/// The entries of one shard, as they come.
pub struct ShardConsumer {
    bus: Bus,
    shard: u16,
    messages: Option<pull::Stream>,
    reconnects: Reconnects,
    pauses: Pauses,
}

impl ShardConsumer {
    /// Begins to consume `shard`, with whatever was not acked before.
    ///
    /// # Errors
    /// If the broker does not answer, or the stream does not exist.
    pub async fn open(bus: &Bus, shard: u16) -> Result<Self, BusError> {
        let mut consumer = Self {
            bus: bus.clone(),
            shard,
            messages: None,
            reconnects: Reconnects::of(bus),
            pauses: retry::pauses(FIRST_PAUSE, LONGEST_PAUSE),
        };
        consumer.attach().await?;
        Ok(consumer)
    }

    /// Waits for at least one entry and returns it with all that have arrived
    /// already, up to `max`, in the order of the stream. `None`: consuming was
    /// interrupted (the line was lost, or the consumer deleted, perhaps by whoever
    /// consumes the shard now): [`Self::attach_again`] goes on, for one who has made
    /// sure that the shard is still theirs. May be cancelled: nothing is lost.
    pub async fn arrived(&mut self, max: usize) -> Option<Vec<Delivery>> {
        let messages = self.messages.as_mut()?;
        let first = tokio::select! {
            first = messages.next() => first,
            () = self.reconnects.next() => {
                self.messages = None;
                return None;
            }
        };
        match first {
            Some(Ok(message)) => {
                self.pauses.reset();
                return Some(self.with_arrived(message, max));
            }
            Some(Err(error)) => {
                tracing::warn!(shard = self.shard, %error, "consuming entries was interrupted");
            }
            None => {}
        }
        self.messages = None;
        None
    }

    /// The same for one who alone consumes the shard: waits out a lost line and
    /// makes a deleted consumer again.
    ///
    /// # Errors
    /// If the broker refuses for a reason that waiting cannot mend.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            match self.arrived(max).await {
                Some(batch) => return Ok(batch),
                None => self.attach_again().await?,
            }
        }
    }

    /// Acks `deliveries`; see [`ack`].
    ///
    /// # Errors
    /// If the connection was closed for good.
    pub async fn ack(
        &self,
        deliveries: impl IntoIterator<Item = &Delivery>,
    ) -> Result<(), BusError> {
        ack(&self.bus, deliveries).await
    }

    fn with_arrived(&mut self, first: jetstream::Message, max: usize) -> Vec<Delivery> {
        let mut batch = vec![delivery(first)];
        while batch.len() < max {
            let Some(messages) = self.messages.as_mut() else { break };
            // Unconstrained: tokio's fairness would end the batch at 128.
            match tokio::task::unconstrained(messages.next()).now_or_never() {
                Some(Some(Ok(message))) => batch.push(delivery(message)),
                Some(Some(Err(_)) | None) => self.messages = None,
                None => break,
            }
        }
        batch
    }

    /// After a pause, begins to consume again, with whatever was not acked before.
    /// Without a line nothing happens: ask again.
    ///
    /// # Errors
    /// If the broker refuses for a reason that waiting cannot mend.
    pub async fn attach_again(&mut self) -> Result<(), BusError> {
        tokio::select! {
            () = self.pauses.wait() => {}
            () = self.reconnects.next() => self.pauses.reset(),
        }
        match self.attach().await {
            Ok(()) => Ok(()),
            Err(error) if error.is_transient() => {
                tracing::warn!(shard = self.shard, %error, "cannot consume entries yet");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn attach(&mut self) -> Result<(), BusError> {
        self.messages = None;
        self.reconnects.forget();
        self.bus.needs_line()?;
        let start = match info(&self.bus, self.shard).await? {
            None => Some(DeliverPolicy::All),
            Some(known) if known.num_ack_pending > 0 || differs(&known.config, self.shard) => {
                self.delete().await?;
                let start_sequence = known.ack_floor.stream_sequence + 1;
                Some(DeliverPolicy::ByStartSequence { start_sequence })
            }
            Some(_) => None,
        };
        let name = consumer_name(self.shard);
        let jetstream = self.bus.jetstream();
        let failed = |error| BusError::broker(format!("opening consumer {name}"), error);
        let consumer = match start {
            Some(start) => jetstream
                .create_consumer_on_stream(config(self.shard, start), POS_STREAM)
                .await
                .map_err(failed)?,
            None => jetstream
                .get_consumer_from_stream::<pull::Config, _, _>(&name, POS_STREAM)
                .await
                .map_err(failed)?,
        };
        let messages = consumer
            .stream()
            .max_messages_per_batch(PREFETCH)
            .heartbeat(HEARTBEAT)
            .expires(PULL_EXPIRES)
            .messages()
            .await
            .map_err(|error| BusError::broker("pulling entries", error))?;
        self.messages = Some(messages);
        Ok(())
    }

    async fn delete(&self) -> Result<(), BusError> {
        let name = consumer_name(self.shard);
        let deleted = self.bus.jetstream().delete_consumer_from_stream(&name, POS_STREAM).await;
        deleted
            .map(drop)
            .map_err(|error| BusError::broker(format!("renewing consumer {name}"), error))
    }
}

/// What the broker knows of a shard's consumer; `None` if there is none.
pub(super) async fn info(bus: &Bus, shard: u16) -> Result<Option<consumer::Info>, BusError> {
    let name = consumer_name(shard);
    let stream = bus
        .jetstream()
        .get_stream_no_info(POS_STREAM)
        .await
        .map_err(|error| BusError::broker("looking at entries", error))?;
    match stream.consumer_info(&name).await {
        Ok(info) => Ok(Some(info)),
        Err(error) => match error.kind() {
            ConsumerInfoErrorKind::NotFound => Ok(None),
            ConsumerInfoErrorKind::StreamNotFound => {
                Err(BusError::Missing(format!("stream {POS_STREAM}")))
            }
            ConsumerInfoErrorKind::TimedOut => Err(bus.timeout("a question about a consumer")),
            _ => Err(BusError::broker(format!("looking at consumer {name}"), error)),
        },
    }
}

fn config(shard: u16, start: DeliverPolicy) -> pull::Config {
    pull::Config {
        durable_name: Some(consumer_name(shard)),
        description: Some("the worker of this shard".to_owned()),
        deliver_policy: start,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: MAX_ACK_PENDING,
        filter_subject: PosSubject::shard_filter(shard),
        ..pull::Config::default()
    }
}

/// Whether a known consumer was made with other settings than ours. Where it
/// once started does not count.
fn differs(known: &consumer::Config, shard: u16) -> bool {
    let wanted = config(shard, DeliverPolicy::All);
    known.filter_subject != wanted.filter_subject
        || !known.filter_subjects.is_empty()
        || known.ack_policy != wanted.ack_policy
        || known.ack_wait != wanted.ack_wait
        || known.max_ack_pending != wanted.max_ack_pending
        || known.deliver_subject.is_some()
}

pub(super) fn delivery(message: jetstream::Message) -> Delivery {
    let stream_seq = message.info().map(|info| info.stream_sequence).unwrap_or_default();
    Delivery {
        subject: PosSubject::parse(&message.subject),
        entry: wire::entry(message.headers.as_ref(), &message.payload),
        stream_seq,
        reply: message.message.reply,
    }
}
