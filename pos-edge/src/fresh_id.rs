//! New ids.

use schemas::Timestamp;
use uuid::Uuid;

/// A UUID v7: random, but in the order of time, which keeps indexes small.
pub(crate) fn fresh_id<Id: From<Uuid>>(now: Timestamp) -> Id {
    let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid().into()
}
