//! Which facts the stream holds, branch by branch.

use std::collections::BTreeMap;

use schemas::{
    BranchId,
    subjects::{BOOKS_ALL, BOOKS_STREAM},
};

use super::wire;
use crate::{
    Bus, BusError,
    reading::{Reading, StreamReader},
};

/// How many messages are read at a time.
const PAGE: usize = 2_000;

/// The places of a branch's facts, as runs without gaps: the first and the last of each,
/// in their order.
pub type Runs = Vec<(u64, u64)>;

/// Reads which facts the stream holds; of each message only its headers. `progress`
/// hears how many are read, and of how many.
///
/// # Errors
/// If the broker does not answer, or the stream does not exist.
pub async fn places(
    bus: &Bus,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<BTreeMap<BranchId, Runs>, BusError> {
    let filter = BOOKS_ALL.to_owned();
    let reading = Reading { stream: BOOKS_STREAM, filter, after: 0, headers_only: true };
    let mut reader = StreamReader::open(bus, reading).await?;
    let all = reader.left();
    let mut places: BTreeMap<BranchId, Vec<u64>> = BTreeMap::new();
    loop {
        let batch = reader.next_batch(PAGE).await?;
        if batch.is_empty() {
            break;
        }
        for message in batch {
            // What is no fact holds none.
            let headers = message.headers.as_ref();
            let fact = wire::fact(&message.subject, headers, message.payload.clone());
            if let Ok(fact) = fact {
                places.entry(fact.branch_id).or_default().push(fact.fact_seq);
            }
        }
        progress(all.saturating_sub(reader.left()), all);
    }
    Ok(places.into_iter().map(|(branch, places)| (branch, runs(places))).collect())
}

fn runs(mut places: Vec<u64>) -> Runs {
    places.sort_unstable();
    let mut runs: Runs = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some((_, last)) if place <= last.saturating_add(1) => *last = place.max(*last),
            _ => runs.push((place, place)),
        }
    }
    runs
}

/// What of `first..=last` is in none of `runs`.
pub fn lacking(runs: &Runs, first: u64, last: u64) -> Runs {
    let mut lacking = Vec::new();
    let mut next = first;
    for (from, to) in runs {
        if *from > last {
            break;
        }
        if *from > next {
            lacking.push((next, from - 1));
        }
        next = next.max(to.saturating_add(1));
    }
    if next <= last {
        lacking.push((next, last));
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_is_what_is_not_held() {
        assert_eq!(runs(vec![3, 1, 2, 2, 7, 9, 8]), [(1, 3), (7, 9)]);
        let held = vec![(3, 5), (8, 8)];
        assert_eq!(lacking(&held, 1, 10), [(1, 2), (6, 7), (9, 10)]);
        assert_eq!(lacking(&held, 3, 8), [(6, 7)]);
        assert_eq!(lacking(&held, 4, 5), []);
        assert_eq!(lacking(&held, 9, 8), []);
        assert_eq!(lacking(&Vec::new(), 1, 2), [(1, 2)]);
        assert_eq!(lacking(&vec![(1, 20)], 1, 10), []);
    }
}
