//! Orders in the kitchen: made with their sale, moved by the edge that owns it.

use schemas::{
    BranchId, EdgeId, OrderId, SaleId, Timestamp,
    events::{OrderStatus, SaleStatus},
};
use time::OffsetDateTime;

use crate::{Conn, Error, columns::column, sales::BookedSale};

/// An order as the books have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Which.
    pub order_id: OrderId,
    /// Its sale.
    pub sale_id: SaleId,
    /// The store.
    pub branch_id: BranchId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where its sale stands.
    pub sale_status: SaleStatus,
    /// The edge that moves it: its sale's, the one that accepted it, or the
    /// one that adopted it when it replaced either. `None` while
    /// it waits for the store's edge to accept it: nobody moves it then.
    pub kept_by: Option<EdgeId>,
}

/// A move of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderMove {
    /// Which.
    pub order_id: OrderId,
    /// Where it goes.
    pub to: OrderStatus,
    /// When, by the edge's clock.
    pub at: Timestamp,
}

/// Makes the orders of sales, as `IN_PREP`.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert(conn: &mut Conn, sales: &[BookedSale<'_>]) -> Result<(), Error> {
    if sales.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO sale_order (order_id, sale_id, tenant_id, branch_id, status, updated_at)
         SELECT o.order_id, o.sale_id, o.tenant_id, o.branch_id, 'IN_PREP', o.updated_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[])
             AS o (order_id, sale_id, tenant_id, branch_id, updated_at)",
        &column(sales, |s| s.sale.order_id.as_uuid()),
        &column(sales, |s| s.sale.sale_id.as_uuid()),
        &column(sales, |s| s.sale.tenant_id.as_uuid()),
        &column(sales, |s| s.sale.branch_id.as_uuid()),
        &column(sales, |s| OffsetDateTime::from(s.sale.finalized_at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The orders among `ids` that are in the books.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(conn: &mut Conn, ids: &[OrderId]) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query!(
        r#"SELECT o.order_id, o.sale_id, o.branch_id, o.status, s.status AS "sale_status",
               COALESCE(
                   (SELECT a.edge_id FROM adopted a JOIN edge e ON e.edge_id = a.edge_id
                    WHERE a.subject_id = o.order_id ORDER BY e.epoch DESC LIMIT 1),
                   CASE WHEN h.order_id IS NULL THEN s.edge_id ELSE h.edge_id END
               ) AS kept_by
           FROM sale_order o JOIN sale s ON s.sale_id = o.sale_id
           LEFT JOIN order_handover h ON h.order_id = o.order_id
           WHERE o.order_id = ANY($1)"#,
        &column(ids, |id| id.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Order {
                order_id: OrderId::from_uuid(row.order_id),
                sale_id: SaleId::from_uuid(row.sale_id),
                branch_id: BranchId::from_uuid(row.branch_id),
                status: status(&row.status)?,
                sale_status: sale_status(&row.sale_status)?,
                kept_by: row.kept_by.map(EdgeId::from),
            })
        })
        .collect()
}

/// Moves orders; at most one move for each.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn advance(conn: &mut Conn, moves: &[OrderMove]) -> Result<(), Error> {
    if moves.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE sale_order o SET status = m.status, updated_at = m.updated_at
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[])
             AS m (order_id, status, updated_at)
         -- Twice, so that the key's index is used whatever the planner guesses.
         WHERE o.order_id = m.order_id AND o.order_id = ANY($1)",
        &column(moves, |m| m.order_id.as_uuid()),
        &column(moves, |m| m.to.as_str()) as &[&str],
        &column(moves, |m| OffsetDateTime::from(m.at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) fn status(text: &str) -> Result<OrderStatus, Error> {
    use OrderStatus::{Cancelled, Delivered, InPrep, Ready, Voided};
    [InPrep, Ready, Delivered, Voided, Cancelled]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| Error::corrupt("sale_order.status", text))
}

pub(crate) fn sale_status(text: &str) -> Result<SaleStatus, Error> {
    use SaleStatus::{Finalized, VoidPending, Voided};
    [Finalized, VoidPending, Voided]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| Error::corrupt("sale.status", text))
}
