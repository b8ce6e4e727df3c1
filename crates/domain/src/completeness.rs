//! Up to when a store's sales are all in the books, numbered: "complete up to T".
//!
//! T is proved, not guessed. An edge says at a moment where its journal ends, by place
//! and hash. When the books have that very entry, they have everything that the journal
//! held at that moment, because it is one chain. T is such a moment, and never beyond
//! - what a till may still hold in its own queue: the last contact of each till in use;
//! - the oldest entry that was set aside and is neither booked nor discarded;
//! - the oldest sale without its number.
//!
//! Moments of an edge's clock are moved to the centre's by an offset that is at most
//! the true one, so that T is never too late. What nobody can prove is unknown.

use schemas::{DeviceId, Timestamp};

/// The centre's clock less an edge's, in microseconds: at most the true difference.
///
/// `at_least` is what the edge found from the centre's answers: the centre's time in an
/// answer less its own time when it came. `one_way` is the centre's time when it heard
/// the edge less the edge's time when it spoke, which is too much by the way. They
/// disagree when the edge's clock was set in between; the smaller one is never too much.
/// An edge that never had an answer proves nothing.
pub fn offset(at_least: Option<i64>, one_way: i64) -> Option<i64> {
    at_least.map(|at_least| at_least.min(one_way))
}

/// What the books know of a store. All moments are by the centre's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The newest moment at which the edge's journal ended with an entry that the books
    /// have, with the same hash.
    pub proved_at: Option<Timestamp>,
    /// When each till in use was last heard from by the edge.
    pub tills: Vec<(DeviceId, Timestamp)>,
    /// When the oldest entry was recorded that is set aside.
    pub set_aside_since: Option<Timestamp>,
    /// When the oldest sale was recorded that has no number.
    pub unnumbered_since: Option<Timestamp>,
    /// Up to when a box is proved that this store's edge replaced, if the books miss
    /// what it said it has; `Some(None)` if nothing of it is.
    pub older_box: Option<Option<Timestamp>>,
}

/// What T ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The newest proof: the line, or what is on its way.
    Proof,
    /// A till that was not heard from since.
    Till(DeviceId),
    /// An entry that is set aside.
    SetAside,
    /// A sale without its number.
    Unnumbered,
    /// A box that was replaced, and had more than the books.
    OlderBox,
}

/// Up to when a store is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completeness {
    /// T: every sale that was captured up to then is in the books, with its number.
    /// `None`: not known.
    pub up_to: Option<Timestamp>,
    /// What keeps it from being later.
    pub bound: Bound,
}

/// Weighs the evidence.
pub fn complete_up_to(evidence: &Evidence) -> Completeness {
    let unknown = |bound| Completeness { up_to: None, bound };
    let Some(proved_at) = evidence.proved_at else { return unknown(Bound::Proof) };
    let mut newest = (proved_at, Bound::Proof);
    let mut bound_by = |at: Timestamp, bound: Bound| {
        if at < newest.0 {
            newest = (at, bound);
        }
    };
    // The moment before: the entry itself is not in the books.
    let before = |at: Timestamp| at.plus_micros(-1);
    match evidence.older_box {
        None => {}
        Some(None) => return unknown(Bound::OlderBox),
        Some(Some(at)) => bound_by(at, Bound::OlderBox),
    }
    for (till, at) in &evidence.tills {
        bound_by(*at, Bound::Till(*till));
    }
    if let Some(at) = evidence.set_aside_since {
        bound_by(before(at), Bound::SetAside);
    }
    if let Some(at) = evidence.unnumbered_since {
        bound_by(before(at), Bound::Unnumbered);
    }
    let (up_to, bound) = newest;
    Completeness { up_to: Some(up_to), bound }
}
