//! Subjects that are not ours: where an operator feeds a new consumer. What goes there
//! is an entry or a fact as it always travels, with the same id and headers.

use bytes::Bytes;
use schemas::Entry;

use crate::{
    Bus, BusError, PendingAck,
    entries::wire as entry_wire,
    facts::{FactMessage, wire as fact_wire},
    publishing,
};

/// The first words of the subjects that tillstream itself listens to or fills.
const OURS: [&str; 6] = ["pos", "books", "central", "edge", "wake", "door"];
/// The longest subject, in bytes.
const MAX_BYTES: usize = 256;

/// A subject of somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignSubject(String);

impl ForeignSubject {
    /// Takes `text` if it can be published to and is nothing of ours.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(format!("a subject has 1 to {MAX_BYTES} characters"));
        }
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"*>".contains(&byte))
        };
        if !text.split('.').all(is_word) {
            return Err(format!(
                "{text:?} is no subject to publish to: words of visible ASCII without * and >, \
                 joined by dots"
            ));
        }
        let first = text.split('.').next().unwrap_or_default();
        if first.starts_with(['$', '_']) || OURS.iter().any(|own| own.eq_ignore_ascii_case(first)) {
            return Err(format!(
                "{text:?} is tillstream's own: what is published there would be taken for an \
                 entry, a fact or a notice. Choose a subject that begins otherwise, like \
                 \"feeds.{text}\""
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Sends an entry as an edge first sent it.
///
/// # Errors
/// [`BusError::Missing`] (with the ack) if no stream takes the subject; others if there
/// is no line.
pub async fn publish_entry(
    bus: &Bus,
    to: &ForeignSubject,
    entry: &Entry,
) -> Result<PendingAck, BusError> {
    let headers = entry_wire::headers(entry, 0)?;
    publishing::publish(bus, to.0.clone(), headers, Bytes::copy_from_slice(&entry.payload)).await
}

/// Sends a fact as the relay first sent it.
///
/// # Errors
/// As of [`publish_entry`].
pub async fn publish_fact(
    bus: &Bus,
    to: &ForeignSubject,
    fact: &FactMessage,
) -> Result<PendingAck, BusError> {
    let headers = fact_wire::headers(fact, None)?;
    publishing::publish(bus, to.0.clone(), headers, fact.body.clone()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_or_no_subject_is_refused() {
        for ours in [
            "pos.1.x",
            "books.a.b.c",
            "POS.x",
            "wake.relay",
            "edge.e.confirmed",
            "door.settled",
            "central.a.b.c.heartbeat",
            "$KV.catalogue.x",
            "$JS.API.x",
            "_INBOX.x",
            "pos",
        ] {
            assert!(ForeignSubject::parse(ours).is_err_and(|why| why.contains("own")), "{ours}");
        }
        for none in ["", ".", "a..b", "a.", "feeds.*", "feeds.>", "feeds x", "feeds.é", "a\r\nb"] {
            assert!(ForeignSubject::parse(none).is_err(), "{none:?}");
        }
        assert!(ForeignSubject::parse(&"x".repeat(257)).is_err());
        for fine in ["feeds", "feeds.bi.1", "position.x", "feeds.pos.x"] {
            assert_eq!(
                ForeignSubject::parse(fine).map(|s| s.as_str().to_owned()),
                Ok(fine.to_owned())
            );
        }
    }
}
