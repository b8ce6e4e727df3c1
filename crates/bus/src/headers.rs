//! Message headers: CloudEvents 1.0 in the NATS binding's binary mode
//! (attributes as `ce-*`), plus what identifies a message to the stream.

use std::str::FromStr;

use async_nats::{HeaderMap, HeaderName, header::HeaderValue};
use schemas::Timestamp;

use crate::BusError;

pub(crate) const MESSAGE_ID: HeaderName = HeaderName::from_static("Nats-Msg-Id");
pub(crate) const SPEC_VERSION: HeaderName = HeaderName::from_static("ce-specversion");
pub(crate) const ID: HeaderName = HeaderName::from_static("ce-id");
pub(crate) const SOURCE: HeaderName = HeaderName::from_static("ce-source");
pub(crate) const TYPE: HeaderName = HeaderName::from_static("ce-type");
pub(crate) const TIME: HeaderName = HeaderName::from_static("ce-time");
pub(crate) const SEQ: HeaderName = HeaderName::from_static("ce-seq");
pub(crate) const PREVIOUS_HASH: HeaderName = HeaderName::from_static("ce-prevhash");
pub(crate) const HASH: HeaderName = HeaderName::from_static("ce-hash");
pub(crate) const SCHEMA_VERSION: HeaderName = HeaderName::from_static("ce-schemaversion");
pub(crate) const FACT_SEQ: HeaderName = HeaderName::from_static("ce-factseq");
pub(crate) const CONTENT_TYPE: HeaderName = HeaderName::from_static("content-type");
pub(crate) const ERROR: HeaderName = HeaderName::from_static("ts-error");

/// The CloudEvents version that is spoken.
pub(crate) const CLOUD_EVENTS: &str = "1.0";
/// Every body is JSON.
pub(crate) const JSON: &str = "application/json";

/// What a header of a message says is not what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("header {header} {why}")]
pub(crate) struct BadHeader {
    header: String,
    why: String,
}

/// Collects headers; refuses what cannot be one instead of panicking.
#[derive(Default)]
pub(crate) struct Writer(HeaderMap);

impl Writer {
    pub(crate) fn set(mut self, name: HeaderName, value: &str) -> Result<Self, BusError> {
        let text = HeaderValue::from_str(value)
            .map_err(|error| BusError::malformed(format!("header {name}"), error))?;
        self.0.insert(name, text);
        Ok(self)
    }

    pub(crate) fn finish(self) -> HeaderMap {
        self.0
    }
}

/// `tillstream.<kind>.v<version>`.
pub(crate) fn event_type(kind: &str, version: u16) -> String {
    format!("tillstream.{kind}.v{version}")
}

/// Reads headers of a message from anybody.
pub(crate) struct Reader<'a>(pub(crate) Option<&'a HeaderMap>);

impl<'a> Reader<'a> {
    pub(crate) fn text(&self, name: HeaderName) -> Result<&'a str, BadHeader> {
        let value = self.0.and_then(|headers| headers.get(name.clone()));
        value.map(|value| value.as_str()).ok_or_else(|| bad(&name, "is missing"))
    }

    pub(crate) fn parse<T: FromStr>(&self, name: HeaderName) -> Result<T, BadHeader> {
        let text = self.text(name.clone())?;
        text.parse().map_err(|_| bad(&name, "does not have its form"))
    }

    pub(crate) fn time(&self) -> Result<Timestamp, BadHeader> {
        Timestamp::parse(self.text(TIME)?).map_err(|_| bad(&TIME, "is no time"))
    }

    /// The kind and version in `ce-type`.
    pub(crate) fn event_type(&self) -> Result<(&'a str, u16), BadHeader> {
        self.text(TYPE)?
            .strip_prefix("tillstream.")
            .and_then(|rest| rest.rsplit_once(".v"))
            .and_then(|(kind, version)| Some((kind, version.parse().ok()?)))
            .filter(|(kind, _)| !kind.is_empty())
            .ok_or_else(|| bad(&TYPE, "does not name a kind and version"))
    }
}

pub(crate) fn bad(name: &HeaderName, why: &str) -> BadHeader {
    BadHeader { header: name.to_string(), why: why.to_owned() }
}
