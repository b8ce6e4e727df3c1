//! Whether a series may go on: it must not, once anyone has seen a higher
//! number than the books have. Then the books were restored from an older copy
//! or lost a commit, and the next number would be given out a second time.
//!
//! Three witnesses outlive Postgres: the newest `invoice.assigned` in the
//! stream, the high-water mark that numbering keeps on the broker, and the
//! edges, who say in each heartbeat what they hold. All of them learn of a
//! number only after its commit, so what they have seen is read *before* the
//! series' own counter: then a higher number is never a matter of timing.

use std::fmt;

use bus::{Bus, BusError};
use schemas::{EdgeId, SeriesId, TenantId};
use store::Pool;

/// Who has seen a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The high-water mark that numbering keeps outside of Postgres.
    RegisterMark,
    /// The newest `invoice.assigned` in the stream of facts.
    Stream,
    /// An edge, by its heartbeat.
    Edge(EdgeId),
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RegisterMark => f.write_str("the register mark on the broker"),
            Self::Stream => f.write_str("the stream of facts"),
            Self::Edge(edge) => write!(f, "the edge {edge}"),
        }
    }
}

/// The highest number of a series that somebody has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub by: Witness,
    /// Which number.
    pub no: u64,
}

/// Why a series is frozen. Its text is for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The newest number in the books.
    pub own: u64,
    /// The highest one that was seen.
    pub seen: Seen,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own, seen: Seen { by, no } } = self;
        write!(
            f,
            "the books end at number {own}, but {by} has seen number {no}: the books are older \
             than what was issued, and nothing is allocated until an operator recovers the series"
        )
    }
}

/// Decides whether a series whose newest number is `own` must freeze.
pub fn must_freeze(own: u64, seen: &[Seen]) -> Option<Reason> {
    let highest = seen.iter().max_by_key(|seen| seen.no)?;
    (highest.no > own).then_some(Reason { own, seen: *highest })
}

/// Why the witnesses of a series could not be heard.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The books could not be read.
    #[error("the books could not be asked for the highest number")]
    Store(#[from] store::Error),
    /// The broker could not be asked.
    #[error("the broker could not be asked for the highest number")]
    Bus(#[from] BusError),
}

/// Hears all witnesses of a series and freezes it if it must be. Returns why,
/// if it was frozen now.
///
/// # Errors
/// [`CheckError`] if a witness cannot be heard: then nothing may be allocated.
pub async fn check(
    pool: &Pool,
    bus: &Bus,
    tenant_id: TenantId,
    series_id: SeriesId,
) -> Result<Option<Reason>, CheckError> {
    let (branches, edge) = {
        let mut conn = pool.acquire().await.map_err(store::Error::from)?;
        let branches = store::companies::branches(&mut conn, tenant_id).await?;
        let edge = store::heartbeats::highest_number(&mut conn, series_id).await?;
        (branches, edge)
    };
    let branches: Vec<_> = branches.iter().map(|branch| branch.branch_id).collect();
    let mark = bus::register::read(bus, series_id).await?;
    let stream = bus::register::highest_assigned(bus, tenant_id, &branches, series_id).await?;
    let seen: Vec<_> = [
        mark.map(|no| Seen { by: Witness::RegisterMark, no }),
        stream.map(|no| Seen { by: Witness::Stream, no }),
        edge.map(|seen| Seen { by: Witness::Edge(seen.edge_id), no: seen.no }),
    ]
    .into_iter()
    .flatten()
    .collect();

    let mut tx = pool.begin().await.map_err(store::Error::from)?;
    store::series::lock(&mut tx, tenant_id).await?;
    let own = store::series::last_no(&mut tx, series_id).await?;
    let reason = own.and_then(|own| must_freeze(own, &seen));
    if let Some(reason) = &reason {
        let text = reason.to_string();
        store::numbering::freeze(&mut tx, series_id, &text).await?;
        store::recovery::need(&mut tx, Some(tenant_id), "numbering", &text).await?;
    }
    tx.commit().await.map_err(store::Error::from)?;
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_a_higher_number_freezes_and_the_highest_is_named() {
        let edge = EdgeId::from(Uuid::from_u128(7));
        let seen = |stream, mark, held| {
            [
                Seen { by: Witness::Stream, no: stream },
                Seen { by: Witness::RegisterMark, no: mark },
                Seen { by: Witness::Edge(edge), no: held },
            ]
        };
        assert_eq!(must_freeze(0, &[]), None);
        assert_eq!(must_freeze(41, &seen(41, 40, 3)), None);
        for (seen, witness) in [
            (seen(42, 0, 0), "the stream of facts"),
            (seen(41, 42, 41), "the register mark"),
            (seen(41, 41, 57), "the edge 00000000-0000-0000-0000-000000000007"),
        ] {
            let reason = must_freeze(41, &seen).expect("somebody has seen more");
            let text = reason.to_string();
            assert!(text.contains(witness) && text.contains("end at number 41"), "{text}");
        }
    }
}
