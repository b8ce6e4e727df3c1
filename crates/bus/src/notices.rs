//! Core notices: fast, unkept, unacked. A notice only saves waiting; whoever
//! misses one finds out by itself.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use async_nats::Subscriber;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde::Serialize;

use crate::{Bus, BusError};

/// Tells whoever listens on `subject` now.
///
/// # Errors
/// If there is no line. That nobody listened is no error.
pub async fn notify(bus: &Bus, subject: &str, notice: &impl Serialize) -> Result<(), BusError> {
    let body =
        serde_json::to_vec(notice).map_err(|error| BusError::malformed("a notice", error))?;
    bus.needs_line()?;
    let sent = bus.client().publish(subject.to_owned(), body.into()).await;
    sent.map_err(|error| BusError::broker(format!("notifying {subject}"), error))
}

/// Listens on `subject` (wildcards allowed), across lost lines. What is told
/// while there is no line is missed.
///
/// # Errors
/// If the subject cannot be one, or the connection was closed for good.
pub async fn subscribe(bus: &Bus, subject: &str) -> Result<Notices, BusError> {
    let subscriber = bus.client().subscribe(subject.to_owned()).await;
    subscriber
        .map(Notices)
        .map_err(|error| BusError::broker(format!("listening to {subject}"), error))
}

/// The bodies of notices, as they come. Ends only with the connection.
pub struct Notices(Subscriber);

impl Notices {
    /// The next one; `None` when the connection was closed for good.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.0.next().await.map(|message| message.payload)
    }
}

impl Stream for Notices {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.poll_next_unpin(cx).map(|message| message.map(|message| message.payload))
    }
}
