//! What the broker remembers of invoice numbers: a mark outside of Postgres
//! that only rises. Books that were restored from an older backup are lower
//! than it, and numbering sees that before it gives a number twice.

use bytes::Bytes;
use schemas::{
    BranchId, SeriesId, TenantId,
    facts::FactKind,
    subjects::{self, BOOKS_STREAM, REGISTER_BUCKET},
};
use serde::Deserialize;

use crate::{Bus, BusError, values};

/// How often [`raise`] tries when others raise the same mark meanwhile.
const MAX_ATTEMPTS: u32 = 16;

/// Raises the mark of `series` to `no`; a higher mark stays.
///
/// # Errors
/// If the broker does not answer, or the bucket does not exist.
pub async fn raise(bus: &Bus, series: SeriesId, no: u64) -> Result<(), BusError> {
    let key = series.to_string();
    for _ in 0..MAX_ATTEMPTS {
        let (mark, revision) = match values::get(bus, REGISTER_BUCKET, &key).await? {
            Some(value) => (number(&value.bytes)?, value.revision),
            None => (0, 0),
        };
        if mark >= no {
            return Ok(());
        }
        let text = Bytes::from(no.to_string());
        if values::put(bus, REGISTER_BUCKET, &key, text, Some(revision)).await? {
            return Ok(());
        }
    }
    Err(BusError::broker(format!("raising the mark of series {series}"), "others keep raising it"))
}

/// The mark of `series`; `None` if it has none.
///
/// # Errors
/// If the broker does not answer, the bucket does not exist, or the mark is no
/// number.
pub async fn read(bus: &Bus, series: SeriesId) -> Result<Option<u64>, BusError> {
    let value = values::get(bus, REGISTER_BUCKET, &series.to_string()).await?;
    value.map(|value| number(&value.bytes)).transpose()
}

/// The highest number of `series` in the newest `invoice.assigned` of each of a
/// company's branches in the stream; `None` if none is of that series.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn highest_assigned(
    bus: &Bus,
    tenant: TenantId,
    branches: &[BranchId],
    series: SeriesId,
) -> Result<Option<u64>, BusError> {
    #[derive(Deserialize)]
    struct Assigned {
        series_id: SeriesId,
        no: u64,
    }
    let mut highest = None;
    for branch in branches {
        let subject = subjects::fact(tenant, *branch, FactKind::InvoiceAssigned);
        let Some(message) = values::last_message(bus, BOOKS_STREAM, &subject).await? else {
            continue;
        };
        let assigned: Assigned = serde_json::from_slice(&message.payload)
            .map_err(|error| BusError::malformed(subject, error))?;
        if assigned.series_id == series {
            highest = highest.max(Some(assigned.no));
        }
    }
    Ok(highest)
}

fn number(bytes: &[u8]) -> Result<u64, BusError> {
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| BusError::malformed("a register mark", "it is no number"))
}
