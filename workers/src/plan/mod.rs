//! What entries change in the books: pure, from the state that they need to
//! the rows that they make. Nothing here refuses a sale: what looks wrong is
//! booked and raised as an exception (invariant 2).
//!
//! The state is loaded set-wise for a whole piece of a batch, and each handler
//! sees what the entries before it made of it. One file for each entry.

mod change_order_status;
mod finalize_sale;
mod open_cash_session;
mod set_aside;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use schemas::{
    BranchId, CashSessionId, Entry, ExceptionId, OrderId, SaleId, StaffId, StockItemId, TenantId,
    TicketId,
    events::CashSessionOpenedV1,
    facts::{ExceptionKind, ExceptionRaisedV1, FactKind, id_from_entry},
};
use serde::Serialize;
use store::{
    audit::NewAudit,
    cash::{CashSession, SaleCash},
    exceptions::NewException,
    orders::{Order, OrderMove},
    outbox::NewFact,
    quarantine::Quarantined,
    sales::BookedSale,
    stock::{Level, SaleDeduction},
    tickets::Ticket,
};
use uuid::Uuid;

pub use set_aside::{SetAside, sort_out};

use crate::{
    reading::{Origin, Reading, plain},
    repricing::Repricing,
};

/// An admitted entry, read.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Whose it is, as enrolled.
    pub origin: Origin,
    /// The entry.
    pub entry: &'a Entry,
    /// What it tells.
    pub reading: &'a Reading,
    /// What pricing it again gave, if it is a sale.
    pub repricing: &'a Repricing,
    /// Whether it is in the archive already: it waited and is released.
    pub waited: bool,
}

impl Work<'_> {
    /// Its name, for maps.
    pub fn name(&self) -> (schemas::EdgeId, u64) {
        (self.entry.edge_id, self.entry.seq)
    }

    /// The ticket that it claims, if it is a sale.
    pub fn claim(&self) -> Option<Ticket> {
        let Reading::SaleFinalized(sale) = self.reading else { return None };
        Some(Ticket {
            tenant_id: sale.tenant_id,
            ticket_id: sale.ticket_id.clone(),
            payload_hash: sale.request_hash,
            sale_id: sale.sale_id,
            edge_id: self.entry.edge_id,
            entry_seq: self.entry.seq,
        })
    }
}

/// The rows that a piece of a batch needs to see, by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Cash sessions.
    pub sessions: BTreeSet<CashSessionId>,
    /// Orders.
    pub orders: BTreeSet<OrderId>,
    /// Stock levels, in the order in which they are locked.
    pub levels: BTreeSet<(BranchId, StockItemId)>,
}

impl Keys {
    /// What `works` need. `owners` are the tickets that they claim, as kept.
    pub fn of<'a>(works: impl Iterator<Item = Work<'a>>, owners: &Owners) -> Self {
        let mut keys = Self::default();
        for work in works {
            match work.reading {
                Reading::SaleFinalized(sale) if owners.owns(&work) => {
                    keys.sessions.insert(sale.cash_session_id);
                    let items = sale.deductions.iter().map(|line| line.stock_item_id);
                    keys.levels.extend(items.map(|item| (sale.branch_id, item)));
                }
                Reading::OrderStatusChanged(event) => {
                    keys.orders.insert(event.order_id);
                }
                _ => {}
            }
        }
        keys
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

    fn get(&self, tenant: TenantId, ticket: &TicketId) -> Option<&Ticket> {
        self.0.get(&(tenant, ticket.clone()))
    }

    /// Whether the ticket that this entry claims is its own.
    fn owns(&self, work: &Work<'_>) -> bool {
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
    /// Orders.
    pub orders: HashMap<OrderId, Order>,
    /// Stock levels.
    pub levels: HashMap<(BranchId, StockItemId), Level>,
}

/// The rows that a piece of a batch makes, table by table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// For the archive.
    pub entries: Vec<&'a Entry>,
    /// New cash sessions.
    pub sessions: Vec<&'a CashSessionOpenedV1>,
    /// New sales, with their lines, their orders and their places in the
    /// numbering queue, in the order in which the books take them.
    pub sales: Vec<BookedSale<'a>>,
    /// Money that came in.
    pub cash: Vec<SaleCash>,
    /// Moves of orders; one for each.
    pub order_moves: BTreeMap<OrderId, OrderMove>,
    /// Rows of stock ledgers.
    pub deductions: Vec<SaleDeduction>,
    /// The levels after them.
    pub levels: BTreeMap<(BranchId, StockItemId), Level>,
    /// For the audit log.
    pub audit: Vec<NewAudit>,
    /// For the outbox.
    pub facts: Vec<NewFact>,
    /// For a person to look at.
    pub exceptions: Vec<NewException>,
    /// Entries that are set aside.
    pub quarantined: Vec<Quarantined>,
    /// Entries that waited and do no longer.
    pub released: Vec<(schemas::EdgeId, u64)>,
}

