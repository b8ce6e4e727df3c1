//! The books in memory: the same trait, the same outcome, no database. For tests
//! and for the simulator; one conformance suite holds them and those in Postgres
//! to the same outcomes.
//!
//! What a worker may not write at all (a row that is not there is changed) ends
//! the process: it would be a defect of the worker, found.
#![expect(clippy::unwrap_used, reason = "a model whose rules are broken has found a defect")]

mod handed;
mod snapshot;
mod sums;
mod writing;

use std::collections::{BTreeMap, HashMap};

use schemas::{
    CashSessionId, CommandId, Currency, EdgeId, OrderId, SaleId, TenantId, TicketId, VoidRequestId,
    events::{CashSessionOpenedV1, SaleFinalizedV1},
    requests::JournalHead,
};
use store::{
    Error,
    cash::CashSession,
    commands::Standing,
    cursors::{Cursor, CursorMove},
    khqr::Intent,
    orders::Order,
    quarantine::Quarantined,
    stock::Level,
    tickets::Ticket,
    voids::{SoldSale, VoidRequest},
};
use uuid::Uuid;

use crate::{
    books::{Archived, Books},
    plan::{Changes, Keys, Owners, State},
    reading::Origin,
};

pub use snapshot::Snapshot;

/// Books in memory. What is written counts at once; marks are copies.
#[derive(Clone, Default)]
pub struct MemoryBooks {
    tables: Tables,
    marks: Vec<Tables>,
}

#[derive(Clone, Default)]
pub(super) struct Tables {
    pub(super) books: Snapshot,
    cursors: BTreeMap<EdgeId, Cursor>,
    archived: Archived,
    tickets: HashMap<(TenantId, TicketId), Ticket>,
    sessions: HashMap<CashSessionId, CashSession>,
    pub(super) openings: HashMap<CashSessionId, CashSessionOpenedV1>,
    pub(super) orders: HashMap<OrderId, Order>,
    pub(super) sales: BTreeMap<SaleId, SaleFinalizedV1>,
    /// Of each movement of cash.
    pub(super) currencies: HashMap<Uuid, Currency>,
    requests: BTreeMap<VoidRequestId, VoidRequest>,
    commands: HashMap<CommandId, Standing>,
    /// Stores with an edge.
    store_edges: HashMap<schemas::BranchId, EdgeId>,
    levels: HashMap<(schemas::BranchId, schemas::StockItemId), Level>,
    waiting: BTreeMap<(EdgeId, u64), Quarantined>,
    khqr: HashMap<String, Intent>,
}

impl MemoryBooks {
    /// Books in which the edges of these stores are enrolled.
    pub fn enrolling<S: Into<Origin>>(stores: impl IntoIterator<Item = S>) -> Self {
        let mut books = Self::default();
        for store in stores {
            books.enrol(store);
        }
        books
    }

    /// Enrols an edge, with nothing of it in the books.
    pub fn enrol(&mut self, store: impl Into<Origin>) {
        let origin = store.into();
        self.add_cursor(origin, false);
        self.tables.store_edges.insert(origin.branch_id, origin.edge_id);
    }

    /// Makes the door edge of a store.
    pub fn open_door(&mut self, store: impl Into<Origin>) {
        let origin = store.into();
        let edge_id = store::doors::door_edge(origin.branch_id);
        self.add_cursor(Origin { edge_id, ..origin }, true);
    }

    fn add_cursor(&mut self, origin: Origin, direct: bool) {
        let Origin { tenant_id, branch_id, edge_id } = origin;
        let head = JournalHead::EMPTY;
        let cursor = Cursor { edge_id, tenant_id, branch_id, direct, head, held: None };
        self.tables.cursors.insert(edge_id, cursor);
    }

    /// Writes a command, as a back office would.
    pub fn command(&mut self, command: Standing) {
        self.tables.commands.insert(command.command.command_id, command);
    }

    /// Writes a KHQR code with its payment, as `ingest` would.
    pub fn khqr(&mut self, intent: Intent) {
        self.tables.khqr.insert(intent.md5.clone(), intent);
    }

    /// Where a command stands.
    pub fn standing(&self, command: CommandId) -> &Standing {
        &self.tables.commands[&command]
    }

    /// What is in them.
    pub fn snapshot(&self) -> Snapshot {
        let mut books = self.tables.books.clone();
        books.cursors = self
            .tables
            .cursors
            .values()
            .map(|cursor| {
                let hash = cursor.head.hash.as_bytes().to_vec();
                let seq = int8(cursor.head.seq);
                (cursor.edge_id.as_uuid(), (seq, hash, cursor.held.is_some()))
            })
            .collect();
        books
    }

    /// What is in them, but for the cursors.
    pub fn written(&self) -> &Snapshot {
        &self.tables.books
    }

    /// A sale.
    pub fn sale(&self, id: SaleId) -> Option<&SaleFinalizedV1> {
        self.tables.sales.get(&id)
    }

    /// A ticket that is taken.
    pub fn ticket(&self, tenant: TenantId, ticket: &TicketId) -> Option<&Ticket> {
        self.tables.tickets.get(&(tenant, ticket.clone()))
    }

    /// The cursor of an edge that is enrolled.
    pub fn cursor(&self, edge: EdgeId) -> Option<&Cursor> {
        self.tables.cursors.get(&edge)
    }

