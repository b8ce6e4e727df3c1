//! How often Bakong was asked for a company on a day. Days are counted since
//! 1970-01-01 in Cambodia.

use schemas::TenantId;

use crate::{Conn, Error};

/// Takes one check of a company's day, if fewer than `limit` were taken. Returns
/// whether it did.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn take_check(
    conn: &mut Conn,
    tenant: TenantId,
    day: i64,
    limit: i32,
) -> Result<bool, Error> {
    let taken = sqlx::query!(
        "INSERT INTO bakong_budget AS b (tenant_id, day, used)
         SELECT $1, $2, 1 WHERE $3 > 0
         ON CONFLICT (tenant_id, day) DO UPDATE SET used = b.used + 1 WHERE b.used < $3",
        tenant.as_uuid(),
        day,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Gives back a check of a company's day that was not made.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn put_back_check(conn: &mut Conn, tenant: TenantId, day: i64) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE bakong_budget SET used = used - 1 WHERE tenant_id = $1 AND day = $2 AND used > 0",
        tenant.as_uuid(),
        day,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leaves nothing of a company's day: Bakong says so.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn exhaust_checks(
    conn: &mut Conn,
    tenant: TenantId,
    day: i64,
    limit: i32,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO bakong_budget AS b (tenant_id, day, used) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, day) DO UPDATE SET used = greatest(b.used, $3)",
        tenant.as_uuid(),
        day,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(())
}
