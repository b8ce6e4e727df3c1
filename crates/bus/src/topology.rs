//! The streams and buckets: made if missing, compared with what was asked,
//! and trimmed before they are full.
//!
//! A server that does not know a setting ignores it without a word, so every
//! stream is read back and compared field by field.

use std::time::Duration;

use async_nats::jetstream::{
    ErrorCode,
    context::GetStreamErrorKind,
    stream::{Compression, Config, DiscardPolicy, Info, RetentionPolicy, StorageType},
};
use futures::StreamExt;
use schemas::subjects::{
    BOOKS_ALL, BOOKS_STREAM, CATALOGUE_BUCKET, POS_ALL, POS_STREAM, REGISTER_BUCKET,
};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::{Bus, BusError, entries, retry, values};

/// A message with the same id within this time is taken for the same message.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// The largest message of a stream, in bytes: an entry's payload and headers.
const MAX_MESSAGE_BYTES: i32 = 512 * 1024;
/// The largest value of a bucket, in bytes; below NATS's own limit of 1 MiB.
const MAX_VALUE_BYTES: i32 = 1_000_000;
/// The most that the catalogues of all branches may take, in bytes.
const CATALOGUE_MAX_BYTES: i64 = 4 * 1024 * 1024 * 1024;
/// The most that the register's marks may take, in bytes.
const REGISTER_MAX_BYTES: i64 = 64 * 1024 * 1024;
/// A stream is trimmed when it is fuller than this, in per cent of its limit …
const TRIM_ABOVE_PERCENT: u64 = 70;
/// … and, where nobody has to ack first, down to this.
const TRIM_TO_PERCENT: u64 = 50;
/// How often [`keep`] looks.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// How large the streams may become, and over how many shards entries spread.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopologySettings {
    /// Shards of `POS`; fixed once branches are enrolled.
    pub shards: u16,
    /// The most that `POS` may take on the broker's disk, in bytes.
    pub pos_max_bytes: u64,
    /// The most that `BOOKS` may take on the broker's disk, in bytes.
    pub books_max_bytes: u64,
    /// How long either keeps a message, in days.
    pub max_age_days: u32,
    /// Copies of each stream: 1 on a single server, 3 on a cluster.
    pub replicas: u8,
}

impl Default for TopologySettings {
    fn default() -> Self {
        const GIBIBYTE: u64 = 1024 * 1024 * 1024;
        Self {
            shards: schemas::subjects::DEFAULT_SHARDS,
            pos_max_bytes: 4 * GIBIBYTE,
            books_max_bytes: 4 * GIBIBYTE,
            max_age_days: 30,
            replicas: 1,
        }
    }
}

/// Makes every stream and bucket be as asked: creates what is missing, updates
/// what differs (with a warning: somebody changed it), and compares again.
///
/// # Errors
/// [`BusError::Drift`] if the broker keeps something otherwise even so;
/// [`BusError::Settings`] if a limit cannot be one.
pub async fn ensure(bus: &Bus, settings: &TopologySettings) -> Result<(), BusError> {
    bus.needs_line()?;
    for wanted in wanted(settings)? {
        match stream_info(bus, &wanted.name).await? {
            None => create(bus, &wanted).await?,
            Some(found) => {
                if let Err(drift) = compare(&wanted, &found.config) {
                    tracing::warn!(%drift, "setting it as asked");
                    let updated = bus.jetstream().update_stream(&wanted).await;
                    updated.map_err(|error| {
                        BusError::broker(format!("updating stream {}", wanted.name), error)
                    })?;
                }
            }
        }
    }
    check(bus, settings).await
}

/// Compares every stream and bucket with what was asked, and changes nothing.
///
/// # Errors
/// [`BusError::Drift`] names the first field that differs,
/// [`BusError::Missing`] what is not there.
pub async fn check(bus: &Bus, settings: &TopologySettings) -> Result<(), BusError> {
    bus.needs_line()?;
    for wanted in wanted(settings)? {
        match stream_info(bus, &wanted.name).await? {
            Some(found) => compare(&wanted, &found.config)?,
            None => return Err(BusError::Missing(format!("stream {}", wanted.name))),
        }
    }
    Ok(())
}