    /// How far they are with an edge.
    pub fn head(&self, edge: EdgeId) -> JournalHead {
        self.tables.cursors[&edge].head
    }
}

impl Books for MemoryBooks {
    async fn lock_cursors(&mut self, edges: &[EdgeId]) -> Result<Vec<Cursor>, Error> {
        let known = |edge: &EdgeId| self.tables.cursors.get(edge).cloned();
        Ok(edges.iter().filter_map(known).collect())
    }

    async fn archived(&mut self, names: &[(EdgeId, u64)]) -> Result<Archived, Error> {
        let known = |name: &(EdgeId, u64)| Some((*name, *self.tables.archived.get(name)?));
        Ok(names.iter().filter_map(known).collect())
    }

    async fn waiting(&mut self, edges: &[EdgeId], ids: &[Uuid]) -> Result<Vec<Quarantined>, Error> {
        let concerns = |row: &&Quarantined| {
            edges.contains(&row.edge_id) && row.about.iter().any(|id| ids.contains(id))
        };
        Ok(self.tables.waiting.values().filter(concerns).cloned().collect())
    }

    async fn claim(&mut self, tickets: Vec<Ticket>) -> Result<Owners, Error> {
        let mut kept = Vec::new();
        for ticket in tickets {
            let key = (ticket.tenant_id, ticket.ticket_id.clone());
            let ticket = self.tables.tickets.entry(key).or_insert(ticket);
            kept.push(ticket.clone());
            let outcome =
                (ticket.sale_id.as_uuid(), ticket.edge_id.as_uuid(), int8(ticket.entry_seq));
            self.tables.books.tickets.insert(ticket.ticket_id.to_string(), outcome);
        }
        Ok(Owners::of(kept))
    }

    async fn load(&mut self, keys: &Keys, owners: Owners) -> Result<State, Error> {
        let mut state = State::new(keys, owners);
        self.load_voids(keys, &mut state);
        let Tables { sessions, orders, levels, store_edges, .. } = &self.tables;
        state.store_edges =
            keys.doors.iter().filter_map(|k| Some((*k, *store_edges.get(k)?))).collect();
        let wanted = keys.sessions_of(&state.sales);
        state.sessions = wanted.iter().filter_map(|k| Some((*k, *sessions.get(k)?))).collect();
        state.orders.extend(keys.orders.iter().filter_map(|k| Some((*k, *orders.get(k)?))));
        let known = |md5: &String| Some((md5.clone(), self.tables.khqr.get(md5)?.clone()));
        state.khqr = keys.khqr.iter().filter_map(known).collect();
        let wanted = keys.levels_of(&state.sales);
        state.levels = wanted.iter().filter_map(|k| Some((*k, *levels.get(k)?))).collect();
        let sums = |k: &CashSessionId| Some((*k, sums::of(&self.tables, *k)?));
        state.sums = keys.closing.iter().filter_map(sums).collect();
        for session in &keys.supplemented {
            let of_session = |row: &&(Uuid, i64)| row.0 == session.as_uuid();
            let newest = self.tables.books.supplements.values().filter(of_session).map(|r| r.1);
            if let Some(newest) = newest.max() {
                state.supplements.insert(*session, newest.unsigned_abs());
            }
        }
        Ok(state)
    }

    async fn write(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        self.tables.write(changes)
    }

    async fn move_cursors(&mut self, moves: &[CursorMove]) -> Result<(), Error> {
        for to in moves {
            let cursor = self.tables.cursors.get_mut(&to.edge_id).unwrap();
            cursor.head = to.head;
            if cursor.held.is_none() {
                cursor.held.clone_from(&to.held);
            }
        }
        Ok(())
    }

    async fn mark(&mut self) -> Result<(), Error> {
        self.marks.push(self.tables.clone());
        Ok(())
    }

    async fn keep(&mut self) -> Result<(), Error> {
        self.marks.pop().unwrap();
        Ok(())
    }

    async fn undo(&mut self) -> Result<(), Error> {
        self.tables = self.marks.pop().unwrap();
        Ok(())
    }
}

impl MemoryBooks {
    fn load_voids(&self, keys: &Keys, state: &mut State) {
        let Tables { requests, sales, orders, commands, .. } = &self.tables;
        let wanted = |request: &&VoidRequest| {
            keys.requests.contains(&request.void_request_id)
                || request.state.is_pending()
                    && (keys.sales.contains(&request.sale_id)
                        || keys.closing.contains(&request.cash_session_id))
        };
        let requests: Vec<_> = requests.values().filter(wanted).cloned().collect();
        for sale in keys.sales_of(&requests).iter().filter_map(|id| sales.get(id)) {
            state.orders.insert(sale.order_id, orders[&sale.order_id]);
            state.sales.insert(sale.sale_id, SoldSale::of(sale));
        }
        state.requests = requests.into_iter().map(|row| (row.void_request_id, row)).collect();
        let known = |id: &CommandId| Some((*id, commands.get(id)?.clone()));
        state.commands = keys.commands.iter().filter_map(known).collect();
    }
}

pub(super) fn unique(holds: bool) -> Result<(), Error> {
    if holds {
        return Ok(());
    }
    Err(Error::refused("the database would refuse this"))
}

pub(super) fn int8(value: u64) -> i64 {
    i64::try_from(value).unwrap()
}
