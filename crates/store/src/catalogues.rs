//! Catalogues: every one that was ever published to a branch, as the same bytes.
//!
//! A version is given out under the lock of the branch's row, so versions are
//! 1, 2, 3, … without gaps. Publishing is idempotent by content: a catalogue
//! that says what the newest one says is that one.

use domain::catalogue::{CatalogueError, CatalogueIndex, content_hash};
use schemas::{
    BranchId, Sha256Hash, TenantId, Timestamp,
    catalogue::{CatalogueRef, CatalogueV1, MAX_CATALOGUE_BYTES},
};
use time::OffsetDateTime;

use crate::{Conn, Error, columns};

/// A catalogue as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCatalogue {
    /// Which.
    pub reference: CatalogueRef,
    /// The document, byte for byte.
    pub body: Vec<u8>,
    /// Whether this call made it; `false` if the newest one said the same.
    pub is_new: bool,
}

/// Why a catalogue was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The store is not in the books.
    #[error("branch {0} is not in the books")]
    NoSuchBranch(BranchId),
    /// An edge could not sell by it.
    #[error("the catalogue is not valid: {0}")]
    Invalid(#[from] CatalogueError),
    /// It is larger than a stream may carry.
    #[error("the catalogue has {bytes} bytes, more than {MAX_CATALOGUE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It cannot be written as JSON.
    #[error("the catalogue cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Publishes `draft` to its branch as the next version. The draft's own version
/// and time of publishing are ignored. Runs in the caller's transaction.
///
/// # Errors
/// [`PublishError`].
pub async fn publish(
    conn: &mut Conn,
    draft: CatalogueV1,
    now: Timestamp,
) -> Result<PublishedCatalogue, PublishError> {
    let branch_id = draft.branch_id;
    if !lock(conn, draft.tenant_id, branch_id).await? {
        return Err(PublishError::NoSuchBranch(branch_id));
    }
    let newest = newest(conn, branch_id).await?;
    if let Some(newest) = newest.as_ref().filter(|newest| says_the_same(newest, &draft)) {
        return Ok(newest.clone());
    }
    let version = newest.map_or(1, |newest| newest.reference.version + 1);
    let index = CatalogueIndex::new(CatalogueV1 { version, published_at: now, ..draft })?;
    let body = serde_json::to_vec(index.document())?;
    if body.len() > MAX_CATALOGUE_BYTES {
        return Err(PublishError::TooLarge { bytes: body.len() });
    }
    let reference = CatalogueRef { version, content_hash: content_hash(&body) };
    sqlx::query!(
        "INSERT INTO catalogue_version (branch_id, version, content_hash, body, published_at)
         VALUES ($1, $2, $3, $4, $5)",
        branch_id.as_uuid(),
        columns::int8(version),
        reference.content_hash.as_bytes(),
        body,
        OffsetDateTime::from(now),
    )
    .execute(conn)
    .await
    .map_err(Error::from)?;
    Ok(PublishedCatalogue { reference, body, is_new: true })
}

/// Lets nobody else publish to a branch until the transaction ends: what is the
/// newest catalogue stays so. Returns whether the company has that branch.
///
/// # Errors
/// [`Error::Database`].
pub async fn lock(
    conn: &mut Conn,
    tenant_id: TenantId,
    branch_id: BranchId,
) -> Result<bool, Error> {
    let locked = sqlx::query_scalar!(
        "SELECT branch_id FROM branch WHERE branch_id = $1 AND tenant_id = $2 FOR NO KEY UPDATE",
        branch_id.as_uuid(),
        tenant_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(locked.is_some())
}

/// Whether `draft` differs from a published one by nothing but what publishing
/// itself sets.
fn says_the_same(published: &PublishedCatalogue, draft: &CatalogueV1) -> bool {
    serde_json::from_slice::<CatalogueV1>(&published.body).is_ok_and(|known| {
        let CatalogueV1 { version, published_at, .. } = known;
        known == CatalogueV1 { version, published_at, ..draft.clone() }
    })
}

/// The newest catalogue of a branch.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn newest(
    conn: &mut Conn,
    branch_id: BranchId,
) -> Result<Option<PublishedCatalogue>, Error> {
    sqlx::query!(
        "SELECT version, content_hash, body FROM catalogue_version
         WHERE branch_id = $1 ORDER BY version DESC LIMIT 1",
        branch_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let reference = reference(row.version, &row.content_hash)?;
        Ok(PublishedCatalogue { reference, body: row.body, is_new: false })
    })
    .transpose()
}

/// Which catalogue is the newest of a branch, without its bytes.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn newest_reference(
    conn: &mut Conn,
    branch_id: BranchId,
) -> Result<Option<CatalogueRef>, Error> {
    sqlx::query!(
        "SELECT version, content_hash FROM catalogue_version
         WHERE branch_id = $1 ORDER BY version DESC LIMIT 1",
        branch_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| reference(row.version, &row.content_hash))
    .transpose()
}

/// The bytes of one catalogue. `None` also if the branch has that version with
/// another content: restored books may have given the version out again.
///
/// # Errors
/// [`Error::Database`].
pub async fn by_reference(
    conn: &mut Conn,
    branch_id: BranchId,
    reference: CatalogueRef,
) -> Result<Option<Vec<u8>>, Error> {
    Ok(sqlx::query_scalar!(
        "SELECT body FROM catalogue_version
         WHERE branch_id = $1 AND version = $2 AND content_hash = $3",
        branch_id.as_uuid(),
        columns::int8(reference.version),
        reference.content_hash.as_bytes(),
    )
    .fetch_optional(conn)
    .await?)
}

fn reference(version: i64, hash: &[u8]) -> Result<CatalogueRef, Error> {
    let content_hash: Sha256Hash = columns::digest("catalogue_version.content_hash", hash)?;
    Ok(CatalogueRef {
        version: columns::unsigned("catalogue_version.version", version)?,
        content_hash,
    })
}

/// Which catalogue is the newest of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestOfBranch {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// Its newest catalogue.
    pub reference: CatalogueRef,
}

/// The newest catalogue of every branch that has one, without the bytes, by
/// branch.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn newest_of_all(conn: &mut Conn) -> Result<Vec<NewestOfBranch>, Error> {
    sqlx::query!(
        "SELECT DISTINCT ON (v.branch_id) b.tenant_id, v.branch_id, v.version, v.content_hash
         FROM catalogue_version v JOIN branch b USING (branch_id)
         ORDER BY v.branch_id, v.version DESC"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(NewestOfBranch {
            tenant_id: row.tenant_id.into(),
            branch_id: row.branch_id.into(),
            reference: reference(row.version, &row.content_hash)?,
        })
    })
    .collect()
}
