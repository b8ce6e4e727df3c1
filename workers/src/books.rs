//! The books as booking sees them: a small trait with one form in Postgres
//! ([`PgBooks`]) and one in memory (in the tests), which must behave alike.
//!
//! All calls of one batch are within one transaction of the caller's. Marks
//! nest: what was written since the newest one is kept or undone.

use std::{collections::HashMap, future::Future};

use schemas::{EdgeId, Sha256Hash};
use store::{
    Conn, Error, audit, cash, cursors,
    cursors::{Cursor, CursorMove},
    entries, exceptions, orders, outbox, quarantine,
    quarantine::Quarantined,
    sales, stock, tickets,
    tickets::Ticket,
};
use uuid::Uuid;

use crate::plan::{Changes, Keys, Owners, State};

/// Hashes of archived entries, by edge and seq.
pub type Archived = HashMap<(EdgeId, u64), Sha256Hash>;

/// What booking reads and writes.
pub trait Books: Send {
    /// Locks and reads the cursors of the enrolled ones among `edges`, in the
    /// order of their ids.
    fn lock_cursors(
        &mut self,
        edges: &[EdgeId],
    ) -> impl Future<Output = Result<Vec<Cursor>, Error>> + Send;

    /// The hashes of those of these entries that are archived.
    fn archived(
        &mut self,
        names: &[(EdgeId, u64)],
    ) -> impl Future<Output = Result<Archived, Error>> + Send;

    /// The waiting entries of `edges` that are about any of `ids`.
    fn waiting(
        &mut self,
        edges: &[EdgeId],
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Quarantined>, Error>> + Send;

    /// Claims tickets, one for each key, and returns them as they are kept.
    fn claim(&mut self, tickets: Vec<Ticket>)
    -> impl Future<Output = Result<Owners, Error>> + Send;

    /// Locks and reads the rows with these keys; ledgers that are not there
    /// are begun.
    fn load(
        &mut self,
        keys: &Keys,
        owners: Owners,
    ) -> impl Future<Output = Result<State, Error>> + Send;

    /// Writes what was planned.
    fn write(&mut self, changes: &Changes<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Moves cursors.
    fn move_cursors(
        &mut self,
        moves: &[CursorMove],
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sets a mark.
    fn mark(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Forgets the newest mark, keeping what was written since.
    fn keep(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Undoes what was written since the newest mark, and forgets it.
    fn undo(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The books in Postgres, within a transaction.
pub struct PgBooks<'c> {
    conn: &'c mut Conn,
}

impl<'c> PgBooks<'c> {
    /// Uses the transaction that `conn` is in.
    pub fn within(conn: &'c mut Conn) -> Self {
        Self { conn }
    }
}

impl Books for PgBooks<'_> {
    async fn lock_cursors(&mut self, edges: &[EdgeId]) -> Result<Vec<Cursor>, Error> {
        cursors::lock(self.conn, edges).await
    }

    async fn archived(&mut self, names: &[(EdgeId, u64)]) -> Result<Archived, Error> {
        if names.is_empty() {
            return Ok(Archived::new());
        }
        Ok(entries::hashes(self.conn, names).await?.into_iter().collect())
    }

    async fn waiting(&mut self, edges: &[EdgeId], ids: &[Uuid]) -> Result<Vec<Quarantined>, Error> {
        quarantine::waiting_about(self.conn, edges, ids).await
    }

    async fn claim(&mut self, wanted: Vec<Ticket>) -> Result<Owners, Error> {
        if wanted.is_empty() {
            return Ok(Owners::default());
        }
        let claimed = tickets::claim(self.conn, &wanted).await?;
        if usize::try_from(claimed) == Ok(wanted.len()) {
            return Ok(Owners::of(wanted));
        }
        let keys: Vec<_> = wanted.iter().map(|t| (t.tenant_id, &t.ticket_id)).collect();
        Ok(Owners::of(tickets::read(self.conn, &keys).await?))
    }

    async fn load(&mut self, keys: &Keys, owners: Owners) -> Result<State, Error> {
        let mut state = State { owners, ..State::default() };
        if !keys.sessions.is_empty() {
            let ids: Vec<_> = keys.sessions.iter().copied().collect();
            let rows = cash::read_sessions(self.conn, &ids).await?;
            state.sessions = rows.into_iter().map(|row| (row.cash_session_id, row)).collect();
        }
        if !keys.orders.is_empty() {
            let ids: Vec<_> = keys.orders.iter().copied().collect();
            let rows = orders::read(self.conn, &ids).await?;
            state.orders = rows.into_iter().map(|row| (row.order_id, row)).collect();
        }
        if !keys.levels.is_empty() {
            let items: Vec<_> = keys.levels.iter().copied().collect();
            let mut rows = stock::lock_levels(self.conn, &items).await?;
            if rows.len() < items.len() {
                stock::create_levels(self.conn, &items).await?;
                rows = stock::lock_levels(self.conn, &items).await?;
            }
            state.levels =
                rows.into_iter().map(|row| ((row.branch_id, row.stock_item_id), row)).collect();
        }
        Ok(state)
    }

    async fn write(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        let conn = &mut *self.conn;
        entries::insert(conn, &changes.entries).await?;
        cash::insert_sessions(conn, &changes.sessions).await?;
        sales::insert(conn, &changes.sales).await?;
        sales::insert_lines(conn, &changes.sales).await?;
        orders::insert(conn, &changes.sales).await?;
        let moves: Vec<_> = changes.order_moves.values().copied().collect();
        orders::advance(conn, &moves).await?;
        cash::insert_sale_cash(conn, &changes.cash).await?;
        stock::insert_deductions(conn, &changes.deductions).await?;
        let levels: Vec<_> = changes.levels.values().copied().collect();
        stock::set_levels(conn, &levels).await?;
        exceptions::insert(conn, &changes.exceptions).await?;
        quarantine::set_aside(conn, &changes.quarantined).await?;
        let released = quarantine::release(conn, &changes.released).await?;
        if usize::try_from(released) != Ok(changes.released.len()) {
            return Err(Error::corrupt("quarantine.state", "it was released meanwhile"));
        }
        audit::append(conn, &changes.audit).await?;
        outbox::enqueue(conn, &changes.facts).await?;
        sales::enqueue_for_numbering(conn, &changes.sales).await
    }

    async fn move_cursors(&mut self, moves: &[CursorMove]) -> Result<(), Error> {
        cursors::advance(self.conn, moves).await
    }

    async fn mark(&mut self) -> Result<(), Error> {
        store::savepoint::set(self.conn).await
    }

    async fn keep(&mut self) -> Result<(), Error> {
        store::savepoint::keep(self.conn).await
    }

    async fn undo(&mut self) -> Result<(), Error> {
        store::savepoint::undo(self.conn).await
    }
}
