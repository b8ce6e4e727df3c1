//! Drafts: the cart that a till has not sold yet.
//!
//! A till keeps its draft by itself and mirrors it here, so that a reload of
//! its page or a restart of this edge loses nothing. A draft belongs to one
//! till, session and person; at most one is active on a till. In another
//! context it must be sold or thrown away first. Drafts are this edge's alone:
//! the books hear of them by `CART_…` audit entries only, at most one for each
//! draft in [`AUDIT_EVERY_MICROS`] and one at its end.
//!
//! Decisions are here and pure; storage is the journal's.

use std::time::Duration;

use domain::pricing;
use schemas::{
    CashSessionId, DeviceId, DraftId, StaffId, Timestamp, Usd,
    edge_api::{Cart, PutDraft},
};
use tokio_util::sync::CancellationToken;

use crate::{
    capture::CaptureError,
    journal::{CatalogueInUse, DraftRefusal, Journal, JournalError},
    people::Actor,
};

/// The least time between two audit entries of one draft, in microseconds.
pub const AUDIT_EVERY_MICROS: i64 = 10_000_000;
/// How often it is looked for drafts that are due to be told of.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where a draft belongs. Tenant and branch are the journal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftContext {
    /// The till.
    pub device_id: DeviceId,
    /// The person.
    pub staff_id: StaffId,
    /// The session.
    pub cash_session_id: CashSessionId,
}

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftStatus {
    /// It can be changed, sold or thrown away.
    Active,
    /// It was sold.
    Finalized,
    /// It was thrown away.
    Discarded,
}

/// What is in a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftContent {
    /// By the till's count.
    pub revision: u64,
    /// The cart.
    pub cart: Cart,
    /// How many items, by quantity.
    pub item_count: u32,
    /// What they come to, before branch discounts and VAT.
    pub subtotal_usd: Usd,
}

/// The newest draft of a till, as far as decisions need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDraft {
    /// Which.
    pub draft_id: DraftId,
    /// Where it belongs.
    pub context: DraftContext,
    /// Where it stands.
    pub status: DraftStatus,
    /// By the till's count.
    pub revision: u64,
    /// When it was last told of.
    pub audited_at: Timestamp,
}

/// What keeping a draft comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// A new draft begins: `CART_CREATED`.
    Begin,
    /// The draft is changed; `tell`: with a `CART_UPDATED` now.
    Change {
        /// Whether it is told of now.
        tell: bool,
    },
    /// It is kept as it is: this or a newer copy is there.
    Keep,
}

/// Decides what keeping a draft comes to, beside the newest one of that till.
///
/// # Errors
/// [`DraftRefusal`].
pub fn decide_put(
    known: Option<KnownDraft>,
    draft_id: DraftId,
    context: DraftContext,
    revision: u64,
    now: Timestamp,
) -> Result<Put, DraftRefusal> {
    let Some(known) = known else { return Ok(Put::Begin) };
    match known.status {
        DraftStatus::Active if known.draft_id != draft_id || known.context != context => {
            Err(DraftRefusal::AnotherContext(known.draft_id))
        }
        DraftStatus::Active if revision <= known.revision => Ok(Put::Keep),
        DraftStatus::Active => Ok(Put::Change { tell: is_due(known.audited_at, now) }),
        DraftStatus::Finalized | DraftStatus::Discarded if known.draft_id == draft_id => {
            Err(DraftRefusal::Closed(draft_id))
        }
        DraftStatus::Finalized | DraftStatus::Discarded => Ok(Put::Begin),
    }
}

/// Whether a draft that was last told of at some time may be told of now. A
/// clock that was set back does not silence it.
pub fn is_due(audited_at: Timestamp, now: Timestamp) -> bool {
    !(0..AUDIT_EVERY_MICROS).contains(&now.micros_since(audited_at))
}

/// Keeps a till's draft.
///
/// # Errors
/// [`CaptureError`] if the cart cannot be priced; [`DraftRefusal`].
pub async fn put(
    journal: &Journal,
    actor: &Actor,
    request: PutDraft,
) -> Result<schemas::edge_api::Draft, DraftError> {
    let catalogue = journal.catalogue().borrow().clone().ok_or(CaptureError::NoCatalogue)?;
    let content = content(request.revision, request.cart, &catalogue, journal.now())?;
    let context = DraftContext {
        device_id: actor.device_id,
        staff_id: actor.staff_id,
        cash_session_id: request.cash_session_id,
    };
    Ok(journal.put_draft(request.draft_id, context, content).await?)
}

fn content(
    revision: u64,
    cart: Cart,
    catalogue: &CatalogueInUse,
    now: Timestamp,
) -> Result<DraftContent, CaptureError> {
    let subtotal_usd = if cart.lines.is_empty() {
        Usd::ZERO
    } else {
        let priced = pricing::price(&catalogue.index, &cart, now);
        priced.map_err(CaptureError::within_cart)?.totals.subtotal_usd
    };
    let item_count = cart.lines.iter().map(|line| u32::from(line.quantity.get())).sum();
    Ok(DraftContent { revision, cart, item_count, subtotal_usd })
}

/// Why a draft was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The cart is not valid.
    #[error(transparent)]
    Cart(#[from] CaptureError),
    /// The journal refused.
    #[error(transparent)]
    Refused(#[from] DraftRefusal),
}

/// Tells of drafts that were changed and are due, until the daemon stops.
pub(crate) async fn keep_telling(journal: Journal, shutdown: CancellationToken) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        match journal.tell_drafts().await {
            Ok(()) => {}
            Err(JournalError::Closed) => return,
            // They stay due, and are told of at the next look.
            Err(error) => tracing::warn!(%error, "changed drafts are not told of yet"),
        }
    }
}
