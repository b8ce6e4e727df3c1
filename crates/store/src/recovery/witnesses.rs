//! Register rows that others hold and the books do not (any more).

use schemas::{BranchId, EdgeId, SeriesId, TenantId, facts::InvoiceAssignedV1};

use crate::{Conn, Error, columns};

/// The source of rows that were read from the stream of facts.
pub const STREAM: &str = "stream";

/// Keeps rows as `source` tells them; what it told before is kept once.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn keep(conn: &mut Conn, source: &str, rows: &[InvoiceAssignedV1]) -> Result<(), Error> {
    let bodies: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| {
            serde_json::to_vec(row).map_err(|error| Error::corrupt("register_witness.body", error))
        })
        .collect::<Result<_, _>>()?;
    sqlx::query!(
        "INSERT INTO register_witness (series_id, no, hash, source, tenant_id, branch_id,
             mapping_seq, body)
         SELECT row.series_id, row.no, row.hash, $1, row.tenant_id, row.branch_id,
             row.mapping_seq, row.body
         FROM unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::uuid[], $6::uuid[], $7::bigint[],
                 $8::bytea[])
             AS row (series_id, no, hash, tenant_id, branch_id, mapping_seq, body)
         ON CONFLICT DO NOTHING",
        source,
        &columns::column(rows, |row| row.series_id.as_uuid()),
        &columns::column(rows, |row| columns::int8(row.no)),
        &columns::column(rows, |row| &row.hash.as_bytes()[..]) as &[&[u8]],
        &columns::column(rows, |row| row.tenant_id.as_uuid()),
        &columns::column(rows, |row| row.branch_id.as_uuid()),
        &columns::column(rows, |row| columns::int8(row.mapping_seq)),
        &bodies,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest `mapping_seq` that an edge has told a row of; 0 if it told none.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn told_up_to(conn: &mut Conn, branch: BranchId, edge: EdgeId) -> Result<u64, Error> {
    let told = sqlx::query_scalar!(
        "SELECT max(mapping_seq) FROM register_witness WHERE branch_id = $1 AND source = $2",
        branch.as_uuid(),
        edge.to_string(),
    )
    .fetch_one(conn)
    .await?;
    columns::unsigned("register_witness.mapping_seq", told.unwrap_or(0))
}

/// Every row of a company that was told and that the register does not hold as it is,
/// by series and number.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn unknown(
    conn: &mut Conn,
    tenant_id: TenantId,
) -> Result<Vec<InvoiceAssignedV1>, Error> {
    sqlx::query_scalar!(
        "SELECT DISTINCT ON (w.series_id, w.no, w.hash) w.body FROM register_witness w
         LEFT JOIN invoice i ON i.series_id = w.series_id AND i.no = w.no AND i.hash = w.hash
         WHERE w.tenant_id = $1 AND i.no IS NULL
         ORDER BY w.series_id, w.no, w.hash, w.source",
        tenant_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .iter()
    .map(|body| {
        serde_json::from_slice(body).map_err(|error| Error::corrupt("register_witness.body", error))
    })
    .collect()
}

/// What the edges of a company say that they hold: the highest number of each series.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn highest_held(
    conn: &mut Conn,
    tenant_id: TenantId,
) -> Result<Vec<(SeriesId, u64)>, Error> {
    // A number beyond bigint cannot be one of ours.
    sqlx::query!(
        r#"SELECT (seen ->> 'series_id')::uuid AS "series_id!",
                  max((seen ->> 'no')::numeric)::bigint AS "no!"
           FROM edge e JOIN edge_heartbeat b USING (edge_id)
           CROSS JOIN LATERAL jsonb_array_elements(b.highest_numbers) AS seen
           WHERE e.tenant_id = $1 AND (seen ->> 'no')::numeric < 9223372036854775807
           GROUP BY 1"#,
        tenant_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        let no = columns::unsigned("edge_heartbeat.highest_numbers", row.no)?;
        Ok((row.series_id.into(), no))
    })
    .collect()
}

/// Forgets what was told about a company: it is in the register now.
///
/// # Errors
/// [`Error::Database`].
pub async fn forget(conn: &mut Conn, tenant_id: TenantId) -> Result<(), Error> {
    sqlx::query!("DELETE FROM register_witness WHERE tenant_id = $1", tenant_id.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}
