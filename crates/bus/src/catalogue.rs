//! The bucket of branch catalogues: a copy for edges to fetch. The books hold
//! every catalogue; a wiped bucket is filled again from there.

use bytes::Bytes;
use schemas::{
    BranchId, TenantId,
    subjects::{CATALOGUE_BUCKET, catalogue_key},
};

use crate::{
    Bus, BusError,
    notices::{self, Notices},
    topology, values,
};

/// Makes `body` the catalogue of a branch.
///
/// # Errors
/// If the broker does not take it.
pub async fn put(
    bus: &Bus,
    tenant: TenantId,
    branch: BranchId,
    body: impl Into<Bytes>,
) -> Result<(), BusError> {
    let key = catalogue_key(tenant, branch);
    values::put(bus, CATALOGUE_BUCKET, &key, body.into(), None).await.map(drop)
}

/// The catalogue of a branch, as the bytes that were put.
///
/// # Errors
/// If the broker does not answer, or the bucket does not exist.
pub async fn get(bus: &Bus, tenant: TenantId, branch: BranchId) -> Result<Option<Bytes>, BusError> {
    let key = catalogue_key(tenant, branch);
    Ok(values::get(bus, CATALOGUE_BUCKET, &key).await?.map(|value| value.bytes))
}

/// Each catalogue that is put for a branch from now on. One that is put while
/// there is no line is missed: [`get`] after connecting again.
///
/// # Errors
/// If the connection was closed for good.
pub async fn watch(bus: &Bus, tenant: TenantId, branch: BranchId) -> Result<Notices, BusError> {
    let subject = values::subject(CATALOGUE_BUCKET, &catalogue_key(tenant, branch));
    notices::subscribe(bus, &subject).await
}

/// When the bucket was made, in nanoseconds since 1970: one that was lost and
/// made again has another.
///
/// # Errors
/// If the broker does not answer, or the bucket does not exist.
pub async fn bucket_born_at(bus: &Bus) -> Result<i128, BusError> {
    bus.needs_line()?;
    let stream = values::stream_of(CATALOGUE_BUCKET);
    let info = topology::stream_info(bus, &stream).await?;
    info.map(|info| info.created.unix_timestamp_nanos())
        .ok_or_else(|| BusError::Missing(format!("stream {stream}")))
}
