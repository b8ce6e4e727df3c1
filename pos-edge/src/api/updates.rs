//! The stream of updates, as server-sent events.
//!
//! Each event's id is the place after it. A watcher that comes back with
//! `Last-Event-ID` first gets what it missed from the journal, up to a bound;
//! one that is too slow for the live updates reads them from there as well.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response, Sse, sse},
};
use futures::stream;
use schemas::edge_api::{Problem as ProblemBody, Update};
use tokio::sync::{OwnedSemaphorePermit, broadcast};

use super::{
    Api,
    problem::{Code, Problem},
};
use crate::journal::{JournalError, Place, PlacedUpdate};

/// Updates that are read from the journal at once.
const REPLAY_STEP: usize = 200;
/// How far back a watcher may begin, in entries and in numbers.
const REPLAY_MOST: u64 = 10_000;
/// A sign of life when nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Watch what happens
///
/// Server-sent events, named as the `event` of an [`Update`]; the first one is
/// `sync_changed` and says how this store stands now. Send `Last-Event-ID` to get
/// what was missed (at most the last 10,000).
#[utoipa::path(
    get, path = "/v1/updates", tag = "sync",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen")),
    responses(
        (status = 200, description = "Events; the data of each is an `Update`", body = Update, content_type = "text/event-stream"),
        (status = 503, description = "too_busy", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn watch(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    let Ok(permit) = std::sync::Arc::clone(&api.watchers).try_acquire_owned() else {
        return Err(Problem::new(Code::TooBusy, "too many are watching this store already"));
    };
    // What happens from here on is live; what happened before is in the journal.
    let live = api.journal.updates();
    let now = Place {
        journal_seq: api.journal.head().borrow().seq,
        mapping_seq: api.journal.mapping_seq(),
    };
    let seen = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse::<Place>().ok());
    let from = seen.map_or(now, |seen| Place {
        journal_seq: bounded(seen.journal_seq, now.journal_seq),
        mapping_seq: bounded(seen.mapping_seq, now.mapping_seq),
    });
    let status = api.standing.read().await?;
    let update = Update::SyncChanged { status: Box::new(status) };
    let first = PlacedUpdate { place: from, update };
    let watcher = Watcher {
        _permit: permit,
        ready: VecDeque::from([first]),
        behind: from != now,
        place: from,
        live,
        api: api.clone(),
    };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Ok(Sse::new(events).keep_alive(sse::KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// A place no further back than the bound and no further on than now.
fn bounded(seen: u64, now: u64) -> u64 {
    seen.clamp(now.saturating_sub(REPLAY_MOST), now)
}

struct Watcher {
    _permit: OwnedSemaphorePermit,
    ready: VecDeque<PlacedUpdate>,
    /// Whether the journal holds updates that were not told.
    behind: bool,
    place: Place,
    live: broadcast::Receiver<PlacedUpdate>,
    api: Api,
}

impl Watcher {
    /// The next event; `None` when the daemon stops.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                self.place = self.place.max(update.place);
                return Some(event(&update, self.place));
            }
            if self.behind {
                let updates = self.api.journal.updates_after(self.place, REPLAY_STEP).await;
                match updates {
                    Ok(updates) => {
                        self.behind = !updates.is_empty();
                        self.ready.extend(updates);
                    }
                    Err(JournalError::Closed) => return None,
                    Err(error) => {
                        tracing::warn!(%error, "a watcher misses what was before");
                        return None;
                    }
                }
                continue;
            }
            let shutdown = self.api.shutdown.clone();
            match shutdown.run_until_cancelled(self.live.recv()).await? {
                Ok(update) if self.is_new(&update) => self.ready.push_back(update),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Whether it was not already read from the journal.
    fn is_new(&self, update: &PlacedUpdate) -> bool {
        match update.update {
            Update::InvoiceAssigned { .. } => update.place.mapping_seq > self.place.mapping_seq,
            Update::SyncChanged { .. } => true,
            // What entries tell, one update each.
            Update::SaleCaptured { .. }
            | Update::SessionOpened { .. }
            | Update::CashMoved { .. }
            | Update::SessionClosed { .. }
            | Update::OrderAccepted { .. }
            | Update::OrderChanged { .. }
            | Update::VoidRequested { .. }
            | Update::VoidApproved { .. }
            | Update::VoidRejected { .. }
            | Update::HeldSaleChanged { .. } => update.place.journal_seq > self.place.journal_seq,
        }
    }
}

fn event(update: &PlacedUpdate, place: Place) -> sse::Event {
    let name = match update.update {
        Update::SaleCaptured { .. } => "sale_captured",
        Update::SessionOpened { .. } => "session_opened",
        Update::CashMoved { .. } => "cash_moved",
        Update::SessionClosed { .. } => "session_closed",
        Update::OrderAccepted { .. } => "order_accepted",
        Update::OrderChanged { .. } => "order_changed",
        Update::VoidRequested { .. } => "void_requested",
        Update::VoidApproved { .. } => "void_approved",
        Update::VoidRejected { .. } => "void_rejected",
        Update::HeldSaleChanged { .. } => "held_sale_changed",
        Update::InvoiceAssigned { .. } => "invoice_assigned",
        Update::SyncChanged { .. } => "sync_changed",
    };
    let data = serde_json::to_string(&update.update).unwrap_or_default();
    sse::Event::default().event(name).id(place.to_string()).data(data)
}
