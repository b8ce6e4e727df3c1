//! Journal entries on their way from an edge to the worker of its shard.
//!
//! Delivery: at least once, in any order, possibly never (the stream may lose
//! what it acked): the books' cursor decides what an edge sends again. The
//! payload that arrives is the payload that was captured, byte for byte.

pub mod reader;
mod shard_consumer;
pub(crate) mod wire;

use bytes::Bytes;
use schemas::{
    Entry,
    subjects::{POS_STREAM, PosSubject},
};

pub use shard_consumer::{Delivery, ShardConsumer, ack, consumer_name};
pub use wire::Malformed;

use crate::{Bus, BusError, PendingAck, publishing, topology};

/// Sends an entry. `attempt` is 0 for the first time and grows with every time
/// that the edge sends this entry again: within two minutes the broker swallows
/// a message with an id that it knows.
///
/// # Errors
/// [`BusError::Disconnected`] if there is no line (nothing was sent), or if the
/// entry cannot be a message.
pub async fn publish(
    bus: &Bus,
    subject: &PosSubject,
    entry: &Entry,
    attempt: u32,
) -> Result<PendingAck, BusError> {
    let headers = wire::headers(entry, attempt)?;
    let payload = Bytes::copy_from_slice(&entry.payload);
    publishing::publish(bus, subject.to_string(), headers, payload).await
}

/// The same, without asking the broker whether it took the entry.
///
/// # Errors
/// As of [`publish`].
pub async fn publish_unasked(
    bus: &Bus,
    subject: &PosSubject,
    entry: &Entry,
    attempt: u32,
) -> Result<(), BusError> {
    let headers = wire::headers(entry, attempt)?;
    let payload = Bytes::copy_from_slice(&entry.payload);
    publishing::publish_unasked(bus, subject.to_string(), headers, payload).await
}

/// How many entries of a shard wait in the stream, as far as its consumer
/// knows: not delivered yet, or delivered and not acked.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn backlog(bus: &Bus, shard: u16) -> Result<u64, BusError> {
    bus.needs_line()?;
    match shard_consumer::info(bus, shard).await? {
        Some(info) => Ok(info.num_pending + info.num_ack_pending as u64),
        // Nobody has consumed this shard yet: everything in it waits.
        None => topology::count(bus, POS_STREAM, &PosSubject::shard_filter(shard)).await,
    }
}

/// The place in the stream up to which nothing of a shard awaits its worker;
/// `u64::MAX` if nothing of it does at all, 0 if nobody has consumed it yet.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn settled_up_to(bus: &Bus, shard: u16) -> Result<u64, BusError> {
    match shard_consumer::info(bus, shard).await? {
        // A quiet shard's floor stays where its last entry was.
        Some(info) if info.num_pending == 0 && info.num_ack_pending == 0 => Ok(u64::MAX),
        Some(info) => Ok(info.ack_floor.stream_sequence),
        None => Ok(0),
    }
}
