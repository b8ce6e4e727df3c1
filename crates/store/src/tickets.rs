//! Tickets: the idempotency key of a sale, unique in its company, for good.
//! Whose row it is books the sale; whoever comes later does not.

use schemas::{EdgeId, SaleId, Sha256Hash, TenantId, TicketId};

use crate::{
    Conn, Error,
    columns::{column, digest, int8, unsigned},
};

/// What is kept of a ticket: its first payload and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The company.
    pub tenant_id: TenantId,
    /// The key.
    pub ticket_id: TicketId,
    /// The hash of the request that made the sale.
    pub payload_hash: Sha256Hash,
    /// The sale.
    pub sale_id: SaleId,
    /// The journal that holds it.
    pub edge_id: EdgeId,
    /// The entry in that journal.
    pub entry_seq: u64,
}

/// Inserts the tickets that nobody has yet, in the order of their keys, so
/// that two transactions wait for each other but never both. Returns how many
/// were new.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn claim(conn: &mut Conn, tickets: &[Ticket]) -> Result<u64, Error> {
    let claimed = sqlx::query!(
        "INSERT INTO ticket (tenant_id, ticket_id, payload_hash, sale_id, edge_id, entry_seq)
         SELECT t.tenant_id, t.ticket_id, t.payload_hash, t.sale_id, t.edge_id, t.entry_seq
         FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::bigint[])
             AS t (tenant_id, ticket_id, payload_hash, sale_id, edge_id, entry_seq)
         ORDER BY t.tenant_id, t.ticket_id
         ON CONFLICT (tenant_id, ticket_id) DO NOTHING",
        &column(tickets, |t| t.tenant_id.as_uuid()),
        &column(tickets, |t| t.ticket_id.as_str()) as &[&str],
        &column(tickets, |t| &t.payload_hash.as_bytes()[..]) as &[&[u8]],
        &column(tickets, |t| t.sale_id.as_uuid()),
        &column(tickets, |t| t.edge_id.as_uuid()),
        &column(tickets, |t| int8(t.entry_seq)),
    )
    .execute(conn)
    .await?;
    Ok(claimed.rows_affected())
}

/// The tickets that are kept under these keys.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(conn: &mut Conn, keys: &[(TenantId, &TicketId)]) -> Result<Vec<Ticket>, Error> {
    let rows = sqlx::query!(
        "SELECT t.tenant_id, t.ticket_id, t.payload_hash, t.sale_id, t.edge_id, t.entry_seq
         FROM unnest($1::uuid[], $2::text[]) AS wanted (tenant_id, ticket_id)
         CROSS JOIN LATERAL (
             -- Row by row: no guess of the planner's makes it read every ticket.
             SELECT * FROM ticket
             WHERE ticket.tenant_id = wanted.tenant_id AND ticket.ticket_id = wanted.ticket_id
             OFFSET 0
         ) t",
        &column(keys, |key| key.0.as_uuid()),
        &column(keys, |key| key.1.as_str()) as &[&str],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Ticket {
                tenant_id: TenantId::from_uuid(row.tenant_id),
                ticket_id: TicketId::parse(row.ticket_id)
                    .map_err(|error| Error::corrupt("ticket.ticket_id", error))?,
                payload_hash: digest("ticket.payload_hash", &row.payload_hash)?,
                sale_id: SaleId::from_uuid(row.sale_id),
                edge_id: EdgeId::from_uuid(row.edge_id),
                entry_seq: unsigned("ticket.entry_seq", row.entry_seq)?,
            })
        })
        .collect()
}
