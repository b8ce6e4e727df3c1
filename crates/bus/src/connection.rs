//! The connection: made once, kept for as long as the process lives.
//!
//! A lost line comes back by itself; what callers see meanwhile is
//! [`BusError::Disconnected`] at once, never a message that is sent later than
//! it was meant.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, Event, ServerError, ServerInfo,
    connection::State,
    jetstream::{self, context::ContextBuilder},
};
use serde::Deserialize;
use tokio::sync::watch;

use crate::{BusError, retry};

/// How often the line is tried, so that a half-open one is noticed.
const PING_EVERY: Duration = Duration::from_secs(10);
/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The first pause between attempts to connect again.
const FIRST_RECONNECT_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between attempts to connect again.
const LONGEST_RECONNECT_PAUSE: Duration = Duration::from_millis(500);
/// How long a publish may wait for its ack, or a question to JetStream for its answer.
pub(crate) const ACK_TIMEOUT: Duration = Duration::from_secs(5);
/// How many publishes may await their ack at once; the next one waits.
pub(crate) const MAX_ACKS_IN_FLIGHT: usize = 16_384;
/// The oldest server that keeps every stream setting that is asked of it.
const OLDEST_SERVER: (u64, u64) = (2, 12);

/// How to reach the broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `nats://host:port` or `tls://host:port`; several, separated by commas,
    /// for the servers of one cluster.
    pub url: String,
    /// The client's name in the broker's own listings; the service's by default.
    #[serde(default)]
    pub name: Option<String>,
    /// A PEM file with the authorities to trust besides the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A NATS credentials file (JWT and seed).
    #[serde(default)]
    pub creds_file: Option<PathBuf>,
    /// Refuse to speak without TLS. Without it a `nats://` line may be plain text.
    #[serde(default)]
    pub require_tls: bool,
}

impl Settings {
    /// Just an address: a broker on this machine, or in a test.
    pub fn plain(url: impl Into<String>) -> Self {
        Self { url: url.into(), name: None, ca_file: None, creds_file: None, require_tls: false }
    }
}

/// Whether there is a line to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// There is.
    Connected,
    /// There is none; it is being tried.
    Disconnected,
}

/// A connection to the broker. Clones share it.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    client: Client,
    jetstream: jetstream::Context,
    line: Arc<Line>,
}

/// What the connection's events told.
struct Line {
    connection: watch::Sender<Connection>,
    /// Grows with each connection that was made.
    made: watch::Sender<u64>,
    complaint: Mutex<Option<String>>,
    url: String,
}

impl Bus {
    /// Connects, and checks that the server is new enough and has JetStream.
    /// `client` names the service.
    ///
    /// # Errors
    /// If there is no line now, or the server is not fit.
    pub async fn connect(settings: &Settings, client: &str) -> Result<Self, BusError> {
        let (options, line) = options(settings, client).await?;
        let bus = Self::with(options, line, settings).await?;
        fitness(&bus.0.client.server_info(), &bus.0.line.url)?;
        Ok(bus)
    }

    /// Gives a connection that is made as soon as there is a line: for edges,
    /// which start and sell without one. A server that is not fit is logged.
    ///
    /// # Errors
    /// If the settings cannot work.
    pub async fn connect_lazily(settings: &Settings, client: &str) -> Result<Self, BusError> {
        let (options, line) = options(settings, client).await?;
        let bus = Self::with(options.retry_on_initial_connect(), line, settings).await?;
        tokio::spawn(check_when_connected(bus.clone()));
        Ok(bus)
    }

    async fn with(
        options: ConnectOptions,
        line: Arc<Line>,
        settings: &Settings,
    ) -> Result<Self, BusError> {
        let servers: Vec<&str> = settings.url.split(',').map(str::trim).collect();
        let client = options
            .connect(servers)
            .await
            .map_err(|error| BusError::Connect { url: line.url.clone(), source: error.into() })?;
        let jetstream = ContextBuilder::new()
            .timeout(ACK_TIMEOUT)
            .ack_timeout(ACK_TIMEOUT)
            .max_ack_inflight(MAX_ACKS_IN_FLIGHT)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(Self(Arc::new(Inner { client, jetstream, line })))
    }

