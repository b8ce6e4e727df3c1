//! Whatever the way does to entries, the books end up as if each had come once
//! and in order.

use std::collections::HashSet;

use proptest::prelude::*;
use schemas::Entry;
use workers::batch::Memory;

use crate::model::{
    Delivered, MemoryBooks, Snapshot, Store, process,
    way::{Trip, batch, trips},
};

struct Run {
    stores: Vec<Store>,
    journals: Vec<Vec<Entry>>,
    books: MemoryBooks,
    memory: Memory,
}

impl Run {
    fn of(trip: &Trip) -> Self {
        let mut stores: Vec<Store> = (0..2).map(Store::new).collect();
        let journals =
            stores.iter_mut().zip(&trip.steps).map(|(store, steps)| store.write(steps)).collect();
        let books = MemoryBooks::enrolling(&stores);
        Self { stores, journals, books, memory: Memory::default() }
    }

    fn heads(&self) -> Vec<u64> {
        self.stores.iter().map(|store| self.books.head(store.edge_id).seq).collect()
    }

    fn deliver(&mut self, delivered: &[Delivered]) {
        let done = process(&mut self.books, &mut self.memory, &self.stores, delivered);
        futures::executor::block_on(done).unwrap();
    }

    /// All that is missing, in order, so many at once.
    fn finish(&mut self, at_once: usize) {
        let heads = self.heads();
        let rest: Vec<Delivered> = (0..2)
            .flat_map(|store| {
                let from = usize::try_from(heads[store]).unwrap();
                self.journals[store][from..].iter().map(move |e| Delivered::whole(store, e))
            })
            .collect();
        for batch in rest.chunks(at_once) {
            self.deliver(batch);
        }
    }
}

/// One entry at a time, in order.
fn in_order(trip: &Trip) -> Snapshot {
    let mut run = Run::of(trip);
    run.finish(1);
    run.books.snapshot()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_way_does_the_books_end_up_the_same(trip in trips()) {
        let mut run = Run::of(&trip);
        let mut damaged = HashSet::new();
        for hops in &trip.batches {
            let delivered = batch(hops, &run.journals, &run.heads(), &mut damaged);
            run.deliver(&delivered);
        }
        run.finish(trip.batch);
        let whole: Vec<u64> = run.journals.iter().map(|j| j.len() as u64).collect();
        prop_assert_eq!(run.heads(), whole);
        let expected = in_order(&trip);
        prop_assert_eq!(run.books.snapshot(), expected.clone());

        // Everything once more, as after the broker lost what was acked.
        let again: Vec<Delivered> = run
            .journals
            .iter()
            .enumerate()
            .flat_map(|(store, entries)| entries.iter().map(move |e| Delivered::whole(store, e)))
            .collect();
        run.deliver(&again);
        prop_assert_eq!(run.books.snapshot(), expected);
    }
}
