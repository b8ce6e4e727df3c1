//! Reading the stream of entries beside its workers, to where it ended when the reading
//! began.

use schemas::{BranchId, subjects::POS_STREAM};

use super::{Delivery, shard_consumer::delivery};
use crate::{
    Bus, BusError,
    reading::{Reading, StreamReader},
};

/// The entries of the stream, or of one branch.
pub struct EntryReader(StreamReader);

impl EntryReader {
    /// Begins after `after`, a place in the stream; only what `filter` lets through.
    ///
    /// # Errors
    /// If the broker does not answer, or the stream does not exist.
    pub async fn open(bus: &Bus, filter: String, after: u64) -> Result<Self, BusError> {
        let reading = Reading { stream: POS_STREAM, filter, after, headers_only: false };
        StreamReader::open(bus, reading).await.map(Self)
    }

    /// How many messages are still to be read.
    pub const fn left(&self) -> u64 {
        self.0.left()
    }

    /// The next messages, at most `max`; none at the end. None of them needs an ack.
    ///
    /// # Errors
    /// If the broker does not answer, or what it said is there does not come.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        Ok(self.0.next_batch(max).await?.into_iter().map(delivery).collect())
    }
}

/// The subjects of all entries.
pub fn everything() -> String {
    schemas::subjects::POS_ALL.to_owned()
}

/// The subjects of a branch's entries.
pub fn of_branch(branch: BranchId) -> String {
    format!("pos.*.*.{branch}.>")
}

#[cfg(test)]
mod tests {
    use schemas::subjects::PosSubject;

    use super::*;

    #[test]
    fn a_branch_s_filter_matches_its_subjects() {
        let branch = "22222222-2222-4222-8222-222222222222".parse().expect("an id");
        let subject = PosSubject {
            shard: 3,
            tenant_id: "11111111-1111-4111-8111-111111111111".parse().expect("an id"),
            branch_id: branch,
            edge_id: "33333333-3333-4333-8333-333333333333".parse().expect("an id"),
            kind: "sale.finalized".to_owned(),
        };
        let subject = subject.to_string();
        let filter = of_branch(branch);
        let tokens = subject.split('.').zip(filter.split('.'));
        assert!(tokens.take_while(|(_, f)| *f != ">").all(|(s, f)| f == "*" || s == f));
    }
}
