//! A fact as it is published, always the same.

use bus::{BusError, facts::FactMessage};
use bytes::Bytes;
use schemas::{facts::FactKind, subjects};
use store::facts::PlacedFact;

/// Why one fact was not published.
#[derive(Debug, thiserror::Error)]
pub enum Unpublished {
    /// What it repeats is gone.
    #[error("the books do not hold its body")]
    NoBody,
    /// It is of another build.
    #[error("its kind {0:?} is not known here")]
    UnknownKind(String),
    /// The broker did not take it.
    #[error(transparent)]
    Refused(#[from] BusError),
}

/// The message of a fact that has its place.
///
/// # Errors
/// [`Unpublished`] if the books do not hold its body, or its kind is not known here.
pub fn message(fact: PlacedFact) -> Result<FactMessage, Unpublished> {
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
