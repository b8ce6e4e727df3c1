//! The part of the books that a piece of a batch sees, and which part that is.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;
use schemas::{
    BranchId, CashSessionId, CommandId, CustomerId, EdgeId, OrderId, SaleId, StockItemId, TenantId,
    TicketId, VoidRequestId,
    events::{SaleFinalizedV1, SaleStatus, SessionReport, TenderMethod},
};
use store::{
    accounts::Account,
    cash::CashSession,
    commands::Standing,
    khqr::Intent,
    orders::Order,
    stock::Level,
    tickets::Ticket,
    voids::{SoldSale, VoidRequest},
};

use super::Work;
use crate::reading::Reading;

/// The rows that a piece of a batch needs to see, by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Cash sessions.
    pub sessions: BTreeSet<CashSessionId>,
    /// Those of them that are closed: their sums, and the requests that are
    /// pending in them.
    pub closing: BTreeSet<CashSessionId>,
    /// Those of them that get supplements.
    pub supplemented: BTreeSet<CashSessionId>,
    /// Orders.
    pub orders: BTreeSet<OrderId>,
    /// Branches whose direct door sells: the edges of their stores.
    pub doors: BTreeSet<BranchId>,
    /// Stock levels, in the order in which they are locked.
    pub levels: BTreeSet<(BranchId, StockItemId)>,
    /// Requests to undo sales.
    pub requests: BTreeSet<VoidRequestId>,
    /// Sales that such requests are about, with their orders and what is pending
    /// of them.
    pub sales: BTreeSet<SaleId>,
    /// Those of them that are undone: the levels of what they took.
    pub undone: BTreeSet<SaleId>,
    /// Commands.
    pub commands: BTreeSet<CommandId>,
    /// House accounts that are charged, in the order in which they are locked.
    pub accounts: BTreeSet<(TenantId, CustomerId)>,
    /// KHQR codes that sales name, by their md5, in the order in which they are
    /// locked.
    pub khqr: BTreeSet<String>,
}

impl Keys {
    /// What `works` need. `owners` are the tickets that they claim, as kept.
    pub fn of<'a>(works: impl Iterator<Item = Work<'a>>, owners: &Owners) -> Self {
        let mut keys = Self::default();
        for work in works {
            keys.add(&work, owners);
        }
        keys
    }

    fn add(&mut self, work: &Work<'_>, owners: &Owners) {
        match work.reading {
            Reading::SaleFinalized(sale) if owners.owns(work) => {
                self.sessions.extend(sale.cash_session_id);
                if is_by_door(work) {
                    self.doors.insert(sale.branch_id);
                }
                let items = sale.deductions.iter().map(|line| line.stock_item_id);
                self.levels.extend(items.map(|item| (sale.branch_id, item)));
                if let Some(proof) = &sale.tender.khqr {
                    self.khqr.insert(proof.khqr_md5.clone());
                }
                if sale.late.is_some() {
                    self.supplemented.extend(sale.cash_session_id);
                }
                if sale.tender.method == TenderMethod::Account {
                    self.accounts.extend(sale.customer_id.map(|id| (sale.tenant_id, id)));
                }
            }
            Reading::OrderStatusChanged(event) => {
                self.orders.insert(event.order_id);
            }
            Reading::OrderAccepted(event) => {
                self.orders.insert(event.order_id);
            }
            Reading::CashMoved(event) => {
                self.sessions.insert(event.cash_session_id);
            }
            Reading::CashSessionClosed(event) => {
                self.sessions.insert(event.cash_session_id);
                self.closing.insert(event.cash_session_id);
                self.requests.extend(event.rejected_voids.iter().map(|v| v.void_request_id));
                self.sales.extend(event.rejected_voids.iter().map(|v| v.sale_id));
            }
            Reading::VoidRequested(event) => self.void(event.void_request_id, event.sale_id, None),
            Reading::VoidApproved(event) => {
                self.void(event.void_request_id, event.sale_id, event.command_id);
                self.undone.insert(event.sale_id);
            }
            Reading::VoidRejected(event) => {
                self.void(event.void_request_id, event.sale_id, event.command_id);
            }
            Reading::EdgeAdopted(event) => {
                self.sessions.extend(&event.cash_sessions);
                self.orders.extend(&event.orders);
            }
            Reading::CommandRefused(event) => {
                self.commands.insert(event.command_id);
            }
            _ => {}
        }
    }

    fn void(&mut self, request: VoidRequestId, sale: SaleId, command: Option<CommandId>) {
        self.requests.insert(request);
        self.sales.insert(sale);
        self.commands.extend(command);
    }

    /// The sales to read, once the requests are: those of the requests too.
    pub fn sales_of(&self, requests: &[VoidRequest]) -> BTreeSet<SaleId> {
        let mut sales = self.sales.clone();
        sales.extend(requests.iter().map(|request| request.sale_id));
        sales
    }

    /// The sessions to read, once the sales are: those of the sales too.
    pub fn sessions_of(&self, sales: &HashMap<SaleId, SoldSale>) -> BTreeSet<CashSessionId> {
        let mut sessions = self.sessions.clone();
        sessions.extend(sales.values().filter_map(|sale| sale.cash_session_id));
        sessions
    }

    /// The levels to lock, once the sales are read: of what is undone too.
    pub fn levels_of(
        &self,
        sales: &HashMap<SaleId, SoldSale>,
    ) -> BTreeSet<(BranchId, StockItemId)> {
        let mut levels = self.levels.clone();
        for sale in self.undone.iter().filter_map(|id| sales.get(id)) {
            let items = sale.deductions.iter().map(|line| line.stock_item_id);
            levels.extend(items.map(|item| (sale.branch_id, item)));
        }
        levels
    }
}