/// How many messages [`trim`] took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trimmed {
    /// Entries, all of them acked: they are in the books.
    pub pos: u64,
    /// Facts, the oldest: they can be fetched from the books.
    pub books: u64,
}

/// Takes from a stream that is more than 70 % full what is kept elsewhere. With
/// its limits alone a full stream would take nothing new until its oldest
/// message is `max_age_days` old.
///
/// # Errors
/// If the broker does not answer, or a stream does not exist.
pub async fn trim(bus: &Bus, settings: &TopologySettings) -> Result<Trimmed, BusError> {
    bus.needs_line()?;
    let mut trimmed = Trimmed::default();
    let pos = must(bus, POS_STREAM).await?;
    if is_filling(&pos) {
        // The first entry that some shard has not acked stays, and all after it.
        // One that slips through is sent again by its edge.
        let mut settled = pos.state.last_sequence;
        for shard in 0..settings.shards {
            settled = settled.min(entries::settled_up_to(bus, shard).await?);
        }
        trimmed.pos = purge_up_to(bus, &pos, settled).await?;
    }
    let books = must(bus, BOOKS_STREAM).await?;
    if is_filling(&books) {
        trimmed.books = purge_up_to(bus, &books, oldest_to_go(&books)).await?;
    }
    if trimmed != Trimmed::default() {
        tracing::info!(pos = trimmed.pos, books = trimmed.books, "trimmed streams");
    }
    Ok(trimmed)
}

/// Makes streams that vanish (a wiped broker) again within about a second, and
/// trims those that fill, until `shutdown`. Any number of processes may do so.
pub async fn keep(bus: &Bus, settings: &TopologySettings, shutdown: &CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(KEEP_EVERY) => {}
        }
        let outcome = tokio::select! {
            () = shutdown.cancelled() => return,
            outcome = restore_and_trim(bus, settings) => outcome,
        };
        match outcome {
            Ok(()) | Err(BusError::Disconnected) => {}
            Err(error) => tracing::warn!(%error, "cannot look after the streams"),
        }
    }
}

/// Waits until the streams are as asked, trying until `shutdown`. False means
/// shutdown.
///
/// # Errors
/// What waiting cannot mend: [`BusError::Drift`], [`BusError::Settings`].
pub async fn ensure_patiently(
    bus: &Bus,
    settings: &TopologySettings,
    shutdown: &CancellationToken,
) -> Result<bool, BusError> {
    let mut pauses = retry::pauses(retry::FIRST_PAUSE, retry::LONGEST_PAUSE);
    loop {
        match ensure(bus, settings).await {
            Ok(()) => return Ok(true),
            Err(error) if !error.is_transient() => return Err(error),
            Err(error) => tracing::warn!(%error, "cannot set up the streams yet"),
        }
        if !pauses.wait_unless(shutdown).await {
            return Ok(false);
        }
    }
}

/// Deletes a stream with all that is in it, as a fault does: for torture. Whoever
/// runs [`keep`] makes it again.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn delete(bus: &Bus, stream: &str) -> Result<(), BusError> {
    bus.needs_line()?;
    let deleted = bus.jetstream().delete_stream(stream).await;
    deleted.map(drop).map_err(|error| BusError::broker(format!("deleting stream {stream}"), error))
}

