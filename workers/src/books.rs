//! The books as booking sees them: a small trait with one form in Postgres
//! ([`PgBooks`]) and one in memory (`memory`, behind the feature
//! `memory-books`), which must behave alike.
//!
//! All calls of one batch are within one transaction of the caller's. Marks
//! nest: what was written since the newest one is kept or undone.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
};

use schemas::{EdgeId, Sha256Hash};
use store::{
    Conn, Error, accounts, adoptions, audit, cash, commands, cursors,
    cursors::{Cursor, CursorMove},
    doors, entries, exceptions, handovers, khqr, orders, outbox, quarantine,
    quarantine::Quarantined,
    reports, sales, stock, tickets,
    tickets::Ticket,
    voids,
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

fn list<T: Copy>(keys: &BTreeSet<T>) -> Vec<T> {
    keys.iter().copied().collect()
}

/// What sales were paid by KHQR, and which codes they claim.
async fn write_khqr(conn: &mut Conn, changes: &Changes<'_>) -> Result<(), Error> {
    khqr::insert_proofs(conn, &changes.proofs).await?;
    let claimed = khqr::claim(conn, &changes.claims).await?;
    if usize::try_from(claimed) != Ok(changes.claims.len()) {
        return Err(Error::corrupt("khqr_intent.state", "it was claimed meanwhile"));
    }
    Ok(())
}

/// Orders that are handed over to the edges of their stores, and those that were
/// accepted there.
async fn write_handovers(conn: &mut Conn, changes: &Changes<'_>) -> Result<(), Error> {
    handovers::insert(conn, &changes.handovers).await?;
    let accepted = handovers::accept(conn, &changes.accepted).await?;
    if usize::try_from(accepted) != Ok(changes.accepted.len()) {
        return Err(Error::corrupt("order_handover.state", "it was accepted meanwhile"));
    }
    Ok(())
}

/// What a batch of nothing but sales in cash has none of.
async fn write_voids_and_closes(conn: &mut Conn, changes: &Changes<'_>) -> Result<(), Error> {
    let moves: Vec<_> = changes.sale_moves.values().copied().collect();
    voids::move_sales(conn, &moves).await?;
    let requests: Vec<_> = changes.requests.values().cloned().collect();
    voids::write(conn, &requests).await?;
    reports::insert_supplements(conn, &changes.supplements).await?;
    cash::close_sessions(conn, &changes.closes).await?;
    reports::insert(conn, &changes.reports).await?;
    let settled = commands::settle(conn, &changes.outcomes).await?;
    if usize::try_from(settled) != Ok(changes.outcomes.len()) {
        return Err(Error::corrupt("edge_command.state", "it was settled meanwhile"));
    }
    Ok(())
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

    /// Requests to undo sales, the sales, and the commands about them.
    async fn load_voids(&mut self, keys: &Keys, state: &mut State) -> Result<(), Error> {
        let (ids, sales, closing) = (list(&keys.requests), list(&keys.sales), list(&keys.closing));
        let requests = voids::read(self.conn, &ids, &sales, &closing).await?;
        let sales = list(&keys.sales_of(&requests));
        for (sale, order) in voids::read_sales(self.conn, &sales).await? {
            state.orders.insert(order.order_id, order);
            state.sales.insert(sale.sale_id, sale);
        }
        state.requests = requests.into_iter().map(|row| (row.void_request_id, row)).collect();
        let commands = commands::read(self.conn, &list(&keys.commands)).await?;
        state.commands = commands.into_iter().map(|row| (row.command.command_id, row)).collect();
        Ok(())
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
        let mut state = State::new(keys, owners);
        self.load_voids(keys, &mut state).await?;
        let sessions = keys.sessions_of(&state.sales);
        if !sessions.is_empty() {
            let rows = cash::read_sessions(self.conn, &list(&sessions)).await?;
            state.sessions = rows.into_iter().map(|row| (row.cash_session_id, row)).collect();
        }
        state.sums = reports::sums(self.conn, &list(&keys.closing)).await?;
        let supplemented = list(&keys.supplemented);
        let newest = reports::newest_supplements(self.conn, &supplemented).await?;
        state.supplements = newest.into_iter().collect();
        let codes: Vec<String> = keys.khqr.iter().cloned().collect();
        let intents = khqr::lock(self.conn, &codes).await?;
        state.khqr = intents.into_iter().map(|row| (row.md5.clone(), row)).collect();
        if !keys.orders.is_empty() {
            let rows = orders::read(self.conn, &list(&keys.orders)).await?;
            state.orders.extend(rows.into_iter().map(|row| (row.order_id, row)));
        }
        let doors = list(&keys.doors);
        state.store_edges = doors::store_edges(self.conn, &doors).await?.into_iter().collect();
        let accounts = accounts::lock(self.conn, &list(&keys.accounts)).await?;
        state.accounts =
            accounts.into_iter().map(|row| ((row.tenant_id, row.customer_id), row)).collect();
        let items = list(&keys.levels_of(&state.sales));
        if !items.is_empty() {
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
        write_khqr(conn, changes).await?;
        write_handovers(conn, changes).await?;
        adoptions::insert(conn, &changes.adopted).await?;
        let moves: Vec<_> = changes.order_moves.values().copied().collect();
        orders::advance(conn, &moves).await?;
        cash::insert_sale_cash(conn, &changes.cash).await?;
        accounts::charge(conn, &changes.charges).await?;
        cash::insert_movements(conn, &changes.cash_movements).await?;
        stock::insert_movements(conn, stock::Reason::Sale, &changes.deductions).await?;
        stock::insert_movements(conn, stock::Reason::Void, &changes.restored).await?;
        let levels: Vec<_> = changes.levels.values().copied().collect();
        stock::set_levels(conn, &levels).await?;
        write_voids_and_closes(conn, changes).await?;
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
