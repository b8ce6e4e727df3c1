//! How much of a list is answered at once.

use super::problem::{Code, Problem};

/// Rows on a page when nothing is asked for.
const DEFAULT_LIMIT: usize = 50;

/// The limit that was asked for, if it is between 1 and `most`.
pub(super) fn limit(asked: Option<usize>, most: usize) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(DEFAULT_LIMIT);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("limit: {limit} is not between 1 and {most}");
    Err(Problem::new(Code::InvalidQuery, detail))
}
