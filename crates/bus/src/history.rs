//! What a stream holds of a subject at this moment, from the oldest message on: read
//! once, page by page, for those who mend what others lost. What is published
//! meanwhile may or may not come.

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
};
use futures::StreamExt as _;

use crate::{Bus, BusError, topology};

/// Messages in one page.
const PAGE: usize = 500;
/// How long a page may take to come.
const PAGE_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);
/// The broker forgets the reader that was silent for so long.
const FORGET_AFTER: std::time::Duration = std::time::Duration::from_secs(60);

/// A subject's messages, oldest first.
pub(crate) struct History {
    /// `None`: there is nothing (more).
    consumer: Option<PullConsumer>,
    what: String,
}

impl History {
    /// Begins to read; a stream that does not exist holds nothing.
    pub(crate) async fn of(bus: &Bus, stream: &str, filter: &str) -> Result<Self, BusError> {
        bus.needs_line()?;
        let what = format!("reading {filter} of {stream}");
        if topology::stream_info(bus, stream).await?.is_none()
            || topology::count(bus, stream, filter).await? == 0
        {
            return Ok(Self { consumer: None, what });
        }
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            filter_subject: filter.to_owned(),
            inactive_threshold: FORGET_AFTER,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = bus.jetstream().create_consumer_on_stream(config, stream).await;
        let consumer = consumer.map_err(|error| BusError::broker(what.clone(), error))?;
        Ok(Self { consumer: Some(consumer), what })
    }

    /// The next page; empty at the end.
    pub(crate) async fn next_page(&mut self) -> Result<Vec<jetstream::Message>, BusError> {
        let Some(consumer) = &self.consumer else { return Ok(Vec::new()) };
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            BusError::broker(self.what.clone(), source)
        };
        let mut messages = consumer
            .batch()
            .max_messages(PAGE)
            .expires(PAGE_WITHIN)
            .messages()
            .await
            .map_err(|error| failed(error.into()))?;
        let mut page = Vec::new();
        let mut pending = 1;
        while let Some(message) = messages.next().await {
            let message = message.map_err(failed)?;
            pending = message.info().map_err(failed)?.pending;
            page.push(message);
            if pending == 0 {
                break;
            }
        }
        if page.is_empty() && pending > 0 {
            return Err(BusError::Timeout { what: self.what.clone(), complaint: None });
        }
        if pending == 0 {
            self.consumer = None;
        }
        Ok(page)
    }
}
