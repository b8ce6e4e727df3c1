//! Writing missing effects anew: the rows that the handlers made beside the books.

use schemas::EdgeId;
use sqlx::AssertSqlSafe;

use super::{Beside, differences::wanted, tables::KEYED};
use crate::{Error, columns::column, columns::int8, cursors};

/// What was written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
}

/// Writes the rows that the wanted entries should have made and that are missing from
/// tables whose rows have a key that derives from their cause: all of them in one
/// transaction, under the locks of the journals' cursors, so that nobody books,
/// releases or repairs the same meanwhile. Sales that have neither a number nor a place
/// in the queue get one, in the order of their journals. Rows that are there are not
/// touched.
///
/// # Errors
/// [`Error::Database`]; nothing was written then, or (the commit failed) unknown.
pub async fn repair(
    beside: &mut Beside,
    edges: &[EdgeId],
    names: &[(EdgeId, u64)],
) -> Result<Vec<Repaired>, Error> {
    let Beside { conn, books } = beside;
    let mut tx = sqlx::Connection::begin(&mut *conn).await?;
    cursors::lock(&mut tx, edges).await?;
    sqlx::query(
        "DELETE FROM pg_temp.replay_wanted w WHERE NOT EXISTS (
            SELECT FROM unnest($1::uuid[], $2::bigint[]) AS n (edge_id, seq)
            WHERE n.edge_id = w.edge_id AND n.seq = w.seq)",
    )
    .bind(column(names, |name| name.0.as_uuid()))
    .bind(column(names, |name| int8(name.1)))
    .execute(&mut *tx)
    .await?;
    let mut repaired = Vec::new();
    for table in KEYED.iter().filter(|table| table.repairable) {
        let (name, only) = (table.name, table.only);
        let key = table.key.join(", ");
        let write = format!(
            "INSERT INTO {books}.{name} SELECT s.* FROM pg_temp.{name} s {wanted} WHERE {only}
             ON CONFLICT ({key}) DO NOTHING",
            wanted = wanted(table.cause),
        );
        let written = sqlx::query(AssertSqlSafe(write)).execute(&mut *tx).await?.rows_affected();
        repaired.push(Repaired { table: name, rows: written });
    }
    let queue = format!(
        "INSERT INTO {books}.numbering_queue (tenant_id, branch_id, sale_id, ticket_id, customer_id,
             edge_id, entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr)
         SELECT s.tenant_id, s.branch_id, s.sale_id, s.ticket_id, s.customer_id, s.edge_id,
             s.entry_seq, s.entry_hash, s.grand_total_usd, s.vat_usd, s.grand_total_khr
         FROM pg_temp.numbering_queue s
         JOIN pg_temp.replay_wanted w ON w.edge_id = s.edge_id AND w.seq = s.entry_seq
         WHERE NOT EXISTS (SELECT FROM {books}.invoice i WHERE i.sale_id = s.sale_id)
             AND NOT EXISTS (SELECT FROM {books}.numbering_queue q
                             WHERE q.tenant_id = s.tenant_id AND q.sale_id = s.sale_id)
         ORDER BY s.edge_id, s.entry_seq"
    );
    let queued = sqlx::query(AssertSqlSafe(queue)).execute(&mut *tx).await?.rows_affected();
    repaired.push(Repaired { table: "numbering_queue", rows: queued });
    tx.commit().await?;
    repaired.retain(|table| table.rows > 0);
    Ok(repaired)
}
