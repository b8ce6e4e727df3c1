//! The one form in which an entry travels.

use async_nats::HeaderMap;
use schemas::Entry;

use crate::{
    BusError,
    headers::{self, BadHeader, Reader, Writer, bad},
};

/// A message in the stream of entries that is none. The subject may be
/// anybody's; nothing in it was believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a journal entry: {why}")]
pub struct Malformed {
    /// In words.
    pub why: String,
}

impl From<BadHeader> for Malformed {
    fn from(header: BadHeader) -> Self {
        Self { why: header.to_string() }
    }
}

/// The headers of `entry`.
pub(crate) fn headers(entry: &Entry, attempt: u32) -> Result<HeaderMap, BusError> {
    let name = entry.name();
    Ok(Writer::default()
        .set(headers::MESSAGE_ID, &format!("{name}:{attempt}"))?
        .set(headers::SPEC_VERSION, headers::CLOUD_EVENTS)?
        .set(headers::ID, &name)?
        .set(headers::SOURCE, &format!("/edges/{}", entry.edge_id))?
        .set(headers::TYPE, &headers::event_type(&entry.kind, entry.schema_version))?
        .set(headers::TIME, &entry.recorded_at.to_string())?
        .set(headers::SEQ, &entry.seq.to_string())?
        .set(headers::PREVIOUS_HASH, &entry.prev_hash.to_string())?
        .set(headers::HASH, &entry.hash.to_string())?
        .set(headers::SCHEMA_VERSION, &entry.schema_version.to_string())?
        .set(headers::CONTENT_TYPE, headers::JSON)?
        .finish())
}

/// Reads an entry back. Its hash is not checked here.
pub(super) fn entry(headers: Option<&HeaderMap>, payload: &[u8]) -> Result<Entry, Malformed> {
    let read = Reader(headers);
    if payload.len() > Entry::MAX_PAYLOAD_BYTES {
        let why = format!("its payload has {} bytes, too many", payload.len());
        return Err(Malformed { why });
    }
    let edge_id = read
        .text(headers::SOURCE)?
        .strip_prefix("/edges/")
        .and_then(|edge| edge.parse().ok())
        .ok_or_else(|| bad(&headers::SOURCE, "does not name an edge"))?;
    let (kind, schema_version) = read.event_type()?;
    if read.parse::<u16>(headers::SCHEMA_VERSION)? != schema_version {
        return Err(bad(&headers::SCHEMA_VERSION, "contradicts ce-type").into());
    }
    let entry = Entry {
        edge_id,
        seq: read.parse(headers::SEQ)?,
        prev_hash: read.parse(headers::PREVIOUS_HASH)?,
        hash: read.parse(headers::HASH)?,
        kind: kind.to_owned(),
        schema_version,
        recorded_at: read.time()?,
        payload: payload.to_vec(),
    };
    if read.text(headers::ID)? != entry.name() {
        return Err(bad(&headers::ID, "contradicts ce-source and ce-seq").into());
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use schemas::{EdgeId, Sha256Hash, Timestamp};

    use super::*;

    const EDGE: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

    fn sample() -> Entry {
        Entry {
            edge_id: EDGE.parse::<EdgeId>().expect("an id"),
            seq: 7,
            prev_hash: Sha256Hash::from_bytes([1; 32]),
            hash: Sha256Hash::from_bytes([2; 32]),
            kind: "sale.finalized".to_owned(),
            schema_version: 1,
            recorded_at: Timestamp::from_unix_micros(1_790_000_000_123_456),
            payload: b"{ \"odd\" :\t\"spacing\\u0041\"}".to_vec(),
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_went() {
        let sent = sample();
        let headers = headers(&sent, 3).expect("has headers");
        assert_eq!(entry(Some(&headers), &sent.payload), Ok(sent));
    }

    #[test]
    fn whatever_is_missing_or_wrong_in_a_header_is_told_and_nothing_panics() {
        let sent = sample();
        let whole = headers(&sent, 0).expect("has headers");
        for name in ["ce-id", "ce-source", "ce-type", "ce-time", "ce-seq", "ce-prevhash", "ce-hash"]
        {
            for value in [None, Some(""), Some("x"), Some("-1"), Some("99999999999999999999999")] {
                let mut damaged = HeaderMap::new();
                for (header, values) in whole.iter() {
                    if header.to_string() != name {
                        values.iter().for_each(|v| damaged.insert(header.clone(), v.clone()));
                    }
                }
                if let Some(value) = value {
                    damaged.insert(name, value);
                }
                let outcome = entry(Some(&damaged), &sent.payload);
                let why = outcome.expect_err("is malformed").why;
                assert!(why.contains("header ce-"), "{name}={value:?}: {why}");
            }
        }
        assert!(entry(None, b"{}").is_err());
        let huge = vec![b' '; Entry::MAX_PAYLOAD_BYTES + 1];
        assert!(entry(Some(&whole), &huge).expect_err("is too large").why.contains("too many"));
    }

    #[test]
    fn a_kind_that_cannot_be_a_header_is_refused_not_sent() {
        let entry = Entry { kind: "a\r\nb".to_owned(), ..sample() };
        assert!(headers(&entry, 0).is_err());
    }
}
