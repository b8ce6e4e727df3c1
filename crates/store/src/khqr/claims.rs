//! Sales that claim the payments of codes, and the proofs that they name.

use schemas::{BranchId, SaleId, TenantId, events::KhqrProof};
use time::OffsetDateTime;

use crate::{Conn, Error, columns::column};

/// A sale that claims a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The code.
    pub md5: String,
    /// The sale.
    pub sale_id: SaleId,
}

/// The proof that a sale names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleProof<'a> {
    /// The sale.
    pub sale_id: SaleId,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The proof.
    pub proof: &'a KhqrProof,
}

/// Lets sales claim codes that were paid and that none claims. Returns how many
/// did.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn claim(conn: &mut Conn, claims: &[Claim]) -> Result<u64, Error> {
    if claims.is_empty() {
        return Ok(0);
    }
    let claimed = sqlx::query!(
        "UPDATE khqr_intent i SET state = 'CLAIMED', sale_id = c.sale_id
         FROM unnest($1::text[], $2::uuid[]) AS c (md5, sale_id)
         WHERE i.md5 = c.md5 AND i.paid_hash IS NOT NULL AND i.sale_id IS NULL",
        &column(claims, |c| c.md5.as_str()) as &[&str],
        &column(claims, |c| c.sale_id.as_uuid()),
    )
    .execute(conn)
    .await?;
    Ok(claimed.rows_affected())
}

/// Writes the proofs that sales name.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_proofs(conn: &mut Conn, rows: &[SaleProof<'_>]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO sale_khqr (sale_id, tenant_id, branch_id, khqr_md5, khqr_hash,
             khqr_to_account_id, khqr_confirmed_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
             $6::text[], $7::timestamptz[])",
        &column(rows, |r| r.sale_id.as_uuid()),
        &column(rows, |r| r.tenant_id.as_uuid()),
        &column(rows, |r| r.branch_id.as_uuid()),
        &column(rows, |r| r.proof.khqr_md5.as_str()) as &[&str],
        &column(rows, |r| r.proof.khqr_hash.as_str()) as &[&str],
        &column(rows, |r| r.proof.khqr_to_account_id.as_str()) as &[&str],
        &column(rows, |r| OffsetDateTime::from(r.proof.khqr_confirmed_at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}
