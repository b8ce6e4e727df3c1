//! Refusals.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A problem, as RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:tillstream:problem:<code>`.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable code to branch on, e.g. `no_open_session`.
    pub code: String,
    /// What is wrong with this request, for a person.
    pub detail: String,
}
