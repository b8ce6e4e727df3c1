//! The register.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SeriesId, Sha256Hash};

/// A series of invoice numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeriesRow {
    /// The series.
    pub series_id: SeriesId,
    /// Its last number; 0 before the first.
    pub last_no: u64,
    /// The hash of its last row; zeros before the first.
    pub head_hash: Sha256Hash,
    /// Why nothing is allocated at present, if so.
    pub frozen_reason: Option<String>,
}
