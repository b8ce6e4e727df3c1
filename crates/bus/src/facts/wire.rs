//! The one form in which a fact travels.

use async_nats::HeaderMap;
use bytes::Bytes;
use schemas::BranchId;

use super::FactMessage;
use crate::{
    BusError,
    headers::{self, BadHeader, Reader, Writer, bad},
};

const BRANCH_SOURCE: &str = "/branches/";

/// `attempt`: of a fact that is sent again although the broker may remember it.
pub(crate) fn headers(fact: &FactMessage, attempt: Option<u64>) -> Result<HeaderMap, BusError> {
    let place = fact.fact_seq.to_string();
    let mut message_id = format!("{}:{place}", fact.fact_id);
    if let Some(attempt) = attempt {
        message_id.push_str(&format!(":{attempt}"));
    }
    Ok(Writer::default()
        .set(headers::MESSAGE_ID, &message_id)?
        .set(headers::SPEC_VERSION, headers::CLOUD_EVENTS)?
        .set(headers::ID, &fact.fact_id)?
        .set(headers::SOURCE, &format!("{BRANCH_SOURCE}{}", fact.branch_id))?
        .set(headers::TYPE, &headers::event_type(&fact.kind, fact.schema_version))?
        .set(headers::TIME, &fact.occurred_at.to_string())?
        .set(headers::FACT_SEQ, &place)?
        .set(headers::CONTENT_TYPE, headers::JSON)?
        .finish())
}

pub(super) fn fact_seq(headers: &HeaderMap) -> Result<u64, BadHeader> {
    Reader(Some(headers)).parse(headers::FACT_SEQ)
}

pub(super) fn fact(
    subject: &str,
    headers: Option<&HeaderMap>,
    body: Bytes,
) -> Result<FactMessage, BadHeader> {
    let read = Reader(headers);
    let branch_id: BranchId = read
        .text(headers::SOURCE)?
        .strip_prefix(BRANCH_SOURCE)
        .and_then(|branch| branch.parse().ok())
        .ok_or_else(|| bad(&headers::SOURCE, "does not name a branch"))?;
    let (kind, schema_version) = read.event_type()?;
    Ok(FactMessage {
        subject: subject.to_owned(),
        branch_id,
        fact_seq: read.parse(headers::FACT_SEQ)?,
        fact_id: read.text(headers::ID)?.to_owned(),
        kind: kind.to_owned(),
        schema_version,
        occurred_at: read.time()?,
        body,
    })
}
