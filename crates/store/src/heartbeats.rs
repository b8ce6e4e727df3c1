//! What each edge said of itself last. Lost or late heartbeats change nothing
//! but how much the centre knows: nobody decides about a sale by them.

use domain::completeness;
use schemas::{EdgeId, SeriesId, Timestamp, requests::HeartbeatV1};
use time::OffsetDateTime;

use crate::{Conn, Error, columns};

/// An edge that has seen a number of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenNumber {
    /// The edge.
    pub edge_id: EdgeId,
    /// The highest number it holds.
    pub no: u64,
}

/// How an edge is, as far as it has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastHeartbeat {
    /// Which.
    pub edge_id: EdgeId,
    /// When it was heard, by the centre's clock.
    pub received_at: Timestamp,
    /// The newest entry of its journal.
    pub journal_seq: u64,
    /// The newest entry it knew to be in the books.
    pub confirmed_seq: u64,
    /// When its oldest unconfirmed entry was recorded.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// The highest contiguous `mapping_seq` it held.
    pub mapping_seq: u64,
}

/// Keeps an edge's newest heartbeat, and what is proved by it and by those before; else
/// those are forgotten.
///
/// # Errors
/// [`Error::Database`]; a violated foreign key if the edge is not enrolled.
pub async fn record(
    conn: &mut Conn,
    edge_id: EdgeId,
    heartbeat: &HeartbeatV1,
    received_at: Timestamp,
) -> Result<(), Error> {
    let one_way = received_at.micros_since(heartbeat.sent_at);
    // When its journal ended there, by the centre's clock and no later than it was.
    let spoke_at = completeness::offset(heartbeat.clock_ahead_us, one_way)
        .map(|offset| OffsetDateTime::from(heartbeat.sent_at.plus_micros(offset)));
    sqlx::query_file!(
        "src/sql/heartbeat_record.sql",
        edge_id.as_uuid(),
        OffsetDateTime::from(received_at),
        OffsetDateTime::from(heartbeat.sent_at),
        columns::int8(heartbeat.journal_head.seq),
        heartbeat.journal_head.hash.as_bytes(),
        columns::int8(heartbeat.confirmed_seq),
        heartbeat.oldest_unconfirmed_at.map(OffsetDateTime::from),
        columns::int8(heartbeat.mapping_seq),
        json("highest_numbers", &heartbeat.highest_numbers)?,
        json("devices", &heartbeat.devices)?,
        columns::int8(heartbeat.storage.journal_bytes),
        columns::int8(heartbeat.storage.free_bytes),
        heartbeat.catalogue.map(|catalogue| columns::int8(catalogue.version)),
        heartbeat.catalogue.as_ref().map(|catalogue| &catalogue.content_hash.as_bytes()[..]),
        heartbeat.software_version,
        heartbeat.clock_ahead_us,
        columns::int8(heartbeat.storage.used_bytes),
        columns::int8(heartbeat.storage.capacity_bytes),
        columns::int8(heartbeat.storage.bytes_per_ticket),
        columns::int8(heartbeat.storage.tickets_left),
        heartbeat.storage.level.as_str(),
        json("outages", &heartbeat.outages)?,
        spoke_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::corrupt(what, error))
}

/// The edge of the series' own company that has seen the highest number, if
/// any has seen one.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn highest_number(
    conn: &mut Conn,
    series_id: SeriesId,
) -> Result<Option<SeenNumber>, Error> {
    // A number beyond bigint cannot be one of ours, but it is above our own.
    sqlx::query!(
        r#"SELECT b.edge_id,
                  LEAST((seen ->> 'no')::numeric, 9223372036854775807)::bigint AS "no!"
           FROM invoice_series s
           JOIN edge e USING (tenant_id)
           JOIN edge_heartbeat b USING (edge_id)
           CROSS JOIN LATERAL jsonb_array_elements(b.highest_numbers) AS seen
           WHERE s.series_id = $1 AND seen ->> 'series_id' = s.series_id::text
           ORDER BY 2 DESC LIMIT 1"#,
        series_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let no = columns::unsigned("edge_heartbeat.highest_numbers", row.no)?;
        Ok(SeenNumber { edge_id: row.edge_id.into(), no })
    })
    .transpose()
}

/// Every edge's last heartbeat, by edge.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn all(conn: &mut Conn) -> Result<Vec<LastHeartbeat>, Error> {
    sqlx::query!(
        "SELECT edge_id, received_at, journal_seq, confirmed_seq, oldest_unconfirmed_at,
                mapping_seq
         FROM edge_heartbeat ORDER BY edge_id"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(LastHeartbeat {
            edge_id: row.edge_id.into(),
            received_at: row.received_at.into(),
            journal_seq: columns::unsigned("edge_heartbeat.journal_seq", row.journal_seq)?,
            confirmed_seq: columns::unsigned("edge_heartbeat.confirmed_seq", row.confirmed_seq)?,
            oldest_unconfirmed_at: row.oldest_unconfirmed_at.map(Timestamp::from),
            mapping_seq: columns::unsigned("edge_heartbeat.mapping_seq", row.mapping_seq)?,
        })
    })
    .collect()
}