/// Has a stream forget its newest messages, `count` at most, as a broker does that
/// was killed before they were on its disk: for torture. Says how many it were.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn forget_newest(bus: &Bus, stream: &str, count: u64) -> Result<u64, BusError> {
    let failed = |error| BusError::broker(format!("opening stream {stream}"), error);
    let handle = bus.jetstream().get_stream(stream).await.map_err(failed)?;
    let state = &handle.cached_info().state;
    let (first, last) = (state.first_sequence.max(1), state.last_sequence);
    let mut forgotten = 0;
    for place in (first..=last).rev().take(usize::try_from(count).unwrap_or(usize::MAX)) {
        let deleted = handle.delete_message(place).await;
        let failed = |error| BusError::broker(format!("deleting a message of {stream}"), error);
        forgotten += u64::from(deleted.map_err(failed)?);
    }
    Ok(forgotten)
}

async fn restore_and_trim(bus: &Bus, settings: &TopologySettings) -> Result<(), BusError> {
    for wanted in wanted(settings)? {
        if stream_info(bus, &wanted.name).await?.is_none() {
            tracing::warn!(stream = wanted.name, "a stream is gone; making it again");
            create(bus, &wanted).await?;
        }
    }
    trim(bus, settings).await.map(drop)
}

fn wanted(settings: &TopologySettings) -> Result<[Config; 4], BusError> {
    let bytes = |name: &str, bytes: u64| {
        i64::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes > i64::from(MAX_MESSAGE_BYTES))
            .ok_or_else(|| BusError::Settings(format!("{name} = {bytes} is no limit of a stream")))
    };
    if settings.shards == 0 || settings.max_age_days == 0 || settings.replicas == 0 {
        let text = "shards, max_age_days and replicas must be at least 1";
        return Err(BusError::Settings(text.to_owned()));
    }
    let stream = |name: &str, subject: &str, max_bytes| Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        max_bytes,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        max_age: Duration::from_secs(u64::from(settings.max_age_days) * 86_400),
        max_message_size: MAX_MESSAGE_BYTES,
        duplicate_window: DUPLICATE_WINDOW,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: usize::from(settings.replicas),
        compression: Some(Compression::S2),
        allow_direct: true,
        ..Config::default()
    };
    let bucket = |name: &str, max_bytes| Config {
        max_messages_per_subject: 1,
        max_age: Duration::ZERO,
        max_message_size: MAX_VALUE_BYTES,
        allow_rollup: true,
        deny_delete: true,
        ..stream(&values::stream_of(name), &values::subject(name, ">"), max_bytes)
    };
    Ok([
        stream(POS_STREAM, POS_ALL, bytes("pos_max_bytes", settings.pos_max_bytes)?),
        stream(BOOKS_STREAM, BOOKS_ALL, bytes("books_max_bytes", settings.books_max_bytes)?),
        bucket(CATALOGUE_BUCKET, CATALOGUE_MAX_BYTES),
        bucket(REGISTER_BUCKET, REGISTER_MAX_BYTES),
    ])
}

/// Compares what matters to us; what a newer server adds does not.
fn compare(wanted: &Config, found: &Config) -> Result<(), BusError> {
    fn same<T: PartialEq + std::fmt::Debug>(
        stream: &str,
        field: &'static str,
        wanted: &T,
        found: &T,
    ) -> Result<(), BusError> {
        if wanted == found {
            return Ok(());
        }
        let (wanted, found) = (format!("{wanted:?}"), format!("{found:?}"));
        Err(BusError::Drift { stream: stream.to_owned(), field, wanted, found })
    }
    let name = wanted.name.as_str();
    same(name, "subjects", &wanted.subjects, &found.subjects)?;
    same(name, "retention", &wanted.retention, &found.retention)?;
    same(name, "storage", &wanted.storage, &found.storage)?;
    same(name, "max_bytes", &wanted.max_bytes, &found.max_bytes)?;
    same(name, "max_msgs", &wanted.max_messages, &found.max_messages)?;
    same(name, "max_age", &wanted.max_age, &found.max_age)?;
    same(name, "max_msg_size", &wanted.max_message_size, &found.max_message_size)?;
    same(
        name,
        "max_msgs_per_subject",
        &wanted.max_messages_per_subject,
        &found.max_messages_per_subject,
    )?;
    same(name, "discard", &wanted.discard, &found.discard)?;
    same(name, "duplicate_window", &wanted.duplicate_window, &found.duplicate_window)?;
    same(name, "num_replicas", &wanted.num_replicas, &found.num_replicas)?;
    same(name, "compression", &wanted.compression, &found.compression)?;
    same(name, "allow_direct", &wanted.allow_direct, &found.allow_direct)?;
    same(name, "allow_rollup_hdrs", &wanted.allow_rollup, &found.allow_rollup)?;
    same(name, "deny_delete", &wanted.deny_delete, &found.deny_delete)?;
    same(name, "sealed", &wanted.sealed, &found.sealed)?;
    same(name, "no_ack", &wanted.no_ack, &found.no_ack)
}

