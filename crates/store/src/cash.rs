//! Cash sessions, and the money in and out of their drawers.

use rust_decimal::Decimal;
use schemas::{
    BranchId, CashMovementId, CashSessionId, Currency, EdgeId, SaleId, StaffId, Timestamp,
    events::CashSessionOpenedV1,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

/// A cash session as the books have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CashSession {
    /// Which.
    pub cash_session_id: CashSessionId,
    /// The store.
    pub branch_id: BranchId,
    /// Whether it is open.
    pub open: bool,
}

/// Money that a sale put into a drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleCash {
    /// Derived from the sale.
    pub movement_id: CashMovementId,
    /// The drawer.
    pub cash_session_id: CashSessionId,
    /// The store.
    pub branch_id: BranchId,
    /// Of what.
    pub currency: Currency,
    /// How much came in: received less change.
    pub amount: Decimal,
    /// The sale.
    pub sale_id: SaleId,
    /// When it was made.
    pub occurred_at: Timestamp,
}

/// What moved money that no sale brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementKind {
    /// Given back for a void.
    RefundCash,
    /// Paid in.
    PaidIn,
    /// Paid out.
    PaidOut,
}

impl MovementKind {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefundCash => "REFUND_CASH",
            Self::PaidIn => "PAID_IN",
            Self::PaidOut => "PAID_OUT",
        }
    }
}

/// Money that moved other than by a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashMovement {
    /// Derived from the request of a refund; their own otherwise.
    pub movement_id: CashMovementId,
    /// The drawer.
    pub cash_session_id: CashSessionId,
    /// The store.
    pub branch_id: BranchId,
    /// Why.
    pub kind: MovementKind,
    /// Of what.
    pub currency: Currency,
    /// How much came in; negative when it went out.
    pub amount: Decimal,
    /// The sale of a refund, and of nothing else.
    pub sale_id: Option<SaleId>,
    /// Why, in words: of what was paid in or out, and of nothing else.
    pub reason: Option<String>,
    /// Who moved it.
    pub moved_by: StaffId,
    /// The entry.
    pub entry: (EdgeId, u64),
    /// When.
    pub occurred_at: Timestamp,
}

/// The close of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionClose {
    /// Which.
    pub cash_session_id: CashSessionId,
    /// By whom.
    pub closed_by: StaffId,
    /// When.
    pub closed_at: Timestamp,
}

