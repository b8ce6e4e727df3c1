//! What can go wrong with the broker, told so that a caller can choose.

use async_nats::jetstream::{
    self, ErrorCode,
    context::{PublishError, PublishErrorKind},
};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failure of the broker, of the line to it, or of what came over it.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The settings cannot work.
    #[error("the NATS settings are wrong: {0}")]
    Settings(String),
    /// The first connection failed.
    #[error("cannot connect to NATS at {url}: {source}")]
    Connect {
        /// Where, without user and password.
        url: String,
        /// Why.
        source: Source,
    },
    /// The server would silently ignore settings that tillstream relies on.
    #[error("nats-server {found} at {url} is too old: tillstream needs 2.12 or newer")]
    ServerTooOld {
        /// The version that it told.
        found: String,
        /// Where, without user and password.
        url: String,
    },
    /// The server runs without JetStream.
    #[error("nats-server at {0} has JetStream off: start it with -js")]
    NoJetStream(String),
    /// There is no line right now. Nothing was sent.
    #[error("there is no line to NATS")]
    Disconnected,
    /// No answer came in time. What was sent may or may not have arrived.
    #[error("no answer in time to {what}{}", told(.complaint))]
    Timeout {
        /// What was asked.
        what: String,
        /// What the server last complained of on this connection, e.g. a
        /// forbidden subject: it says so here and nowhere else.
        complaint: Option<String>,
    },
    /// Nobody listens on that subject.
    #[error("nobody answers {0}")]
    NobodyAnswers(String),
    /// A stream, consumer or bucket is not there (yet, or any more).
    #[error("{0} does not exist on the broker")]
    Missing(String),
    /// The stream is at its limit and takes nothing new.
    #[error("the stream takes nothing more: {0}")]
    Full(String),
    /// The broker keeps a stream otherwise than was asked.
    #[error("stream {stream} has {field} = {found}, but {wanted} was asked")]
    Drift {
        /// The stream.
        stream: String,
        /// The first field that differs.
        field: &'static str,
        /// What was asked.
        wanted: String,
        /// What the broker has.
        found: String,
    },
    /// The other side understood and said no.
    #[error("refused ({code}): {text}")]
    Refused {
        /// A stable code.
        code: String,
        /// In words.
        text: String,
    },
    /// What came, or was to be sent, does not have its form.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// What it should have been.
        what: String,
        /// Why it is not.
        why: String,
    },
    /// Anything else that the broker or its client reports.
    #[error("{what} failed: {source}")]
    Broker {
        /// What was tried.
        what: String,
        /// What was reported.
        source: Source,
    },
}

fn told(complaint: &Option<String>) -> String {
    complaint
        .as_ref()
        .map(|text| format!(" (the server last complained: {text})"))
        .unwrap_or_default()
}

impl BusError {
    /// Whether the same call may succeed later with nothing changed by hand.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Disconnected
            | Self::Timeout { .. }
            | Self::NobodyAnswers(_)
            | Self::Missing(_)
            | Self::Full(_)
            | Self::Broker { .. } => true,
            Self::Settings(_)
            | Self::ServerTooOld { .. }
            | Self::NoJetStream(_)
            | Self::Drift { .. }
            | Self::Refused { .. }
            | Self::Malformed { .. } => false,
        }
    }

    pub(crate) fn broker(what: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::Broker { what: what.into(), source: source.into() }
    }

    pub(crate) fn malformed(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Malformed { what: what.into(), why: why.to_string() }
    }

    pub(crate) fn publish(what: &str, error: PublishError, complaint: Option<String>) -> Self {
        let refused_by_stream = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<jetstream::Error>())
            .is_some_and(|source| source.error_code() == ErrorCode::STREAM_STORE_FAILED);
        match error.kind() {
            _ if refused_by_stream => Self::Full(error.to_string()),
            PublishErrorKind::TimedOut => Self::Timeout { what: what.to_owned(), complaint },
            PublishErrorKind::StreamNotFound => Self::Missing(format!("a stream for {what}")),
            PublishErrorKind::MaxPayloadExceeded => Self::malformed(what, error),
            _ => Self::broker(format!("publishing {what}"), error),
        }
    }
}