    /// Follows whether there is a line.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.0.line.connection.subscribe()
    }

    /// Whether there is a line now.
    pub fn is_connected(&self) -> bool {
        self.0.client.connection_state() == State::Connected
    }

    /// What the server last complained of on this connection. A forbidden
    /// subject shows here only: its publisher sees nothing but a timeout.
    pub fn last_complaint(&self) -> Option<String> {
        self.0.line.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The broker's address, without user and password.
    pub fn url(&self) -> &str {
        &self.0.line.url
    }

    /// Drops the line and makes a new one: for a line that looks alive and
    /// carries nothing.
    ///
    /// # Errors
    /// If the connection was closed for good.
    pub async fn reconnect(&self) -> Result<(), BusError> {
        let outcome = self.0.client.force_reconnect().await;
        outcome.map_err(|error| BusError::broker("reconnecting", error))
    }

    /// Waits until everything handed over so far was written to the line.
    ///
    /// # Errors
    /// If there is no line, or it does not take it in time.
    pub async fn flush(&self) -> Result<(), BusError> {
        self.needs_line()?;
        match tokio::time::timeout(ACK_TIMEOUT, self.0.client.flush()).await {
            Ok(outcome) => outcome.map_err(|error| BusError::broker("flushing", error)),
            Err(_) => Err(self.timeout("flush")),
        }
    }

    /// Asks the broker for a round trip: the whole way there and back works.
    ///
    /// # Errors
    /// If it does not, or JetStream does not answer.
    pub async fn check(&self) -> Result<(), BusError> {
        self.needs_line()?;
        let account = self.0.jetstream.query_account().await;
        account.map(drop).map_err(|error| BusError::broker("asking JetStream how it is", error))
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn jetstream(&self) -> &jetstream::Context {
        &self.0.jetstream
    }

    pub(crate) fn connections_made(&self) -> watch::Receiver<u64> {
        self.0.line.made.subscribe()
    }

    pub(crate) fn needs_line(&self) -> Result<(), BusError> {
        if self.is_connected() { Ok(()) } else { Err(BusError::Disconnected) }
    }

    pub(crate) fn timeout(&self, what: &str) -> BusError {
        BusError::Timeout { what: what.to_owned(), complaint: self.last_complaint() }
    }
}

async fn options(
    settings: &Settings,
    client: &str,
) -> Result<(ConnectOptions, Arc<Line>), BusError> {
    let line = Arc::new(Line {
        connection: watch::Sender::new(Connection::Disconnected),
        made: watch::Sender::new(0),
        complaint: Mutex::new(None),
        url: without_secrets(&settings.url),
    });
    let told = Arc::clone(&line);
    let mut options = ConnectOptions::new()
        .name(settings.name.as_deref().unwrap_or(client))
        .require_tls(settings.require_tls)
        .ping_interval(PING_EVERY)
        .connection_timeout(CONNECT_TIMEOUT)
        .request_timeout(Some(ACK_TIMEOUT))
        .reconnect_delay_callback(reconnect_pause)
        .event_callback(move |event| {
            told.hear(&event);
            std::future::ready(())
        });
    if let Some(file) = &settings.ca_file {
        if !file.is_file() {
            return Err(BusError::Settings(format!("ca_file {} is no file", file.display())));
        }
        options = options.add_root_certificates(file.clone());
    }
    if let Some(file) = &settings.creds_file {
        options = options.credentials_file(file).await.map_err(|error| {
            BusError::Settings(format!("creds_file {}: {error}", file.display()))
        })?;
    }
    Ok((options, line))
}

impl Line {
    fn hear(&self, event: &Event) {
        match event {
            Event::Connected => {
                tracing::info!(url = %self.url, "connected to NATS");
                self.connection.send_replace(Connection::Connected);
                self.made.send_modify(|made| *made += 1);
            }
            Event::Disconnected | Event::Closed => {
                tracing::warn!(url = %self.url, "no line to NATS");
                self.connection.send_replace(Connection::Disconnected);
            }
            Event::ServerError(ServerError::Other(text)) => self.complain(text.clone()),
            Event::ServerError(error) => self.complain(error.to_string()),
            Event::ClientError(error) => self.complain(error.to_string()),
            Event::SlowConsumer(_) => self.complain(event.to_string()),
            Event::LameDuckMode | Event::Draining => {}
        }
    }

    fn complain(&self, text: String) {
        tracing::warn!(url = %self.url, complaint = text, "NATS complains");
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

async fn check_when_connected(bus: Bus) {
    let mut made = bus.connections_made();
    // The sender lives in `bus`, so this waits for the first connection only.
    if made.wait_for(|made| *made > 0).await.is_ok()
        && let Err(error) = fitness(&bus.0.client.server_info(), bus.url())
    {
        tracing::error!(%error, "the broker is not fit");
    }
}

fn reconnect_pause(attempt: usize) -> Duration {
    /// From here on the pause is the longest anyway.
    const GROWS_FOR: usize = 16;
    let mut pauses = retry::pauses(FIRST_RECONNECT_PAUSE, LONGEST_RECONNECT_PAUSE);
    let mut pause = pauses.next_pause();
    for _ in 1..attempt.min(GROWS_FOR) {
        pause = pauses.next_pause();
    }
    pause
}

fn fitness(server: &ServerInfo, url: &str) -> Result<(), BusError> {
    if !is_new_enough(&server.version) {
        let (found, url) = (server.version.clone(), url.to_owned());
        return Err(BusError::ServerTooOld { found, url });
    }
    if !server.jetstream {
        return Err(BusError::NoJetStream(url.to_owned()));
    }
    Ok(())
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(|part| part.parse::<u64>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST_SERVER,
        _ => false,
    }
}

/// The address without what stands before an `@`.
fn without_secrets(url: &str) -> String {
    let shown = url.split(',').map(|one| {
        let one = one.trim();
        match (one.split_once("://"), one.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            (None, Some((_, host))) => host.to_owned(),
            (_, None) => one.to_owned(),
        }
    });
    shown.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for fit in ["2.12.0", "2.15.1", "2.100.3", "3.0.0-beta.1"] {
            assert!(is_new_enough(fit), "{fit}");
        }
        for unfit in ["2.9.10", "2.11.9", "1.99.0", "", "x.y"] {
            assert!(!is_new_enough(unfit), "{unfit}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_secrets("nats://me:pw@host:4222"), "nats://host:4222");
        assert_eq!(without_secrets("me:pw@host, tls://other:1"), "host,tls://other:1");
    }

    #[test]
    fn pauses_between_connections_grow_to_a_bound() {
        assert!(reconnect_pause(1) <= FIRST_RECONNECT_PAUSE * 2);
        assert!(reconnect_pause(1_000_000) <= LONGEST_RECONNECT_PAUSE * 3 / 2);
    }
}
