//! A fact on its way from the books to the stream.

use bus::facts::FactMessage;
use metrics::counter;
use schemas::BranchId;

use super::{chain, message::Unpublished};

/// A fact on its way: its branch, its place, its id, and the message if it can
/// be one.
pub(super) type Outgoing = (BranchId, u64, String, Result<FactMessage, Unpublished>);

/// Says that a fact was not published; loudly, if that does not pass by itself.
pub(super) fn alarm(branch: BranchId, fact_seq: u64, fact_id: &str, error: &Unpublished) {
    counter!("relay_refused_total").increment(1);
    if let Unpublished::Refused(refused) = error
        && refused.is_transient()
    {
        let error = chain(error);
        tracing::warn!(branch.id = %branch, fact.seq = fact_seq, error, "a fact waits");
        return;
    }
    tracing::error!(
        branch.id = %branch,
        fact.seq = fact_seq,
        fact.id = fact_id,
        error = chain(error),
        "a fact was not published; its branch waits"
    );
}
