//! The journal: the place where a sale comes to exist.
//!
//! It guarantees that
//! - what it answered as captured is on the disk (fsync) and stays there:
//!   entries form one contiguous, hash-chained sequence, and a crash at any
//!   moment leaves either the whole of a group of captures or none of it;
//! - a ticket captures at most one sale: the same request under it gets the
//!   first answer again, another one is refused;
//! - a file that is not wholly ours and intact is refused at the start, and left
//!   as it is ([`open`](Journal::open));
//! - no one else writes it: one process (the fence), one connection, one task.
//!
//! One task owns the connection and takes requests over two bounded channels:
//! captures, of which all that wait go into one transaction, and everything
//! else, one at a time between the groups. Dropping every handle, or
//! [`Journal::close`], ends the task; a crash of it is an error to each caller.

mod error;
mod export;
mod fence;
mod files;
mod for_drafts;
mod for_khqr;
mod for_people;
mod for_room;
mod for_store;
mod for_sync;
mod for_till;
mod insert;
mod key;
mod open;
mod settings;
mod standing;
mod state;
mod writer;

mod acts;
mod adopt;
mod append;
mod captures;
mod cases;
mod catalogue;
mod chain;
mod closing;
mod columns;
mod contacts;
mod desk;
mod drafts;
mod entries;
mod group;
mod held;
mod imports;
mod khqr;
mod known;
mod mapping;
mod measure;
mod notifications;
mod online_orders;
mod orders;
mod people;
mod progress;
mod prune;
mod pruned;
mod receipts;
mod reports;
mod room;
mod sessions;
mod stock;
mod tickets;
mod updates;
mod void_requests;

use std::sync::Arc;

use futures::future::BoxFuture;
use schemas::{Clock, Timestamp};
use tokio::sync::{mpsc, oneshot};

pub use acts::{Act, Asked, By};
pub use adopt::Adopted;
pub use captures::{Acceptance, Captured, NewFact, NewLateSale, NewSale, NewSession, StockUse};
pub use catalogue::CatalogueInUse;
pub use drafts::DraftRefusal;
pub use error::{JournalError, OpenError, Refusal};
pub use export::OldJournal;
pub use held::{HeldFilter, Kept, MAX_HELD, NewHeld};
pub use imports::{Candidate, Taken};
pub use key::{JournalKey, KEY_VARIABLE, KeyError};
pub use khqr::{CodeBefore, Confirmed, HeldCode, NewCode, Tap};
pub use notifications::NotificationFilter;
pub use orders::{OrderFilter, OrdersOf};
pub use people::{Bearer, Login, NewLogin, NewPairing, Pairing, PeopleRefusal, Whose};
pub use progress::{SyncCounts, Word, is_known, weigh};
pub use prune::Pruning;
pub use receipts::{KnownPrint, PrintBegun, StoredSale};
pub use reports::MAX_MOVEMENTS;
pub use room::RoomSettings;
pub use sessions::{KnownSession, OpenSession};
pub use settings::{EdgeIdentity, JournalSettings};
pub use standing::Adoption;
pub use stock::NewestLevels;
pub use tickets::TicketFilter;
pub use updates::{Place, PlacedUpdate};
pub use void_requests::VoidFilter;

use captures::Capture;
use state::{Ledger, Shared};
use writer::{Request, Waiting};

/// Captures that may wait for the writer.
const CAPTURE_QUEUE: usize = 256;
/// Other requests that may wait for the writer.
const REQUEST_QUEUE: usize = 64;

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    captures: mpsc::Sender<Waiting>,
    requests: mpsc::Sender<Request>,
    shared: Arc<Shared>,
}

impl Journal {
    /// Makes an empty journal for a new edge; see [`JournalSettings`] for where.
    ///
    /// # Errors
    /// [`OpenError`], also if there is one already.
    pub async fn create(
        settings: &JournalSettings,
        identity: EdgeIdentity,
        clock: &dyn Clock,
    ) -> Result<(), OpenError> {
        open::create(settings, identity, Adoption::None, clock).await
    }

    /// Makes an empty journal for an edge that replaces another one: it takes nothing
    /// before it has taken over.
    ///
    /// # Errors
    /// [`OpenError`], also if there is one already.
    pub async fn create_replacement(
        settings: &JournalSettings,
        identity: EdgeIdentity,
        clock: &dyn Clock,
    ) -> Result<(), OpenError> {
        open::create(settings, identity, Adoption::Waiting, clock).await
    }

    /// Opens the journal of this edge, after having looked at it without
    /// changing a byte: the key, whose it is, that it is not behind its own
    /// mark, that the books' cursor is in it, and the chain from its head
    /// backwards to that cursor, as far as
    /// [`JournalSettings::check_at_start_bytes`] goes. What is older and not
    /// confirmed is checked while it runs, before it may be published.
    ///
    /// # Errors
    /// [`OpenError`] says which of these failed and what to do.
    pub async fn open(
        settings: &JournalSettings,
        identity: EdgeIdentity,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let ledger = open::open(settings, identity, clock).await?;
        Ok(Self::start(ledger))
    }

    fn start(ledger: Ledger) -> Self {
        let shared = Arc::clone(&ledger.shared);
        let (captures, waiting) = mpsc::channel(CAPTURE_QUEUE);
        let (requests, requested) = mpsc::channel(REQUEST_QUEUE);
        tokio::spawn(writer::run(ledger, waiting, requested));
        Self { captures, requests, shared }
    }

    /// Waits until all that was asked before is done, then closes the file.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.requests.send(Request::Close(done)).await.is_ok() {
            // An error means that the task ended, which is what was asked for.
            let _ended = closed.await;
        }
    }

    /// Whose journal this is.
    pub fn identity(&self) -> EdgeIdentity {
        self.shared.identity
    }

    /// Captures a sale; returns when it is on the disk.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn capture_sale(&self, sale: NewSale) -> Result<Captured, Refusal> {
        self.capture(Capture::Sale(sale)).await
    }

    /// Captures the opening of a cash session; returns when it is on the disk.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn capture_session(&self, session: NewSession) -> Result<Captured, Refusal> {
        self.capture(Capture::Session(session)).await
    }

    async fn capture(&self, capture: Capture) -> Result<Captured, Refusal> {
        let (answer, answered) = oneshot::channel();
        let closed = |_| Refusal::Journal(JournalError::Closed);
        self.captures.send(Waiting { capture, answer }).await.map_err(|_| closed(()))?;
        answered.await.map_err(|_| closed(()))?
    }

    /// Now, by the clock that the journal was opened with.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: impl for<'a> FnOnce(&'a mut Ledger) -> BoxFuture<'a, Result<T, JournalError>>
        + Send
        + 'static,
    ) -> Result<T, JournalError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Job(Box::new(move |ledger| {
            Box::pin(async move {
                let outcome = match ledger.refresh().await {
                    Ok(()) => job(ledger).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = &outcome {
                    ledger.note(error);
                }
                // Whoever asked may have gone; what was asked is done all the same.
                let _nobody_waits = answer.send(outcome);
            })
        }));
        self.requests.send(request).await.map_err(|_| JournalError::Closed)?;
        answered.await.map_err(|_| JournalError::Closed)?
    }
}
