//! The direct door: what `ingest` committed is decided by whoever holds the branch's
//! shard, and becomes the next entry of the branch's own journal in the books.

use domain::journal_chain::{head_of, seal};
use futures::FutureExt;
use schemas::EntryKind;
use store::{cursors::CursorMove, doors::door_edge};
use workers::{
    booking::book,
    books::Books as _,
    memory::MemoryBooks,
    plan::Work,
    reading::{Origin, read},
    repricing::Repricing,
};

use crate::{
    books::{Settled, Submission, Written},
    shop::Asked,
    world::World,
};

impl World {
    /// What waits at the doors of a shard, in the order in which it came.
    pub(crate) fn waiting_at_door(&self, shard: u16) -> Vec<usize> {
        let waits = |(_, submission): &(usize, &Submission)| {
            let branch = self.shops[submission.shop].origin.branch_id;
            submission.outcome.is_none() && self.shard(branch) == shard
        };
        let waiting = self.books.submissions.iter().enumerate().filter(waits);
        waiting.map(|(place, _)| place).take(3).collect()
    }

    /// Decides and books them, in one transaction.
    ///
    /// # Errors
    /// What may not be: the books refuse what the door made.
    pub(crate) fn decide(&mut self, shard: u16, waits: &[usize]) -> Result<Written, String> {
        let mut finalized = self.books.shards[usize::from(shard)].finalized.clone();
        let mut settled = Vec::with_capacity(waits.len());
        for place in waits {
            let submission = self.books.submissions[*place].clone();
            let taken = finalized.ticket(self.tenant, &submission.ticket).is_some();
            let outcome = if taken {
                Settled::Refused
            } else {
                self.sell_at_door(&mut finalized, &submission)?
            };
            settled.push((*place, outcome));
        }
        let written = self.books.written(shard, finalized);
        Ok(Written { settled, ..written })
    }

    fn sell_at_door(
        &mut self,
        books: &mut MemoryBooks,
        submission: &Submission,
    ) -> Result<Settled, String> {
        let shop = std::sync::Arc::clone(&self.shops[submission.shop]);
        let edge = door_edge(shop.origin.branch_id);
        let origin = Origin { edge_id: edge, ..shop.origin };
        let Submission { ticket, cart, .. } = submission;
        let (at, sale, order) = (self.wall(), self.chance.id(), self.chance.id());
        let event = shop.sale(&Asked { edge, ticket, cart, sale, order, at, session: None })?;
        let payload = serde_json::to_vec(&event).map_err(|error| error.to_string())?;
        let kind = EntryKind::SaleFinalized;
        let entry = seal(edge, books.head(edge), kind, kind.newest_version(), at, payload);
        let reading = read(origin, &entry);
        let work = Work {
            origin,
            entry: &entry,
            reading: &reading,
            repricing: &Repricing::Agrees,
            objections: &[],
            waited: false,
        };
        let moved = CursorMove { edge_id: edge, head: head_of(&entry), held: None };
        let works = [work];
        let done = async {
            let booked = book(books, &works, 0).await.map_err(|error| error.to_string())?;
            let moved = books.move_cursors(&[moved]).await;
            moved.map_err(|error| error.to_string())?;
            match booked.set_aside.first() {
                Some((_, aside)) => {
                    Err(format!("the door's entry was set aside: {}", aside.detail))
                }
                None => Ok(Settled::Booked(sale)),
            }
        };
        done.now_or_never().unwrap_or_else(|| Err("books in memory waited".to_owned()))
    }

    /// Broken: the sales are committed, and the settlements only with the next commit.
    pub(crate) fn settle_apart(&mut self, shard: u16, written: &mut Written) {
        let settled = std::mem::take(&mut written.settled);
        self.books.commit(shard, written.clone());
        written.runs.clear();
        written.queued.clear();
        written.settled = settled;
    }
}
