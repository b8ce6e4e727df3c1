//! The register, for those who check it.

use schemas::{SeriesId, TenantId, back_office::SeriesRow};
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{digest, unsigned},
};

struct Series {
    series_id: Uuid,
    last_no: i64,
    head_hash: Vec<u8>,
    frozen_reason: Option<String>,
}

impl TryFrom<Series> for SeriesRow {
    type Error = Error;

    fn try_from(row: Series) -> Result<Self, Error> {
        Ok(Self {
            series_id: row.series_id.into(),
            last_no: unsigned("invoice_series.last_no", row.last_no)?,
            head_hash: digest("invoice_series.head_hash", &row.head_hash)?,
            frozen_reason: row.frozen_reason,
        })
    }
}

/// The series of a company, by id, of those after this one.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn series_of(
    conn: &mut Conn,
    tenant_id: TenantId,
    after: Uuid,
    limit: u32,
) -> Result<Vec<SeriesRow>, Error> {
    sqlx::query_as!(
        Series,
        "SELECT series_id, last_no, head_hash, frozen_reason FROM invoice_series
         WHERE tenant_id = $1 AND series_id > $2 ORDER BY series_id LIMIT $3",
        tenant_id.as_uuid(),
        after,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(SeriesRow::try_from)
    .collect()
}

/// One series, if it is the company's.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn series(
    conn: &mut Conn,
    tenant_id: TenantId,
    series_id: SeriesId,
) -> Result<Option<SeriesRow>, Error> {
    sqlx::query_as!(
        Series,
        "SELECT series_id, last_no, head_hash, frozen_reason FROM invoice_series
         WHERE tenant_id = $1 AND series_id = $2",
        tenant_id.as_uuid(),
        series_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(SeriesRow::try_from)
    .transpose()
}
