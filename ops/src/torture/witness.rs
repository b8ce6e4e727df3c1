//! What the harness itself saw, outside of the system: every ticket that was asked
//! for, every answer to a till, every number that a till was ever shown. The books
//! are held against this in the end.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use rust_decimal::Decimal;
use schemas::{
    BranchId, Currency, Khr, SaleId, TicketId, Usd, door_api::DoorInvoice, edge_api::SaleReceipt,
    events::TenderMethod,
};

/// What became of an answered sale afterwards, as far as its till was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undone {
    /// Nobody asked to undo it, or that was rejected.
    No,
    /// It was undone.
    Yes,
}

/// How a sale was paid, as its till was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paid {
    pub(super) method: TenderMethod,
    pub(super) currency: Currency,
    pub(super) received: Decimal,
    pub(super) change: Decimal,
}

/// A sale that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) branch_id: BranchId,
    pub(super) sale_id: SaleId,
    pub(super) grand_total_usd: Usd,
    /// What only an edge tells.
    pub(super) payable_khr: Option<Khr>,
    pub(super) paid: Option<Paid>,
    pub(super) undone: Undone,
    /// At an edge; otherwise at the direct door.
    pub(super) at_edge: bool,
}

impl Answered {
    pub(super) fn by_edge(branch_id: BranchId, receipt: &SaleReceipt) -> Self {
        let tender = &receipt.tender;
        Self {
            branch_id,
            sale_id: receipt.sale_id,
            grand_total_usd: receipt.totals.grand_total_usd,
            payable_khr: Some(receipt.totals.payable_khr),
            paid: Some(Paid {
                method: tender.method,
                currency: tender.currency,
                received: tender.received,
                change: tender.change,
            }),
            undone: Undone::No,
            at_edge: true,
        }
    }

    pub(super) fn by_door(branch_id: BranchId, invoice: &DoorInvoice) -> Self {
        Self {
            branch_id,
            sale_id: invoice.sale_id,
            grand_total_usd: invoice.grand_total_usd,
            payable_khr: None,
            paid: None,
            undone: Undone::No,
            at_edge: false,
        }
    }
}

/// Everything that was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Every ticket that was ever posted, and where.
    pub(super) asked: HashMap<TicketId, BranchId>,
    pub(super) answered: HashMap<TicketId, Answered>,
    /// Refused for good, with the reason.
    pub(super) refused: HashMap<TicketId, String>,
    /// The number that a till was shown first.
    pub(super) shown: HashMap<TicketId, u64>,
    /// What must never be, in words.
    pub(super) wrong: Vec<String>,
    /// Requests that were made again because there was no answer, or none yet.
    pub(super) retried: u64,
    /// Answers of an edge that it has no room.
    pub(super) no_room: HashMap<BranchId, u64>,
    pub(super) voided: u64,
    pub(super) sessions_closed: u64,
    pub(super) by_khqr: u64,
    /// When an edge last answered a sale that was asked for under a new request.
    last_answer: HashMap<BranchId, Instant>,
}

/// Shared by all tills and watchers.
#[derive(Debug, Default)]
pub(super) struct Witness(Mutex<Seen>);

impl Witness {
    /// Looks, or writes something down.
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an edge answered a sale after `since`.
    pub(super) fn sold_since(&self, branch_id: BranchId, since: Instant) -> bool {
        self.seen().last_answer.get(&branch_id).is_some_and(|at| *at > since)
    }
}

impl Seen {
    pub(super) fn asks(&mut self, ticket: &TicketId, branch_id: BranchId) {
        self.asked.insert(ticket.clone(), branch_id);
    }

    /// A sale was answered. The same ticket must always be answered the same.
    pub(super) fn answers(&mut self, ticket: &TicketId, answer: Answered) {
        if answer.at_edge {
            self.last_answer.insert(answer.branch_id, Instant::now());
        }
        let Some(before) = self.answered.get(ticket) else {
            self.answered.insert(ticket.clone(), answer);
            return;
        };
        let same = Answered { undone: before.undone, ..answer };
        if same != *before {
            let text = format!("ticket {ticket} was answered as {before:?} and as {same:?}");
            self.wrong.push(text);
        }
    }

    pub(super) fn refuses(&mut self, ticket: &TicketId, why: String) {
        self.refused.insert(ticket.clone(), why);
    }

    pub(super) fn undoes(&mut self, ticket: &TicketId) {
        self.voided += 1;
        if let Some(sale) = self.answered.get_mut(ticket) {
            sale.undone = Undone::Yes;
        }
    }

    /// A till was shown a number. It must never be shown another.
    pub(super) fn shows(&mut self, ticket: &TicketId, no: u64) {
        match self.shown.get(ticket) {
            Some(before) if *before != no => {
                let text = format!("ticket {ticket} was shown as No. {before}, later as No. {no}");
                self.wrong.push(text);
            }
            Some(_) => {}
            None => {
                self.shown.insert(ticket.clone(), no);
            }
        }
    }
}
