//! The catalogue in use: kept byte for byte, so that an edge that had it once
//! prices with no line, also after a restart.

use std::sync::Arc;

use domain::catalogue::CatalogueIndex;
use schemas::catalogue::CatalogueRef;

use super::{
    error::JournalError,
    settings::EdgeIdentity,
    state::{Durability, Ledger},
};

/// A catalogue, ready to price with.
#[derive(Debug)]
pub struct CatalogueInUse {
    /// Its lookups.
    pub index: CatalogueIndex,
    /// Which one it is.
    pub reference: CatalogueRef,
}

/// Checks a catalogue for this branch.
pub(super) fn check(bytes: &[u8], identity: EdgeIdentity) -> Result<CatalogueInUse, JournalError> {
    let unusable = |why: String| JournalError::Catalogue(why);
    let (index, reference) =
        domain::catalogue::parse(bytes).map_err(|error| unusable(error.to_string()))?;
    let document = index.document();
    if (document.tenant_id, document.branch_id) != (identity.tenant_id, identity.branch_id) {
        return Err(unusable(format!("it is branch {}'s", document.branch_id)));
    }
    Ok(CatalogueInUse { index, reference })
}

/// See [`super::Journal::store_catalogue`].
pub(super) async fn store(
    ledger: &mut Ledger,
    bytes: Vec<u8>,
    catalogue: CatalogueInUse,
) -> Result<CatalogueRef, JournalError> {
    let reference = catalogue.reference;
    if ledger.shared.catalogue.borrow().as_ref().is_some_and(|used| used.reference == reference) {
        return Ok(reference);
    }
    ledger.begin(Durability::Disk).await?;
    let written = sqlx::query!(
        "INSERT INTO catalogue (only_row, document) VALUES (1, ?)
         ON CONFLICT (only_row) DO UPDATE SET document = excluded.document",
        bytes,
    )
    .execute(&mut ledger.connection)
    .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await?;
    tracing::info!(
        edge.id = %ledger.shared.identity.edge_id,
        catalogue.version = reference.version,
        catalogue.hash = %reference.content_hash.short(),
        "prices with another catalogue from now on"
    );
    ledger.shared.catalogue.send_replace(Some(Arc::new(catalogue)));
    Ok(reference)
}

/// Takes the stored catalogue into use. One that this build cannot use is as
/// good as none: the centre sends it again.
pub(super) async fn load(ledger: &mut Ledger) -> Result<(), JournalError> {
    let stored = sqlx::query_scalar!("SELECT document FROM catalogue")
        .fetch_optional(&mut ledger.connection)
        .await?;
    let Some(bytes) = stored else { return Ok(()) };
    match check(&bytes, ledger.shared.identity) {
        Ok(catalogue) => {
            ledger.shared.catalogue.send_replace(Some(Arc::new(catalogue)));
        }
        Err(error) => tracing::error!(%error, "the stored catalogue is not used"),
    }
    Ok(())
}
