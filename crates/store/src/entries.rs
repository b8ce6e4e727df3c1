//! The archive of entries, as they were captured. Rows are added in the
//! transaction that moves the edge's cursor past them, and never changed.

use schemas::{EdgeId, Entry, Sha256Hash};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, digest, int8, unsigned},
};

/// Archives entries.
///
/// # Errors
/// [`Error::Database`] if the statement fails, e.g. because one is there.
pub async fn insert(conn: &mut Conn, entries: &[&Entry]) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query_file!(
        "src/sql/entry_insert.sql",
        &column(entries, |e| e.edge_id.as_uuid()),
        &column(entries, |e| int8(e.seq)),
        &column(entries, |e| e.kind.as_str()) as &[&str],
        &column(entries, |e| i32::from(e.schema_version)),
        &column(entries, |e| OffsetDateTime::from(e.recorded_at)),
        &column(entries, |e| &e.prev_hash.as_bytes()[..]) as &[&[u8]],
        &column(entries, |e| &e.hash.as_bytes()[..]) as &[&[u8]],
        &column(entries, |e| e.payload.as_slice()) as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The hashes of archived entries; those that are not there are left out.
///
/// # Errors
/// [`Error`] if the statement fails or a stored hash is not one.
pub async fn hashes(
    conn: &mut Conn,
    names: &[(EdgeId, u64)],
) -> Result<Vec<((EdgeId, u64), Sha256Hash)>, Error> {
    let rows = sqlx::query!(
        // Row by row: no guess of the planner's makes it read the whole archive.
        r#"SELECT w.edge_id AS "edge_id!", w.seq AS "seq!",
               (SELECT e.hash FROM edge_entry e
                WHERE e.edge_id = w.edge_id AND e.seq = w.seq) AS hash
           FROM unnest($1::uuid[], $2::bigint[]) AS w (edge_id, seq)"#,
        &column(names, |name| name.0.as_uuid()),
        &column(names, |name| int8(name.1)),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .filter_map(|row| row.hash.map(|hash| (row.edge_id, row.seq, hash)))
        .map(|(edge_id, seq, hash)| {
            let name = (EdgeId::from_uuid(edge_id), unsigned("edge_entry.seq", seq)?);
            Ok((name, digest("edge_entry.hash", &hash)?))
        })
        .collect()
}

/// Reads archived entries of one edge, in the order of their seq.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(conn: &mut Conn, edge: EdgeId, seqs: &[u64]) -> Result<Vec<Entry>, Error> {
    let rows = sqlx::query!(
        "SELECT edge_id, seq, kind, schema_version, recorded_at, prev_hash, hash, payload
         FROM edge_entry WHERE edge_id = $1 AND seq = ANY($2) ORDER BY seq",
        edge.as_uuid() as Uuid,
        &column(seqs, |seq| int8(*seq)),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Entry {
                edge_id: EdgeId::from_uuid(row.edge_id),
                seq: unsigned("edge_entry.seq", row.seq)?,
                prev_hash: digest("edge_entry.prev_hash", &row.prev_hash)?,
                hash: digest("edge_entry.hash", &row.hash)?,
                kind: row.kind,
                schema_version: u16::try_from(row.schema_version)
                    .map_err(|error| Error::corrupt("edge_entry.schema_version", error))?,
                recorded_at: row.recorded_at.into(),
                payload: row.payload,
            })
        })
        .collect()
}
