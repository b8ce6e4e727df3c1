//! What entries change in the books: pure, from the state that they need to
//! the rows that they make. Nothing here refuses what an edge journaled: what
//! looks wrong is booked as far as it fits, and raised as an exception
//! (invariant 2).
//!
//! The state is loaded set-wise for a whole piece of a batch, and each handler
//! sees what the entries before it made of it. One file for each entry.

mod accept_order;
mod adopt;
mod approve_void;
mod change_order_status;
mod close_cash_session;
mod finalize_sale;
mod move_cash;
mod open_cash_session;
mod raise_import;
mod record_audit;
mod refuse_command;
mod reject_void;
mod request_void;
mod set_aside;

mod khqr_proof;
mod session_sums;
mod stock_moves;
mod voiding;

mod changes;
mod state;

use schemas::{Entry, facts::ExceptionKind};
use store::tickets::Ticket;

pub use changes::Changes;
pub use set_aside::{SetAside, sort_out};
pub use state::{Keys, Owners, State};

use changes::Deed;

use crate::{
    reading::{Origin, Reading},
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
    /// What spoke against a fact of the direct door; nothing keeps one out.
    pub objections: &'a [(ExceptionKind, String)],
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
            (None, Reading::OrderAccepted(event)) => {
                accept_order::plan(work, event, state, &mut changes);
            }
            (None, Reading::CashMoved(event)) => {
                move_cash::plan(work, event, state, &mut changes);
            }
            (None, Reading::CashSessionClosed(event)) => {
                close_cash_session::plan(work, event, state, &mut changes);
            }
            (None, Reading::VoidRequested(event)) => {
                request_void::plan(work, event, state, &mut changes);
            }
            (None, Reading::VoidApproved(event)) => {
                approve_void::plan(work, event, state, &mut changes);
            }
            (None, Reading::VoidRejected(event)) => {
                reject_void::plan(work, event, state, &mut changes);
            }
            (None, Reading::CommandRefused(event)) => {
                refuse_command::plan(work, event, state, &mut changes);
            }
            (None, Reading::AuditRecorded(event)) => record_audit::plan(work, event, &mut changes),
            (None, Reading::EdgeAdopted(event)) => adopt::plan(work, event, state, &mut changes),
            (None, Reading::ImportConflicted(event)) => {
                raise_import::plan(work, event, &mut changes);
            }
            // `sort_out` has set it aside.
            (None, Reading::Unreadable { .. }) => {}
        }
        if work.waited && aside.is_none() {
            changes.released.push(work.name());
            changes.audit(work, Deed::of("EVENT_RELEASED"));
        }
    }
    changes
}