/// Tickets and whose they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners(HashMap<(TenantId, TicketId), Ticket>);

impl Owners {
    /// Takes tickets as they are kept.
    pub fn of(tickets: impl IntoIterator<Item = Ticket>) -> Self {
        Self(tickets.into_iter().map(|t| ((t.tenant_id, t.ticket_id.clone()), t)).collect())
    }

    pub(super) fn get(&self, tenant: TenantId, ticket: &TicketId) -> Option<&Ticket> {
        self.0.get(&(tenant, ticket.clone()))
    }

    /// Whether the ticket that this entry claims is its own.
    pub(super) fn owns(&self, work: &Work<'_>) -> bool {
        let Reading::SaleFinalized(sale) = work.reading else { return false };
        self.get(sale.tenant_id, &sale.ticket_id)
            .is_some_and(|kept| (kept.edge_id, kept.entry_seq) == work.name())
    }
}

/// The part of the books that a piece of a batch sees and moves on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The tickets that are claimed, as kept.
    pub owners: Owners,
    /// Cash sessions.
    pub sessions: HashMap<CashSessionId, CashSession>,
    /// What the books add up to for sessions that are closed.
    pub sums: HashMap<CashSessionId, SessionReport>,
    /// The newest supplements of sessions that get some.
    pub supplements: HashMap<CashSessionId, u64>,
    /// Stores with an edge, among those whose direct door sells.
    pub store_edges: HashMap<BranchId, EdgeId>,
    /// Orders, and where their sales stand.
    pub orders: HashMap<OrderId, Order>,
    /// Stock levels.
    pub levels: HashMap<(BranchId, StockItemId), Level>,
    /// Requests to undo sales.
    pub requests: HashMap<VoidRequestId, VoidRequest>,
    /// The sales that they are about.
    pub sales: HashMap<SaleId, SoldSale>,
    /// Sales that entries of the piece ask to undo; a new one may be among them.
    pub awaited_sales: BTreeSet<SaleId>,
    /// Sessions that entries of the piece close; a new one may be among them.
    pub awaited_closes: BTreeSet<CashSessionId>,
    /// Commands.
    pub commands: HashMap<CommandId, Standing>,
    /// House accounts.
    pub accounts: HashMap<(TenantId, CustomerId), Account>,
    /// KHQR codes, by their md5.
    pub khqr: HashMap<String, Intent>,
}

impl State {
    /// Nothing of the books yet but whose the tickets are, and what the piece
    /// asks for.
    pub fn new(keys: &Keys, owners: Owners) -> Self {
        Self {
            owners,
            awaited_sales: keys.sales.clone(),
            awaited_closes: keys.closing.clone(),
            ..Self::default()
        }
    }

    /// Takes a sale that was just booked, with its order.
    pub(super) fn take(&mut self, sale: &SaleFinalizedV1, order: Order) {
        self.orders.insert(order.order_id, order);
        if self.awaited_sales.contains(&sale.sale_id) {
            self.sales.insert(sale.sale_id, SoldSale::of(sale));
        }
    }

    /// A sale of a branch with its order, if the books have it.
    pub(super) fn sale(&self, branch: BranchId, id: SaleId) -> Option<(SoldSale, Order)> {
        let sale = self.sales.get(&id).filter(|sale| sale.branch_id == branch)?;
        let order = self.orders.get(&sale.order_id)?;
        Some((sale.clone(), *order))
    }

    /// What the books add up to for a session of a branch that the piece closes.
    pub(super) fn sums_of(
        &mut self,
        branch: BranchId,
        session: CashSessionId,
    ) -> Option<&mut SessionReport> {
        if self.sums.is_empty() {
            return None;
        }
        self.is_open(branch, session)?;
        self.sums.get_mut(&session)
    }

    /// Moves a sale.
    pub(super) fn move_sale(&mut self, order: OrderId, to: SaleStatus) {
        if let Some(order) = self.orders.get_mut(&order) {
            order.sale_status = to;
        }
    }

    /// Whether a session of a branch is open; `None` if there is no such.
    pub(super) fn is_open(&self, branch: BranchId, session: CashSessionId) -> Option<bool> {
        let session = self.sessions.get(&session)?;
        (session.branch_id == branch).then_some(session.open)
    }

    /// The pending requests that fit, in the order of their ids.
    pub(super) fn pending(&self, fits: impl Fn(&VoidRequest) -> bool) -> Vec<VoidRequestId> {
        let pending = self.requests.values().filter(|r| r.state.is_pending() && fits(r));
        let ids: BTreeSet<VoidRequestId> = pending.map(|r| r.void_request_id).collect();
        ids.into_iter().collect()
    }
}

/// Whether an entry is of the direct door's own journal.
pub(super) fn is_by_door(work: &Work<'_>) -> bool {
    work.entry.edge_id == store::doors::door_edge(work.origin.branch_id)
}

/// An empty ledger.
pub(super) fn no_stock(branch_id: BranchId, stock_item_id: StockItemId) -> Level {
    Level { branch_id, stock_item_id, level: Decimal::ZERO, last_no: 0 }
}
