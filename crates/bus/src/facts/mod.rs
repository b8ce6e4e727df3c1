//! Facts on their way down and out.
//!
//! Delivery: at least once; per branch in the order of `fact_seq` unless the
//! relay publishes again what a stream lost. A consumer knows by `fact_seq`
//! what it has (skip) and what it misses (fetch from the centre).

mod contiguity;
mod follower;
mod held;
mod stream;
pub(crate) mod wire;

use bytes::Bytes;
use schemas::{BranchId, TenantId, Timestamp, subjects};

pub use contiguity::{Contiguity, Place};
pub use follower::FactFollower;
pub use held::{Runs, lacking, places};
pub use stream::{FactStream, Start, follow};

use crate::{
    Bus, BusError, PendingAck, publishing,
    reading::{Reading, StreamReader},
    topology, values,
};

/// One fact, as it stands in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactMessage {
    /// `books.<tenant>.<branch>.<kind>`.
    pub subject: String,
    /// The store.
    pub branch_id: BranchId,
    /// The place among the branch's facts: 1, 2, 3, …
    pub fact_seq: u64,
    /// Derived from its cause.
    pub fact_id: String,
    /// What it tells.
    pub kind: String,
    /// The version of the body's schema.
    pub schema_version: u16,
    /// When what it tells happened.
    pub occurred_at: Timestamp,
    /// JSON.
    pub body: Bytes,
}

/// Sends a fact. The same fact within two minutes is kept once.
///
/// # Errors
/// [`BusError::Disconnected`] if there is no line (nothing was sent), or if the
/// fact cannot be a message.
pub async fn publish(bus: &Bus, fact: &FactMessage) -> Result<PendingAck, BusError> {
    let headers = wire::headers(fact, None)?;
    publishing::publish(bus, fact.subject.clone(), headers, fact.body.clone()).await
}

/// Sends facts, in order, and asks for the acks of the first and the last only:
/// a message for each fact is much of what publishing costs. The answer is
/// whether the stream took exactly these, one after the other, which is so if
/// nobody else publishes into it and none was refused, lost or known before. If
/// not, nothing is known of those between: publish each.
///
/// # Errors
/// If there is no line, a fact cannot be a message, or an ack does not come.
pub async fn publish_burst(bus: &Bus, facts: &[FactMessage]) -> Result<bool, BusError> {
    let [first, between @ .., last] = facts else {
        let Some(only) = facts.first() else { return Ok(true) };
        return publish(bus, only).await?.wait().await.map(|()| true);
    };
    let first = publish(bus, first).await?;
    for fact in between {
        let headers = wire::headers(fact, None)?;
        let (subject, body) = (fact.subject.clone(), fact.body.clone());
        publishing::publish_unasked(bus, subject, headers, body).await?;
    }
    let last = publish(bus, last).await?;
    let (first, last) = (first.taken().await?, last.taken().await?);
    let steps = last.stream_seq.checked_sub(first.stream_seq);
    Ok(!first.known && !last.known && steps == Some(facts.len() as u64 - 1))
}

/// Sends a fact that the stream once took and has lost since. It is kept even
/// if the stream took it within two minutes; the same `attempt` is kept once.
///
/// # Errors
/// As of [`publish`].
pub async fn publish_again(
    bus: &Bus,
    fact: &FactMessage,
    attempt: u64,
) -> Result<PendingAck, BusError> {
    let headers = wire::headers(fact, Some(attempt))?;
    publishing::publish(bus, fact.subject.clone(), headers, fact.body.clone()).await
}

/// When the stream of facts was made, in nanoseconds since 1970: another stream
/// under the same name has another.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn stream_born_at(bus: &Bus) -> Result<i128, BusError> {
    bus.needs_line()?;
    let info = topology::stream_info(bus, subjects::BOOKS_STREAM).await?;
    info.map(|info| info.created.unix_timestamp_nanos())
        .ok_or_else(|| BusError::Missing(format!("stream {}", subjects::BOOKS_STREAM)))
}

/// The newest fact of a branch in the stream; `None` where [`tail`] is 0.
///
/// # Errors
/// As of [`tail`]; or if that message is no fact.
pub async fn newest(
    bus: &Bus,
    tenant: TenantId,
    branch: BranchId,
) -> Result<Option<FactMessage>, BusError> {
    let subject = subjects::branch_facts(tenant, branch);
    let Some(message) = values::last_message(bus, subjects::BOOKS_STREAM, &subject).await? else {
        return Ok(None);
    };
    wire::fact(&message.subject, Some(&message.headers), message.payload)
        .map(Some)
        .map_err(|error| BusError::malformed(format!("the newest fact of {subject}"), error))
}

/// The `fact_seq` of the newest fact of a branch in the stream; 0 if it holds
/// none, because there was none, they grew too old, or the stream was lost.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn tail(bus: &Bus, tenant: TenantId, branch: BranchId) -> Result<u64, BusError> {
    let subject = subjects::branch_facts(tenant, branch);
    let Some(message) = values::last_message(bus, subjects::BOOKS_STREAM, &subject).await? else {
        return Ok(0);
    };
    wire::fact_seq(&message.headers)
        .map_err(|error| BusError::malformed(format!("the newest fact of {subject}"), error))
}

/// The facts that the stream holds of a subject now, the oldest first.
///
/// Read once, page by page; what is published meanwhile may or may not come.
pub struct HeldFacts(Option<StreamReader>);

/// Facts in one page.
const PAGE: usize = 500;

impl HeldFacts {
    /// The next ones; none at the end. What is no fact is passed over.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn next_page(&mut self) -> Result<Vec<FactMessage>, BusError> {
        loop {
            let Some(reader) = &mut self.0 else { return Ok(Vec::new()) };
            let page = reader.next_batch(PAGE).await?;
            let ended = page.is_empty();
            let facts: Vec<_> = page
                .into_iter()
                .filter_map(|message| {
                    let message = message.message;
                    wire::fact(&message.subject, message.headers.as_ref(), message.payload).ok()
                })
                .collect();
            if ended || !facts.is_empty() {
                return Ok(facts);
            }
        }
    }
}

/// Reads what the stream holds of `subject` (wildcards allowed). A stream that does
/// not exist holds nothing.
///
/// # Errors
/// If the broker does not answer.
pub async fn held(bus: &Bus, subject: &str) -> Result<HeldFacts, BusError> {
    let filter = subject.to_owned();
    let stream = subjects::BOOKS_STREAM;
    let reading = Reading { stream, filter, after: 0, headers_only: false };
    StreamReader::open_if_any(bus, reading).await.map(HeldFacts)
}
