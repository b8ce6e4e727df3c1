//! A fact on its way from the books to the stream.

use bus::{BusError, facts::FactMessage};
use bytes::Bytes;
use metrics::counter;
use schemas::{BranchId, facts::FactKind, subjects};
use store::facts::PlacedFact;

use super::chain;

/// Why one fact was not published.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unpublished {
    #[error("the books do not hold its body")]
    NoBody,
    #[error("its kind {0:?} is not known here")]
    UnknownKind(String),
    #[error(transparent)]
    Refused(#[from] BusError),
}

/// A fact on its way: its branch, its place, its id, and the message if it can
/// be one.
pub(super) type Outgoing = (BranchId, u64, String, Result<FactMessage, Unpublished>);

/// A fact as it is published.
pub(super) fn message(fact: PlacedFact) -> Result<FactMessage, Unpublished> {
    let kind: FactKind =
        fact.kind.parse().map_err(|_| Unpublished::UnknownKind(fact.kind.clone()))?;
    Ok(FactMessage {
        subject: subjects::fact(fact.tenant_id, fact.branch_id, kind),
        branch_id: fact.branch_id,
        fact_seq: fact.fact_seq,
        fact_id: fact.fact_id,
        kind: fact.kind,
        schema_version: fact.schema_version,
        occurred_at: fact.occurred_at,
        body: Bytes::from(fact.body.ok_or(Unpublished::NoBody)?),
    })
}

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
