//! House accounts: what customers owe, and up to what they may.
//!
//! A balance is the sum of its charges; both are written in the transaction of
//! the sale, under the lock of the account's row.

use rust_decimal::Decimal;
use schemas::{
    BranchId, CustomerId, EdgeId, SaleId, TenantId, Timestamp, Usd, door_api::HouseAccount,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

/// An account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The company.
    pub tenant_id: TenantId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Up to what may be owed.
    pub limit_usd: Decimal,
    /// What is owed.
    pub balance_usd: Decimal,
}

/// What a sale was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// The sale.
    pub sale_id: SaleId,
    /// The company.
    pub tenant_id: TenantId,
    /// To whom.
    pub customer_id: CustomerId,
    /// The store.
    pub branch_id: BranchId,
    /// How much.
    pub amount_usd: Usd,
    /// What was owed then; `None`: the customer has no account.
    pub balance_after: Option<Decimal>,
    /// The entry.
    pub entry: (EdgeId, u64),
    /// When.
    pub at: Timestamp,
}

/// Opens an account, or changes the name and the limit of one that is there.
///
/// # Errors
/// [`Error::Database`]; a violated check if the name is empty or the limit is
/// below zero.
pub async fn put(
    conn: &mut Conn,
    tenant: TenantId,
    customer: CustomerId,
    name: &str,
    limit: Usd,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO customer_account (tenant_id, customer_id, name, credit_limit_usd, opened_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, customer_id)
         DO UPDATE SET name = EXCLUDED.name, credit_limit_usd = EXCLUDED.credit_limit_usd",
        tenant.as_uuid(),
        customer.as_uuid(),
        name,
        limit.amount(),
        OffsetDateTime::from(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A customer's account, if they have one.
///
/// # Errors
/// [`Error::Database`].
pub async fn read(
    conn: &mut Conn,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<Option<HouseAccount>, Error> {
    let row = sqlx::query!(
        "SELECT name, credit_limit_usd, balance_usd, opened_at FROM customer_account
         WHERE tenant_id = $1 AND customer_id = $2",
        tenant.as_uuid(),
        customer.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| HouseAccount {
        customer_id: customer,
        name: row.name,
        credit_limit_usd: Usd(row.credit_limit_usd),
        balance_usd: Usd(row.balance_usd),
        opened_at: row.opened_at.into(),
    }))
}

/// Locks and reads the accounts of these customers that there are, in the order of
/// their keys.
///
/// # Errors
/// [`Error::Database`].
pub async fn lock(conn: &mut Conn, keys: &[(TenantId, CustomerId)]) -> Result<Vec<Account>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        "SELECT tenant_id, customer_id, credit_limit_usd, balance_usd FROM customer_account
         WHERE (tenant_id, customer_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
         ORDER BY tenant_id, customer_id FOR NO KEY UPDATE",
        &column(keys, |key| key.0.as_uuid()),
        &column(keys, |key| key.1.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Account {
            tenant_id: row.tenant_id.into(),
            customer_id: row.customer_id.into(),
            limit_usd: row.credit_limit_usd,
            balance_usd: row.balance_usd,
        })
        .collect())
}

/// Writes charges, and adds them to the balances, whose rows are locked.
///
/// # Errors
/// [`Error::Database`].
pub async fn charge(conn: &mut Conn, charges: &[Charge]) -> Result<(), Error> {
    if charges.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO account_charge (sale_id, tenant_id, customer_id, branch_id, amount_usd,
             balance_after, edge_id, entry_seq, occurred_at)
         SELECT c.sale_id, c.tenant_id, c.customer_id, c.branch_id, c.amount_usd,
             c.balance_after, c.edge_id, c.entry_seq, c.occurred_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::numeric[],
                 $6::numeric[], $7::uuid[], $8::bigint[], $9::timestamptz[])
             AS c (sale_id, tenant_id, customer_id, branch_id, amount_usd, balance_after,
                 edge_id, entry_seq, occurred_at)",
        &column(charges, |c| c.sale_id.as_uuid()),
        &column(charges, |c| c.tenant_id.as_uuid()),
        &column(charges, |c| c.customer_id.as_uuid()) as &[Uuid],
        &column(charges, |c| c.branch_id.as_uuid()),
        &column(charges, |c| c.amount_usd.amount()),
        &column(charges, |c| c.balance_after) as &[Option<Decimal>],
        &column(charges, |c| c.entry.0.as_uuid()),
        &column(charges, |c| int8(c.entry.1)),
        &column(charges, |c| OffsetDateTime::from(c.at)),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE customer_account a SET balance_usd = a.balance_usd + c.amount
         FROM (SELECT tenant_id, customer_id, sum(amount) AS amount
               FROM unnest($1::uuid[], $2::uuid[], $3::numeric[])
                   AS c (tenant_id, customer_id, amount)
               GROUP BY tenant_id, customer_id) c
         WHERE a.tenant_id = c.tenant_id AND a.customer_id = c.customer_id",
        &column(charges, |c| c.tenant_id.as_uuid()),
        &column(charges, |c| c.customer_id.as_uuid()),
        &column(charges, |c| c.amount_usd.amount()),
    )
    .execute(conn)
    .await?;
    Ok(())
}
