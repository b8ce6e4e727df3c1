//! The books in memory: the same trait, the same outcome, no database.

use std::collections::{BTreeMap, HashMap};

use schemas::{
    CashSessionId, CommandId, Currency, EdgeId, OrderId, SaleId, TenantId, TicketId, VoidRequestId,
    events::{CashSessionOpenedV1, SaleFinalizedV1, SaleStatus},
    requests::JournalHead,
};
use store::{
    Error,
    cash::CashSession,
    commands::{Standing, State as CommandState},
    cursors::{Cursor, CursorMove},
    khqr::{Intent, IntentState},
    orders::Order,
    quarantine::Quarantined,
    stock::Level,
    tickets::Ticket,
    voids::{SoldSale, VoidRequest},
};
use testkit::sqlx;
use uuid::Uuid;
use workers::{
    books::{Archived, Books},
    plan::{Changes, Keys, Owners, State},
};

use super::{Snapshot, Store, handed, sums};

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
    /// Books in which the edges of `stores` are enrolled.
    pub fn enrolling(stores: &[Store]) -> Self {
        let mut books = Self::default();
        for store in stores {
            books.enrol(store, store.edge_id, false);
            books.tables.store_edges.insert(store.branch_id, store.edge_id);
        }
        books
    }

    /// Makes the door edge of a store.
    pub fn open_door(&mut self, store: &Store) {
        self.enrol(store, store::doors::door_edge(store.branch_id), true);
    }

    fn enrol(&mut self, store: &Store, edge_id: EdgeId, direct: bool) {
        let Store { tenant_id, branch_id, .. } = *store;
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

impl Tables {
    fn write(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for entry in &changes.entries {
            let name = (entry.edge_id, entry.seq);
            unique(self.archived.insert(name, entry.hash).is_none())?;
            let hash = entry.hash.as_bytes().to_vec();
            self.books.entries.insert((entry.edge_id.as_uuid(), int8(entry.seq)), hash);
        }
        for event in &changes.sessions {
            let id = event.cash_session_id;
            let session =
                CashSession { cash_session_id: id, branch_id: event.branch_id, open: true };
            unique(self.sessions.insert(id, session).is_none())?;
            self.openings.insert(id, (*event).clone());
            self.books.sessions.insert(id.as_uuid(), "OPEN".to_owned());
        }
        self.write_sales(changes)?;
        handed::write(self, changes)?;
        self.write_voids_and_closes(changes)?;
        for to in changes.order_moves.values() {
            let order = self.orders.get_mut(&to.order_id).unwrap();
            order.status = to.to;
        }
        self.books.orders = self
            .orders
            .values()
            .map(|o| (o.order_id.as_uuid(), (o.sale_id.as_uuid(), o.status.as_str().to_owned())))
            .collect();
        self.write_money_and_stock(changes)?;
        self.write_told(changes)
    }

    fn write_sales(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        use schemas::events::OrderStatus::InPrep;
        for booked in &changes.sales {
            let sale = booked.sale;
            // What Postgres takes in no text column.
            unique(sale.lines.iter().all(|line| !line.name.contains('\0')))?;
            let row = (
                sale.ticket_id.to_string(),
                int8(booked.entry.seq),
                sale.grand_total_usd.0,
                SaleStatus::Finalized.as_str().to_owned(),
            );
            self.sales.insert(sale.sale_id, sale.clone());
            unique(self.books.sales.insert(sale.sale_id.as_uuid(), row).is_none())?;
            let order = Order {
                order_id: sale.order_id,
                sale_id: sale.sale_id,
                branch_id: sale.branch_id,
                status: InPrep,
                sale_status: SaleStatus::Finalized,
                kept_by: Some(booked.entry.edge_id),
            };
            unique(self.orders.insert(sale.order_id, order).is_none())?;
            let queue = self.books.queue.entry(sale.branch_id.as_uuid()).or_default();
            queue.push(sale.sale_id.as_uuid());
        }
        for row in &changes.proofs {
            let id = row.sale_id.as_uuid();
            let proof = (row.proof.khqr_md5.clone(), row.proof.khqr_hash.clone());
            unique(self.books.proofs.insert(id, proof).is_none())?;
        }
        for claim in &changes.claims {
            let intent = self.khqr.get_mut(&claim.md5).unwrap();
            assert!(intent.sale_id.is_none() && intent.payment.is_some());
            (intent.state, intent.sale_id) = (IntentState::Claimed, Some(claim.sale_id));
            self.books.claims.insert(claim.md5.clone(), claim.sale_id.as_uuid());
        }
        Ok(())
    }

    fn write_money_and_stock(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for cash in &changes.cash {
            let row = (cash.cash_session_id.as_uuid(), cash.amount, "SALE_CASH".to_owned());
            self.currencies.insert(cash.movement_id.as_uuid(), cash.currency);
            unique(self.books.cash.insert(cash.movement_id.as_uuid(), row).is_none())?;
        }
        for cash in &changes.cash_movements {
            let kind = cash.kind.as_str().to_owned();
            self.currencies.insert(cash.movement_id.as_uuid(), cash.currency);
            let row = (cash.cash_session_id.as_uuid(), cash.amount, kind);
            unique(self.books.cash.insert(cash.movement_id.as_uuid(), row).is_none())?;
        }
        for row in changes.deductions.iter().chain(&changes.restored) {
            let item = (row.branch_id.as_uuid(), row.stock_item_id.as_uuid());
            let key = (item.0, item.1, int8(row.stock_no));
            let kept = (row.delta, row.level_after, int8(row.entry_seq));
            unique(self.books.ledger.insert(key, kept).is_none())?;
        }
        for (key, level) in &changes.levels {
            self.levels.insert(*key, *level);
            let kept = (level.level, int8(level.last_no));
            self.books.levels.insert((key.0.as_uuid(), key.1.as_uuid()), kept);
        }
        Ok(())
    }

    fn write_voids_and_closes(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for to in changes.sale_moves.values() {
            let order = self.sales[&to.sale_id].order_id;
            self.orders.get_mut(&order).unwrap().sale_status = to.to;
            let row = self.books.sales.get_mut(&to.sale_id.as_uuid()).unwrap();
            to.to.as_str().clone_into(&mut row.3);
        }
        for (id, request) in &changes.requests {
            let kept = (request.sale_id.as_uuid(), request.state.as_str().to_owned());
            self.books.requests.insert(id.as_uuid(), kept);
            self.requests.insert(*id, request.clone());
        }
        for row in &changes.supplements {
            let kept = (row.cash_session_id.as_uuid(), int8(row.supplement_no));
            unique(self.books.supplements.insert(row.sale_id.as_uuid(), kept).is_none())?;
        }
        for close in &changes.closes {
            self.sessions.get_mut(&close.cash_session_id).unwrap().open = false;
            self.books.sessions.insert(close.cash_session_id.as_uuid(), "CLOSED".to_owned());
        }
        for report in &changes.reports {
            let kept = (int8(report.entry.seq), report.entry.payload.clone());
            let id = report.closed.cash_session_id.as_uuid();
            unique(self.books.reports.insert(id, kept).is_none())?;
        }
        for outcome in &changes.outcomes {
            let command = self.commands.get_mut(&outcome.command_id).unwrap();
            assert_eq!(command.state, CommandState::Waiting);
            command.state = outcome.state;
            command.refusal.clone_from(&outcome.refusal);
        }
        Ok(())
    }

    fn write_told(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for raised in changes.exceptions.iter().map(|row| &row.raised) {
            let kept = (raised.kind.as_str().to_owned(), int8(raised.entry_seq));
            let id = raised.exception_id.as_uuid();
            unique(self.books.exceptions.insert(id, kept).is_none())?;
        }
        for row in &changes.quarantined {
            let kept = (row.reason.as_str().to_owned(), row.about.clone(), true);
            self.books.quarantine.insert((row.edge_id.as_uuid(), int8(row.seq)), kept);
            self.waiting.insert((row.edge_id, row.seq), row.clone());
        }
        for (edge, seq) in &changes.released {
            self.waiting.remove(&(*edge, *seq)).unwrap();
            self.books.quarantine.get_mut(&(edge.as_uuid(), int8(*seq))).unwrap().2 = false;
        }
        for fact in &changes.facts {
            let facts = self.books.facts.entry(fact.branch_id.as_uuid()).or_default();
            unique(!facts.contains(&fact.fact_id))?;
            facts.push(fact.fact_id.clone());
        }
        for row in &changes.audit {
            let rows = self.books.audit.entry(row.branch_id.as_uuid()).or_default();
            let activity = row.activity.unwrap_or_default().to_owned();
            rows.push((row.action.to_owned(), activity, int8(row.entry.1)));
        }
        Ok(())
    }
}

pub(super) fn unique(holds: bool) -> Result<(), Error> {
    if holds {
        return Ok(());
    }
    Err(Error::Database(sqlx::Error::Encode("the database would refuse this".into())))
}

pub(super) fn int8(value: u64) -> i64 {
    i64::try_from(value).unwrap()
}
