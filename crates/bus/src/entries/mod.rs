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
    BranchId, EdgeId, Entry, TenantId,
    subjects::{POS_STREAM, PosSubject},
};

pub use shard_consumer::{Delivery, ShardConsumer, ack, consumer_name};
pub use wire::Malformed;

use crate::{
    Bus, BusError, PendingAck, publishing,
    reading::{Reading, StreamReader},
    topology,
};

/// Entries in one page.
const PAGE: usize = 500;

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

/// How far a shard's worker is with what was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrivals {
    /// The newest message in the stream.
    pub newest: u64,
    /// Nothing of the shard up to here awaits its worker; `u64::MAX` if nothing of it
    /// does at all.
    pub settled: u64,
}

/// How far the worker of a shard is with what was published.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn arrivals(bus: &Bus, shard: u16) -> Result<Arrivals, BusError> {
    bus.needs_line()?;
    // The newest first: what is published meanwhile is beyond it.
    let newest = topology::last_sequence(bus, POS_STREAM).await?;
    Ok(Arrivals { newest, settled: settled_up_to(bus, shard).await? })
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

/// The entries of an edge that the stream holds now, in the order in which they came,
/// each with where it was published. Nothing of them is believed here.
///
/// # Errors
/// If the broker does not answer.
pub async fn held(
    bus: &Bus,
    tenant: TenantId,
    branch: BranchId,
    edge: EdgeId,
) -> Result<Vec<(PosSubject, Entry)>, BusError> {
    let filter = format!("pos.*.{tenant}.{branch}.{edge}.>");
    let reading = Reading { stream: POS_STREAM, filter, after: 0, headers_only: false };
    let mut entries = Vec::new();
    let Some(mut reader) = StreamReader::open_if_any(bus, reading).await? else {
        return Ok(entries);
    };
    loop {
        let page = reader.next_batch(PAGE).await?;
        if page.is_empty() {
            return Ok(entries);
        }
        entries.extend(page.into_iter().filter_map(|message| {
            let subject = PosSubject::parse(&message.subject).ok()?;
            Some((subject, wire::entry(message.headers.as_ref(), &message.payload).ok()?))
        }));
    }
}