async fn create(bus: &Bus, wanted: &Config) -> Result<(), BusError> {
    let created = bus.jetstream().create_stream(wanted).await;
    created
        .map(drop)
        .map_err(|error| BusError::broker(format!("creating stream {}", wanted.name), error))
}

/// What the broker knows of a stream; `None` if it does not exist.
pub(crate) async fn stream_info(bus: &Bus, name: &str) -> Result<Option<Info>, BusError> {
    match bus.jetstream().get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().clone())),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(BusError::broker(format!("looking at stream {name}"), error)),
        },
    }
}

/// The place of the newest message of a stream; 0 if it never had one.
pub(crate) async fn last_sequence(bus: &Bus, stream: &str) -> Result<u64, BusError> {
    Ok(must(bus, stream).await?.state.last_sequence)
}

/// How many messages of `stream` match `filter`.
pub(crate) async fn count(bus: &Bus, stream: &str, filter: &str) -> Result<u64, BusError> {
    let failed = |error| BusError::broker(format!("counting {filter}"), error);
    let handle = bus.jetstream().get_stream_no_info(stream).await;
    let handle = handle.map_err(|error| BusError::broker(format!("counting {filter}"), error))?;
    let mut subjects = handle.info_with_subjects(filter).await.map_err(failed)?;
    let mut messages = 0;
    while let Some(subject) = subjects.next().await {
        let (_, count) = subject.map_err(failed)?;
        messages += count as u64;
    }
    Ok(messages)
}

async fn must(bus: &Bus, stream: &str) -> Result<Info, BusError> {
    let info = stream_info(bus, stream).await?;
    info.ok_or_else(|| BusError::Missing(format!("stream {stream}")))
}

fn is_filling(info: &Info) -> bool {
    let limit = u64::try_from(info.config.max_bytes).unwrap_or(u64::MAX);
    info.state.bytes > limit / 100 * TRIM_ABOVE_PERCENT
}

/// The place up to which a stream's oldest messages go, so that about
/// [`TRIM_TO_PERCENT`] of its limit is left, as if all were equally large.
fn oldest_to_go(info: &Info) -> u64 {
    let limit = u64::try_from(info.config.max_bytes).unwrap_or(u64::MAX);
    let surplus = info.state.bytes.saturating_sub(limit / 100 * TRIM_TO_PERCENT);
    let each = (info.state.bytes / info.state.messages.max(1)).max(1);
    (info.state.first_sequence + surplus / each).min(info.state.last_sequence)
}

async fn purge_up_to(bus: &Bus, info: &Info, last: u64) -> Result<u64, BusError> {
    if last < info.state.first_sequence {
        return Ok(0);
    }
    let name = &info.config.name;
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        BusError::broker(format!("trimming stream {name}"), error)
    };
    let stream = bus.jetstream().get_stream_no_info(name).await.map_err(|e| failed(e.into()))?;
    let next = last.saturating_add(1).min(info.state.last_sequence + 1);
    let purged = stream.purge().sequence(next).await.map_err(|e| failed(e.into()))?;
    Ok(purged.purged)
}