/// Inserts cash sessions, as `OPEN`.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_sessions(
    conn: &mut Conn,
    sessions: &[&CashSessionOpenedV1],
) -> Result<(), Error> {
    if sessions.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO cash_session (cash_session_id, tenant_id, branch_id, edge_id, device_id,
             opened_by, opened_at, opening_float_usd, opening_float_khr, status)
         SELECT s.cash_session_id, s.tenant_id, s.branch_id, s.edge_id, s.device_id,
             s.opened_by, s.opened_at, s.float_usd, s.float_khr, 'OPEN'
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[],
                 $7::timestamptz[], $8::numeric[], $9::numeric[])
             AS s (cash_session_id, tenant_id, branch_id, edge_id, device_id, opened_by,
                 opened_at, float_usd, float_khr)",
        &column(sessions, |s| s.cash_session_id.as_uuid()),
        &column(sessions, |s| s.tenant_id.as_uuid()),
        &column(sessions, |s| s.branch_id.as_uuid()),
        &column(sessions, |s| s.edge_id.as_uuid()),
        &column(sessions, |s| s.device_id.as_uuid()),
        &column(sessions, |s| s.opened_by.as_uuid()),
        &column(sessions, |s| OffsetDateTime::from(s.opened_at)),
        &column(sessions, |s| s.opening_float_usd.amount()),
        &column(sessions, |s| s.opening_float_khr.amount()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sessions among `ids` that are in the books.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn read_sessions(
    conn: &mut Conn,
    ids: &[CashSessionId],
) -> Result<Vec<CashSession>, Error> {
    let rows = sqlx::query!(
        r#"SELECT cash_session_id, branch_id, status = 'OPEN' AS "open!"
           FROM cash_session WHERE cash_session_id = ANY($1)"#,
        &column(ids, |id| id.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| CashSession {
            cash_session_id: CashSessionId::from_uuid(row.cash_session_id),
            branch_id: BranchId::from_uuid(row.branch_id),
            open: row.open,
        })
        .collect())
}

/// Inserts the movements of cash sales.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_sale_cash(conn: &mut Conn, movements: &[SaleCash]) -> Result<(), Error> {
    if movements.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO cash_movement (movement_id, cash_session_id, branch_id, kind, currency,
             amount, sale_id, occurred_at)
         SELECT m.movement_id, m.cash_session_id, m.branch_id, 'SALE_CASH', m.currency,
             m.amount, m.sale_id, m.occurred_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::uuid[],
                 $7::timestamptz[])
             AS m (movement_id, cash_session_id, branch_id, currency, amount, sale_id,
                 occurred_at)",
        &column(movements, |m| m.movement_id.as_uuid()) as &[Uuid],
        &column(movements, |m| m.cash_session_id.as_uuid()),
        &column(movements, |m| m.branch_id.as_uuid()),
        &column(movements, |m| m.currency.code()) as &[&str],
        &column(movements, |m| m.amount),
        &column(movements, |m| m.sale_id.as_uuid()),
        &column(movements, |m| OffsetDateTime::from(m.occurred_at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Inserts movements of money that no sale brought in.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_movements(conn: &mut Conn, movements: &[CashMovement]) -> Result<(), Error> {
    if movements.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO cash_movement (movement_id, cash_session_id, branch_id, kind, currency,
             amount, sale_id, reason, moved_by, edge_id, entry_seq, occurred_at)
         SELECT m.movement_id, m.cash_session_id, m.branch_id, m.kind, m.currency,
             m.amount, m.sale_id, m.reason, m.moved_by, m.edge_id, m.entry_seq, m.occurred_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::numeric[],
                 $7::uuid[], $8::text[], $9::uuid[], $10::uuid[], $11::bigint[],
                 $12::timestamptz[])
             AS m (movement_id, cash_session_id, branch_id, kind, currency, amount, sale_id,
                 reason, moved_by, edge_id, entry_seq, occurred_at)",
        &column(movements, |m| m.movement_id.as_uuid()),
        &column(movements, |m| m.cash_session_id.as_uuid()),
        &column(movements, |m| m.branch_id.as_uuid()),
        &column(movements, |m| m.kind.as_str()) as &[&str],
        &column(movements, |m| m.currency.code()) as &[&str],
        &column(movements, |m| m.amount),
        &column(movements, |m| m.sale_id.map(Uuid::from)) as &[Option<Uuid>],
        &column(movements, |m| m.reason.as_deref()) as &[Option<&str>],
        &column(movements, |m| m.moved_by.as_uuid()),
        &column(movements, |m| m.entry.0.as_uuid()),
        &column(movements, |m| int8(m.entry.1)),
        &column(movements, |m| OffsetDateTime::from(m.occurred_at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes sessions that are open.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn close_sessions(conn: &mut Conn, closes: &[SessionClose]) -> Result<(), Error> {
    if closes.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE cash_session s
         SET status = 'CLOSED', closed_by = c.closed_by, closed_at = c.closed_at
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
             AS c (cash_session_id, closed_by, closed_at)
         WHERE s.cash_session_id = c.cash_session_id AND s.cash_session_id = ANY($1)
           AND s.status = 'OPEN'",
        &column(closes, |c| c.cash_session_id.as_uuid()),
        &column(closes, |c| c.closed_by.as_uuid()),
        &column(closes, |c| OffsetDateTime::from(c.closed_at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}