/// Plans a piece of a batch: each work with what was decided about it by
/// [`sort_out`], in order. `state` ends as the books do.
pub fn plan<'a>(state: &mut State, works: &[(Work<'a>, Option<SetAside>)]) -> Changes<'a> {
    let mut changes = Changes::default();
    for (work, aside) in works {
        if !work.waited {
            changes.entries.push(work.entry);
        }
        match (aside, work.reading) {
            (Some(aside), _) => set_aside::plan(work, aside, &mut changes),
            (None, Reading::CashSessionOpened(event)) => {
                open_cash_session::plan(work, event, state, &mut changes);
            }
            (None, Reading::SaleFinalized(sale)) => {
                finalize_sale::plan(work, sale, state, &mut changes);
            }
            (None, Reading::OrderStatusChanged(event)) => {
                change_order_status::plan(work, event, state, &mut changes);
            }
            // `sort_out` has set it aside.
            (None, Reading::Unreadable { .. }) => {}
        }
        if work.waited && aside.is_none() {
            changes.released.push(work.name());
            changes.audit(work, "EVENT_RELEASED", None, None, None);
        }
    }
    changes
}

impl Changes<'_> {
    /// Tells a fact that repeats the entry.
    fn tell(&mut self, work: &Work<'_>, kind: FactKind) {
        let schema_version = work.entry.schema_version;
        let fact = fact(work, kind, id_from_entry(work.entry.edge_id, work.entry.seq, kind));
        self.facts.push(NewFact { schema_version, ..fact });
    }

    /// Tells a fact with a body of its own.
    fn tell_more(&mut self, work: &Work<'_>, kind: FactKind, id: String, body: &impl Serialize) {
        // Our own types of strings, numbers and decimals always serialise.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.facts.push(NewFact { body: Some(body), ..fact(work, kind, id) });
    }

    /// Raises an exception: one for each entry and kind.
    fn raise(
        &mut self,
        work: &Work<'_>,
        kind: ExceptionKind,
        concerns: (Option<SaleId>, Option<&TicketId>),
        detail: &str,
    ) {
        let Entry { edge_id, seq, recorded_at, .. } = *work.entry;
        let cause = format!("{seq}:{}", kind.as_str());
        let raised = ExceptionRaisedV1 {
            exception_id: ExceptionId::derived(edge_id.as_uuid(), &cause),
            branch_id: work.origin.branch_id,
            kind,
            edge_id,
            entry_seq: seq,
            sale_id: concerns.0,
            ticket_id: concerns.1.cloned(),
            detail: plain(detail),
            at: recorded_at,
        };
        let id =
            format!("{}:{}", id_from_entry(edge_id, seq, FactKind::ExceptionRaised), kind.as_str());
        self.tell_more(work, FactKind::ExceptionRaised, id, &raised);
        self.exceptions.push(NewException { tenant_id: work.origin.tenant_id, raised });
    }

    /// Adds a row to the audit log.
    fn audit(
        &mut self,
        work: &Work<'_>,
        action: &'static str,
        actor_id: Option<StaffId>,
        subject_id: Option<Uuid>,
        meta: Option<String>,
    ) {
        self.audit.push(NewAudit {
            tenant_id: work.origin.tenant_id,
            branch_id: work.origin.branch_id,
            action,
            actor_id,
            subject_id,
            entry: work.name(),
            occurred_at: work.entry.recorded_at,
            meta,
        });
    }
}

fn fact(work: &Work<'_>, kind: FactKind, fact_id: String) -> NewFact {
    NewFact {
        tenant_id: work.origin.tenant_id,
        branch_id: work.origin.branch_id,
        fact_id,
        kind,
        schema_version: 1,
        entry: Some(work.name()),
        invoice: None,
        body: None,
        occurred_at: work.entry.recorded_at,
    }
}

/// An empty ledger.
fn no_stock(branch_id: BranchId, stock_item_id: StockItemId) -> Level {
    Level { branch_id, stock_item_id, level: Decimal::ZERO, last_no: 0 }
}
