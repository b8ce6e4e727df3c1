//! Tokens of the programs that call the centre's HTTP API. Only the SHA-256 of a
//! secret is here; a revoked token stays, so that the audit log can name it.

use schemas::{BranchId, Sha256Hash, TenantId, Timestamp, TokenId, back_office::Scope};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Conn, Error, columns::column};

/// A token as the books know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub token_id: TokenId,
    /// The company it speaks for.
    pub tenant_id: TenantId,
    /// What people call it.
    pub name: String,
    /// What it allows; at least one.
    pub scopes: Vec<Scope>,
    /// The only stores it may see; `None` is all of the company's.
    pub branch_ids: Option<Vec<BranchId>>,
}

/// What is kept of a secret.
pub fn hash_of(secret: &str) -> Sha256Hash {
    Sha256Hash::from_bytes(Sha256::digest(secret.as_bytes()).into())
}

/// Adds a token. One with this id is there already: nothing changes.
///
/// # Errors
/// [`Error::Database`]; a violated constraint if it has no scope, or if another
/// token has the same secret.
pub async fn insert(
    conn: &mut Conn,
    token: &Token,
    secret_hash: Sha256Hash,
    now: Timestamp,
) -> Result<(), Error> {
    let branch_ids = token.branch_ids.as_ref().map(|ids| column(ids, |id: &BranchId| id.as_uuid()));
    sqlx::query!(
        "INSERT INTO api_token (token_id, tenant_id, name, secret_hash, scopes, branch_ids,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (token_id) DO NOTHING",
        token.token_id.as_uuid(),
        token.tenant_id.as_uuid(),
        token.name,
        secret_hash.as_bytes(),
        &column(&token.scopes, |scope| scope.as_str()) as &[&str],
        branch_ids.as_deref(),
        OffsetDateTime::from(now),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The token with this secret, unless it was revoked.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn by_secret(conn: &mut Conn, secret_hash: Sha256Hash) -> Result<Option<Token>, Error> {
    sqlx::query!(
        "SELECT token_id, tenant_id, name, scopes, branch_ids
         FROM api_token WHERE secret_hash = $1 AND revoked_at IS NULL",
        secret_hash.as_bytes(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let scopes = row
            .scopes
            .iter()
            .map(|scope| scope.parse().map_err(|error| Error::corrupt("api_token.scopes", error)));
        Ok(Token {
            token_id: row.token_id.into(),
            tenant_id: row.tenant_id.into(),
            name: row.name,
            scopes: scopes.collect::<Result<_, Error>>()?,
            branch_ids: row
                .branch_ids
                .map(|ids: Vec<Uuid>| ids.into_iter().map(BranchId::from_uuid).collect()),
        })
    })
    .transpose()
}

/// Revokes a token: nobody is let in with it from now on. Returns whether there
/// was one to revoke.
///
/// # Errors
/// [`Error::Database`].
pub async fn revoke(conn: &mut Conn, token_id: TokenId, now: Timestamp) -> Result<bool, Error> {
    let revoked = sqlx::query!(
        "UPDATE api_token SET revoked_at = $2 WHERE token_id = $1 AND revoked_at IS NULL",
        token_id.as_uuid(),
        OffsetDateTime::from(now),
    )
    .execute(conn)
    .await?;
    Ok(revoked.rows_affected() == 1)
}
