//! Rows by the table, for measurements: what one database holds is copied into
//! another with Postgres's own COPY, and a queue is filled without its sales.
//! Used by `tillstream bench` and by nothing else.

use futures::TryStreamExt;
use schemas::{BranchId, Entry, Sha256Hash, TenantId};

use crate::{Conn, Error, Pool};

/// The tables that hold the rows of sales, without those that hold one row for
/// each company, store or item.
pub const SALE_TABLES: [&str; 10] = [
    "edge_entry",
    "ticket",
    "sale",
    "sale_line",
    "sale_order",
    "cash_movement",
    "stock_journal",
    "audit_log",
    "outbox",
    "invoice",
];

/// The rows of one table, as COPY writes them.
#[derive(Debug)]
pub struct Rows {
    table: &'static str,
    chunks: Vec<Vec<u8>>,
}

impl Rows {
    /// Their size.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }
}

/// COPY joins what the server sends to messages of about this size.
const CHUNK_BYTES: usize = 256 * 1024;

/// Reads all rows of one of [`SALE_TABLES`].
///
/// # Errors
/// [`Error::Database`].
pub async fn copy_out(conn: &mut Conn, table: &'static str) -> Result<Rows, Error> {
    let mut chunks = vec![Vec::with_capacity(CHUNK_BYTES)];
    let mut stream = conn.copy_out_raw(&format!("COPY {table} TO STDOUT (FORMAT binary)")).await?;
    while let Some(bytes) = stream.try_next().await? {
        match chunks.last_mut().filter(|chunk| chunk.len() + bytes.len() <= CHUNK_BYTES) {
            Some(chunk) => chunk.extend_from_slice(&bytes),
            None => chunks.push(bytes.to_vec()),
        }
    }
    Ok(Rows { table, chunks })
}

/// Writes rows into the table of the same name, in one transaction; returns how
/// many.
///
/// # Errors
/// [`Error::Database`].
pub async fn copy_in(conn: &mut Conn, rows: &Rows) -> Result<u64, Error> {
    let statement = format!("COPY {} FROM STDIN (FORMAT binary)", rows.table);
    let mut copy = conn.copy_in_raw(&statement).await?;
    for chunk in &rows.chunks {
        copy.send(chunk.as_slice()).await?;
    }
    Ok(copy.finish().await?)
}

/// Reads the newest sale entries of the books, at most `limit`, in the order
/// in which they may be booked again: by edge and place.
///
/// # Errors
/// [`Error`].
pub async fn sale_entries(conn: &mut Conn, limit: u64) -> Result<Vec<Entry>, Error> {
    let rows = sqlx::query!(
        "SELECT edge_id, seq, kind, schema_version, recorded_at, prev_hash, hash, payload
         FROM edge_entry WHERE kind = 'sale.finalized' ORDER BY seq, edge_id LIMIT $1",
        crate::columns::int8(limit),
    )
    .fetch_all(conn)
    .await?;
    let digest = |bytes: &[u8]| {
        Sha256Hash::try_from(bytes).map_err(|error| Error::corrupt("edge_entry", error))
    };
    rows.into_iter()
        .map(|row| {
            Ok(Entry {
                edge_id: row.edge_id.into(),
                seq: row.seq.unsigned_abs(),
                prev_hash: digest(&row.prev_hash)?,
                hash: digest(&row.hash)?,
                kind: row.kind,
                schema_version: row.schema_version.unsigned_abs(),
                recorded_at: row.recorded_at.into(),
                payload: row.payload,
            })
        })
        .collect()
}

/// Puts `count` made-up sales of one store into the numbering queue.
///
/// # Errors
/// [`Error::Database`].
pub async fn fill_numbering_queue(
    conn: &mut Conn,
    tenant_id: TenantId,
    branch_id: BranchId,
    count: u64,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO numbering_queue (tenant_id, branch_id, sale_id, ticket_id, edge_id,
             entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr)
         SELECT $1, $2, gen_random_uuid(), 'bench-' || gen_random_uuid(), $2,
             n, sha256(n::text::bytea), 3.50, 0.35, 14350
         FROM generate_series(1, $3::bigint) AS n",
        tenant_id.as_uuid(),
        branch_id.as_uuid(),
        crate::columns::int8(count),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes an empty database beside the one that `pool` is connected to.
///
/// # Errors
/// [`Error::Database`].
pub async fn create_database(pool: &Pool, name: &str) -> Result<(), Error> {
    let quoted = name.replace('"', "");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{quoted}\"")))
        .execute(pool)
        .await?;
    Ok(())
}

/// Writes everything that is dirty to disk, so that one measurement does not
/// pay for another.
///
/// # Errors
/// [`Error::Database`].
pub async fn checkpoint(pool: &Pool) -> Result<(), Error> {
    sqlx::raw_sql("CHECKPOINT").execute(pool).await?;
    Ok(())
}
