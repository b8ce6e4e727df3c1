//! Takes over what the edge that this one replaces had open, once, before anything else
//! is written here.
//!
//! It needs the line and the store's catalogue. Pages are collected in memory and become
//! one transaction of the journal; whatever breaks off before it begins again.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use schemas::{
    Timestamp,
    requests::{AdoptReplyV1, AdoptRequestV1},
    subjects::CentralRequest,
};

use super::{Edge, board::Part};
use crate::journal::{Adopted, Adoption};

/// How long a page may take.
const PAGE_WITHIN: Duration = Duration::from_secs(10);
/// The pause after the centre could not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const MICROS_PER_DAY: i64 = 86_400_000_000;

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let mut pauses = bus::retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
    if *edge.journal.adoption().borrow() == Adoption::Waiting {
        edge.board.tell_error(Part::Adoption, Some("it has not taken over yet".to_owned()));
        // What people are called, and whether the line is there at all.
        let mut catalogue = edge.journal.catalogue();
        catalogue.wait_for(Option::is_some).await.context("the journal is gone")?;
        let adopted = loop {
            match ask(&edge).await {
                Ok(adopted) => break adopted,
                Err(error) => {
                    let text = format!("it has not taken over yet: {error}");
                    tracing::warn!(%error, "nothing is taken over yet; it is tried again");
                    edge.board.tell_error(Part::Adoption, Some(text));
                    tokio::time::sleep(pauses.next_pause()).await;
                }
            }
        };
        edge.journal.adopt(adopted).await.context("it cannot take over")?;
    }
    edge.board.tell_error(Part::Adoption, None);
    std::future::pending().await
}

/// All that the books have to be taken over.
async fn ask(edge: &Edge) -> Result<Adopted, bus::BusError> {
    let days = i64::from(edge.settings.adopt_days);
    let now = edge.clock.now().unix_micros();
    let since = Timestamp::from_unix_micros(now.saturating_sub(days * MICROS_PER_DAY));
    let subject = edge.central(CentralRequest::Adopt);
    let mut adopted = Adopted::default();
    let mut place = None;
    loop {
        let asked = AdoptRequestV1 { since, place };
        let page: AdoptReplyV1 =
            bus::requests::request(&edge.bus, subject, &asked, PAGE_WITHIN).await?;
        place = page.next;
        adopted.add(page);
        if place.is_none() {
            return Ok(adopted);
        }
    }
}
