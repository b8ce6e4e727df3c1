//! Why a submission is refused: a stable code and words. Final for its ticket.

use domain::pricing::PricingError;
use schemas::{CashSessionId, door_api::RefusalCode};

/// Why a submission is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// To branch on.
    pub code: RefusalCode,
    /// For a person.
    pub detail: String,
}

impl Refusal {
    /// A refusal in words.
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// What was kept cannot be read as a request of this build.
    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self::new(RefusalCode::Malformed, format!("the request cannot be read: {error}"))
    }

    /// The branch has nothing to price with.
    pub(super) fn no_catalogue() -> Self {
        Self::new(RefusalCode::NoCatalogue, "this store has no menu yet")
    }

    /// The session does not take it.
    pub(super) fn no_open_session(session: Option<CashSessionId>, why: &str) -> Self {
        let detail = match session {
            Some(id) => format!("cash session {id} is {why}"),
            None => "a cash sale needs an open cash session".to_owned(),
        };
        Self::new(RefusalCode::NoOpenSession, detail)
    }

    /// The drawers are the edge's.
    pub(super) fn cash_at_edge() -> Self {
        Self::new(
            RefusalCode::CashAtEdge,
            "this store has an edge: cash is taken at its tills, not through this door",
        )
    }

    /// The store's box keeps what the request is about.
    pub(super) fn kept_at_edge() -> Self {
        Self::new(
            RefusalCode::KeptAtEdge,
            "this store has an edge: its sessions, orders and voids are kept there",
        )
    }

    /// The store's box makes the order and moves it.
    pub(super) fn order_at_edge() -> Self {
        Self::new(
            RefusalCode::KeptAtEdge,
            "this order is made by the store's edge, which alone moves it; orders that are sold \
             at this door are handed over to it",
        )
    }

    /// The person's role, or whose it is, does not allow it.
    pub(super) fn not_permitted(detail: &str) -> Self {
        Self::new(RefusalCode::NotPermitted, detail)
    }

    /// The cart cannot be sold as it is.
    pub(super) fn cart(error: &PricingError) -> Self {
        Self::new(RefusalCode::from(error), error.to_string())
    }
}
