//! Values under a key, each the newest only (NATS key-value buckets).

use async_nats::jetstream::{
    context::PublishErrorKind, message::PublishMessage, stream::LastRawMessageErrorKind,
};
use bytes::Bytes;

use crate::{Bus, BusError, topology};

/// The stream behind a bucket.
pub(crate) fn stream_of(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// The subject of a key.
pub(crate) fn subject(bucket: &str, key: &str) -> String {
    format!("$KV.{bucket}.{key}")
}

/// A value, and its place in the bucket's stream.
pub(crate) struct Value {
    pub(crate) bytes: Bytes,
    pub(crate) revision: u64,
}

/// The newest value of `key`; `None` if there is none, or it was deleted.
pub(crate) async fn get(bus: &Bus, bucket: &str, key: &str) -> Result<Option<Value>, BusError> {
    let found = last_message(bus, &stream_of(bucket), &subject(bucket, key)).await?;
    // An empty value is how the bucket keeps a deletion.
    Ok(found
        .map(|message| Value { bytes: message.payload, revision: message.sequence })
        .filter(|value| !value.bytes.is_empty()))
}

/// Sets `key`. With `expected`, only if its newest revision is that one (0:
/// none); false means that somebody else was first.
pub(crate) async fn put(
    bus: &Bus,
    bucket: &str,
    key: &str,
    value: Bytes,
    expected: Option<u64>,
) -> Result<bool, BusError> {
    bus.needs_line()?;
    let subject = subject(bucket, key);
    let failed = |error| BusError::publish(&subject, error, bus.last_complaint());
    let mut message = PublishMessage::build().payload(value);
    if let Some(revision) = expected {
        message = message.expected_last_subject_sequence(revision);
    }
    let ack = bus.jetstream().send_publish(subject.clone(), message).await.map_err(failed)?;
    match ack.await {
        Ok(_) => Ok(true),
        Err(error) if expected.is_some() && error.kind() == PublishErrorKind::WrongLastSequence => {
            Ok(false)
        }
        Err(error) => Err(failed(error)),
    }
}

/// The newest message of `stream` on `subject` (wildcards allowed), from the
/// stream's leader.
pub(crate) async fn last_message(
    bus: &Bus,
    stream: &str,
    subject: &str,
) -> Result<Option<async_nats::jetstream::message::StreamMessage>, BusError> {
    bus.needs_line()?;
    let what = || format!("reading {subject}");
    let handle = bus.jetstream().get_stream_no_info(stream).await;
    let handle = handle.map_err(|error| BusError::broker(what(), error))?;
    match handle.get_last_raw_message_by_subject(subject).await {
        Ok(message) => Ok(Some(message)),
        Err(error) => match error.kind() {
            LastRawMessageErrorKind::NoMessageFound => Ok(None),
            // A missing stream and a silent one look alike here.
            _ if topology::stream_info(bus, stream).await?.is_none() => {
                Err(BusError::Missing(format!("stream {stream}")))
            }
            _ => Err(BusError::broker(what(), error)),
        },
    }
}
