//! Publishing into a stream: pipelined, and each ack awaited.

use std::time::Instant;

use async_nats::{
    HeaderMap,
    jetstream::{context::PublishAckFuture, message::PublishMessage},
};
use bytes::Bytes;

use crate::{Bus, BusError, connection::ACK_TIMEOUT};

/// A message that was sent, and whose stream has not said yet that it took it.
/// Its time runs from when it was sent. Dropping it gives up the answer: the
/// message may or may not be in the stream.
#[must_use = "an ack that is not awaited hides a lost message"]
pub struct PendingAck {
    bus: Bus,
    ack: PublishAckFuture,
    sent_at: Instant,
    subject: String,
}

impl PendingAck {
    /// Waits until the stream has taken the message.
    ///
    /// # Errors
    /// [`BusError::Timeout`] if it did not say so within 5 s of being sent: it
    /// may be in the stream all the same. [`BusError::Full`],
    /// [`BusError::Missing`] and others if the stream refused it.
    pub async fn wait(self) -> Result<(), BusError> {
        self.taken().await.map(drop)
    }

    /// The same, with where the stream has it.
    pub(crate) async fn taken(self) -> Result<Taken, BusError> {
        let Self { bus, ack, sent_at, subject } = self;
        match tokio::time::timeout_at((sent_at + ACK_TIMEOUT).into(), ack.into_future()).await {
            Ok(Ok(ack)) => Ok(Taken { stream_seq: ack.sequence, known: ack.duplicate }),
            Ok(Err(error)) => Err(BusError::publish(&subject, error, bus.last_complaint())),
            Err(_) => Err(bus.timeout(&subject)),
        }
    }
}

/// What a stream said of a message that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Its place in the stream.
    pub(crate) stream_seq: u64,
    /// Whether it had come before under the same id, and was dropped now.
    pub(crate) known: bool,
}

/// Waits for all of `acks`, in their order.
///
/// # Errors
/// The first failure; those after it are not waited for.
pub async fn wait_all(acks: impl IntoIterator<Item = PendingAck>) -> Result<(), BusError> {
    for ack in acks {
        ack.wait().await?;
    }
    Ok(())
}

/// Hands a message to the line and asks for no ack.
pub(crate) async fn publish_unasked(
    bus: &Bus,
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<(), BusError> {
    bus.needs_line()?;
    let sent = bus.client().publish_with_headers(subject, headers, payload).await;
    sent.map_err(|error| BusError::broker("publishing", error))
}

/// Hands a message to the line; waits only if the line takes no more.
pub(crate) async fn publish(
    bus: &Bus,
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<PendingAck, BusError> {
    bus.needs_line()?;
    let message = PublishMessage::build().payload(payload).headers(headers);
    match bus.jetstream().send_publish(subject.clone(), message).await {
        Ok(ack) => Ok(PendingAck { bus: bus.clone(), ack, sent_at: Instant::now(), subject }),
        Err(error) => Err(BusError::publish(&subject, error, bus.last_complaint())),
    }
}
