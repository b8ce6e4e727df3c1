//! Online orders that are handed over to the edge of their store: written with the
//! sale that the direct door took, given to the edge with every answer to its
//! heartbeat, and settled by the worker that books the edge's acceptance. What is to
//! be made is read from the sale's own entry.

use schemas::{BranchId, EdgeId, OrderId, SaleId, TenantId, Timestamp};
use time::OffsetDateTime;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

/// The most orders in one answer to a heartbeat; the oldest come first.
pub const MAX_WAITING: i64 = 100;

/// An order that a store's edge is to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// Which.
    pub order_id: OrderId,
    /// The company.
    pub tenant_id: TenantId,
    /// The store whose edge makes it.
    pub branch_id: BranchId,
    /// Its sale.
    pub sale_id: SaleId,
    /// The sale's entry, in the door edge's journal.
    pub entry: (EdgeId, u64),
    /// When it was handed over, by the centre's clock.
    pub at: Timestamp,
}

/// An order that an edge accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    /// Which.
    pub order_id: OrderId,
    /// The edge's entry that says so.
    pub entry: (EdgeId, u64),
    /// When, by the edge's clock.
    pub at: Timestamp,
}

/// The entry of a sale whose order waits for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingOrder {
    /// The order.
    pub order_id: OrderId,
    /// The entry's kind.
    pub kind: String,
    /// The version of its payload.
    pub schema_version: u16,
    /// The entry's payload.
    pub payload: Vec<u8>,
}

/// Writes orders that are handed over, as `WAITING`; one row for each.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert(conn: &mut Conn, handovers: &[Handover]) -> Result<(), Error> {
    if handovers.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO order_handover (order_id, tenant_id, branch_id, sale_id, sale_edge_id,
             sale_entry_seq, handed_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[],
             $6::bigint[], $7::timestamptz[])",
        &column(handovers, |h| h.order_id.as_uuid()),
        &column(handovers, |h| h.tenant_id.as_uuid()),
        &column(handovers, |h| h.branch_id.as_uuid()),
        &column(handovers, |h| h.sale_id.as_uuid()),
        &column(handovers, |h| h.entry.0.as_uuid()),
        &column(handovers, |h| int8(h.entry.1)),
        &column(handovers, |h| OffsetDateTime::from(h.at)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Settles orders that wait. Returns how many did.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn accept(conn: &mut Conn, accepted: &[Acceptance]) -> Result<u64, Error> {
    if accepted.is_empty() {
        return Ok(0);
    }
    let settled = sqlx::query!(
        "UPDATE order_handover h
         SET state = 'ACCEPTED', accepted_at = a.accepted_at, edge_id = a.edge_id,
             entry_seq = a.entry_seq
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[])
             AS a (order_id, edge_id, entry_seq, accepted_at)
         WHERE h.order_id = a.order_id AND h.order_id = ANY($1) AND h.state = 'WAITING'",
        &column(accepted, |a| a.order_id.as_uuid()),
        &column(accepted, |a| a.entry.0.as_uuid()),
        &column(accepted, |a| int8(a.entry.1)),
        &column(accepted, |a| OffsetDateTime::from(a.at)),
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected())
}

/// The orders that wait for a branch's edge, the oldest first, at most
/// [`MAX_WAITING`].
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn waiting_for(conn: &mut Conn, branch_id: BranchId) -> Result<Vec<WaitingOrder>, Error> {
    let rows = sqlx::query!(
        "SELECT h.order_id, e.kind, e.schema_version, e.payload
         FROM order_handover h
         JOIN edge_entry e ON e.edge_id = h.sale_edge_id AND e.seq = h.sale_entry_seq
         WHERE h.branch_id = $1 AND h.state = 'WAITING'
         ORDER BY h.handed_at, h.sale_entry_seq LIMIT $2",
        branch_id.as_uuid(),
        MAX_WAITING,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let schema_version = u16::try_from(row.schema_version)
                .map_err(|error| Error::corrupt("edge_entry.schema_version", error))?;
            Ok(WaitingOrder {
                order_id: row.order_id.into(),
                kind: row.kind,
                schema_version,
                payload: row.payload,
            })
        })
        .collect()
}
