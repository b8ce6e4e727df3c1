//! How a company numbers its invoices.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A company's numbering, as it is and as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbering {
    /// 1, 2, 3, …: in a change, the one that is to be changed.
    pub revision: u32,
    /// Whether each branch counts by itself.
    pub per_branch: bool,
    /// Whether each year, in the company's time zone, starts at 1 again.
    pub yearly: bool,
    /// How a number is printed: `{no}`, `{yyyy}` and `{branch}` stand for figures,
    /// `{no:06}` pads with zeros. It must contain what restarts the count, and no
    /// digits of its own.
    #[schema(example = "INV-{yyyy}-{no:06}")]
    pub form: String,
}
