//! What a call answers: `{"ok": …}` or `{"problem": {"code", "detail"}}`.
//!
//! Codes are those of the edge's API where it knows the same refusal, so that the
//! page has one text for both.

use domain::{
    cash::NotesError, catalogue::CatalogueError, pricing::PricingError, tender::TenderError,
};
use serde::Serialize;

/// Why something was not done.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<'a, T> {
    Ok(T),
    Problem(&'a Problem),
}

/// The bytes of an answer.
pub(crate) fn bytes(outcome: Result<impl Serialize, Problem>) -> Vec<u8> {
    let written = match &outcome {
        Ok(value) => serde_json::to_vec(&Answer::Ok(value)),
        Err(problem) => serde_json::to_vec(&Answer::<()>::Problem(problem)),
    };
    written.unwrap_or_else(|_| {
        br#"{"problem":{"code":"engine_failed","detail":"the answer cannot be written"}}"#.to_vec()
    })
}

impl Problem {
    fn new(code: &'static str, detail: impl ToString) -> Self {
        Self { code, detail: detail.to_string() }
    }

    pub(crate) fn unreadable(error: &serde_json::Error) -> Self {
        Self::new("malformed_json", error)
    }

    pub(crate) fn no_such_act() -> Self {
        Self::new("malformed_json", "there is no such act")
    }

    pub(crate) fn not_loaded() -> Self {
        Self::new("no_catalogue", "no catalogue was loaded under this handle")
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        Self::new("invalid_catalogue", error)
    }
}

impl From<PricingError> for Problem {
    fn from(error: PricingError) -> Self {
        Self::new("invalid_cart", error)
    }
}

impl From<NotesError> for Problem {
    fn from(error: NotesError) -> Self {
        Self::new("invalid_count", error)
    }
}

impl From<TenderError> for Problem {
    fn from(error: TenderError) -> Self {
        let code = match &error {
            TenderError::NotEnough { .. } => "not_enough_received",
            TenderError::BadAmount { .. } | TenderError::NotTheCode { .. } => "invalid_tender",
            TenderError::AccountNotTaken => "account_not_taken",
            TenderError::KhqrNotTaken => "khqr_not_confirmed",
        };
        Self::new(code, error)
    }
}
