//! The catalogue in use: kept byte for byte, so that an edge that had it once
//! prices with no line, also after a restart.

use std::sync::Arc;

use domain::catalogue::CatalogueIndex;
use schemas::catalogue::CatalogueRef;
use sqlx::SqliteConnection;

use super::{
    columns::place_in,
    error::JournalError,
    settings::EdgeIdentity,
    state::{Durability, Ledger},
};

/// How many former catalogues are kept.
const FORMER_KEPT: i64 = 16;

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
    let before = ledger.shared.catalogue.borrow().as_ref().map(|used| used.reference);
    ledger.begin(Durability::Disk).await?;
    let written = replace(&mut ledger.connection, before, &bytes).await;
    ledger.finish(written).await?;
    tracing::info!(
        edge.id = %ledger.shared.identity.edge_id,
        catalogue.version = reference.version,
        catalogue.hash = %reference.content_hash.short(),
        "prices with another catalogue from now on"
    );
    ledger.shared.catalogue.send_replace(Some(Arc::new(catalogue)));
    Ok(reference)
}

/// Puts a catalogue in the place of the one in use, which is kept among the former
/// ones: tills may have priced with it.
async fn replace(
    connection: &mut SqliteConnection,
    before: Option<CatalogueRef>,
    bytes: &[u8],
) -> Result<(), JournalError> {
    if let Some(CatalogueRef { version, content_hash }) = before {
        let (version, hash) = (place_in(version), content_hash.as_bytes().as_slice());
        sqlx::query!(
            "INSERT OR REPLACE INTO former_catalogue (version, content_hash, document)
             SELECT ?, ?, document FROM catalogue",
            version,
            hash,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "DELETE FROM former_catalogue WHERE former_no NOT IN
                 (SELECT former_no FROM former_catalogue ORDER BY former_no DESC LIMIT ?)",
            FORMER_KEPT,
        )
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query!(
        "INSERT INTO catalogue (only_row, document) VALUES (1, ?)
         ON CONFLICT (only_row) DO UPDATE SET document = excluded.document",
        bytes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// See [`super::Journal::former_catalogue`].
pub(super) async fn former(
    ledger: &mut Ledger,
    reference: CatalogueRef,
) -> Result<Option<CatalogueInUse>, JournalError> {
    let (version, hash) = (place_in(reference.version), reference.content_hash);
    let hash = hash.as_bytes().as_slice();
    let stored = sqlx::query_scalar!(
        "SELECT document FROM former_catalogue WHERE version = ? AND content_hash = ?",
        version,
        hash,
    )
    .fetch_optional(&mut ledger.connection)
    .await?;
    // One that this build cannot read is as good as none.
    Ok(stored.and_then(|bytes| check(&bytes, ledger.shared.identity).ok()))
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
