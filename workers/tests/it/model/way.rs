//! The way from stores to the worker: what it loses, doubles, reorders and
//! damages before it lets everything through.

use std::collections::HashSet;

use proptest::{collection::vec, prelude::*, sample::select};
use schemas::Entry;

use super::{Damage, Delivered, Step};

/// One message: whose, how far ahead of or behind the cursor, how damaged.
pub type Hop = (usize, i8, Damage);

/// What two stores write, and what comes of it in which batches.
#[derive(Debug, Clone)]
pub struct Trip {
    pub steps: [Vec<Step>; 2],
    pub batches: Vec<Vec<Hop>>,
    /// How much of the rest arrives at once in the end.
    pub batch: usize,
}

/// Any trip.
pub fn trips() -> impl Strategy<Value = Trip> {
    let steps = || vec(prop_oneof![4 => Just(Step::Sell), 6 => select(&Step::ALL[..])], 1..25);
    let damage = prop_oneof![
        8 => Just(Damage::None),
        1 => Just(Damage::Payload),
        1 => Just(Damage::Seq),
    ];
    let batches = vec(vec((0..2_usize, -3..6_i8, damage), 1..12), 0..12);
    (steps(), steps(), batches, 1..40_usize).prop_map(|(a, b, batches, batch)| Trip {
        steps: [a, b],
        batches,
        batch,
    })
}

/// The messages of one batch of a trip. `heads` are the cursors. An entry is
/// damaged once at most: the same again would hold its edge.
pub fn batch(
    hops: &[Hop],
    journals: &[Vec<Entry>],
    heads: &[u64],
    damaged: &mut HashSet<(usize, u64)>,
) -> Vec<Delivered> {
    hops.iter()
        .filter_map(|(store, offset, damage)| {
            let seq = heads[*store].checked_add_signed(i64::from(*offset))?;
            let entry = journals[*store].get(usize::try_from(seq).ok()?.checked_sub(1)?)?;
            // An odd seq is never claimed by two damaged messages.
            let once = *damage != Damage::None && seq % 2 == 0 && damaged.insert((*store, seq));
            let damage = if once { *damage } else { Damage::None };
            let message = u64::try_from(damaged.len()).ok()? * 1_000;
            Some(Delivered { store: *store, entry: entry.clone(), damage, message })
        })
        .collect()
}
