//! The books in memory, which may be made to lie: what they say to the workers' cores
//! is where invariants are broken on purpose.

use std::collections::BTreeMap;

use schemas::{EdgeId, requests::JournalHead};
use store::{
    Error,
    cursors::{Cursor, CursorMove},
    quarantine::Quarantined,
    tickets::Ticket,
};
use uuid::Uuid;
use workers::{
    books::{Archived, Books},
    memory::MemoryBooks,
    plan::{Changes, Keys, Owners, State},
    receive::Received,
};

use crate::Broken;

pub(crate) struct LyingBooks<'a> {
    books: &'a mut MemoryBooks,
    broken: Option<Broken>,
    /// The first entry of each edge that has arrived.
    first: BTreeMap<EdgeId, JournalHead>,
    /// The books before the cursors moved.
    before_moves: Option<MemoryBooks>,
}

impl<'a> LyingBooks<'a> {
    /// Honest, unless `broken` says otherwise.
    pub(crate) fn over(
        books: &'a mut MemoryBooks,
        broken: Option<Broken>,
        arrived: &[Received],
    ) -> Self {
        let mut first: BTreeMap<EdgeId, JournalHead> = BTreeMap::new();
        if broken == Some(Broken::SkipHoleCheck) {
            for entry in arrived.iter().filter_map(Received::entry) {
                let before = JournalHead { seq: entry.seq - 1, hash: entry.prev_hash };
                let kept = first.entry(entry.edge_id).or_insert(before);
                if before.seq < kept.seq {
                    *kept = before;
                }
            }
        }
        Self { books, broken, first, before_moves: None }
    }

    /// The effects alone, where the cursors are to be committed apart.
    pub(crate) fn without_cursors(self) -> Option<MemoryBooks> {
        self.before_moves
    }
}

impl Books for LyingBooks<'_> {
    async fn lock_cursors(&mut self, edges: &[EdgeId]) -> Result<Vec<Cursor>, Error> {
        let mut cursors = self.books.lock_cursors(edges).await?;
        for cursor in &mut cursors {
            if let Some(first) = self.first.get(&cursor.edge_id)
                && first.seq > cursor.head.seq
            {
                cursor.head = *first;
            }
        }
        Ok(cursors)
    }

    async fn archived(&mut self, names: &[(EdgeId, u64)]) -> Result<Archived, Error> {
        self.books.archived(names).await
    }

    async fn waiting(&mut self, edges: &[EdgeId], ids: &[Uuid]) -> Result<Vec<Quarantined>, Error> {
        self.books.waiting(edges, ids).await
    }

    async fn claim(&mut self, tickets: Vec<Ticket>) -> Result<Owners, Error> {
        self.books.claim(tickets).await
    }

    async fn load(&mut self, keys: &Keys, owners: Owners) -> Result<State, Error> {
        self.books.load(keys, owners).await
    }

    async fn write(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        self.books.write(changes).await
    }

    async fn move_cursors(&mut self, moves: &[CursorMove]) -> Result<(), Error> {
        if self.broken == Some(Broken::CursorApart) && !moves.is_empty() {
            self.before_moves = Some(self.books.clone());
        }
        self.books.move_cursors(moves).await
    }

    async fn mark(&mut self) -> Result<(), Error> {
        self.books.mark().await
    }

    async fn keep(&mut self) -> Result<(), Error> {
        self.books.keep().await
    }

    async fn undo(&mut self) -> Result<(), Error> {
        self.books.undo().await
    }
}
