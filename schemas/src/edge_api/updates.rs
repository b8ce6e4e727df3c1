//! What is told to those who watch.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SyncStatus;
use crate::{CashSessionId, OrderId, SaleId, TicketId, VoidRequestId, events::OrderStatus};

/// One update of `GET /v1/updates` (server-sent events; the event's name is
/// the tag, its id the journal's or mapping's place).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Update {
    /// A sale was completed.
    SaleCaptured {
        /// Its ticket.
        ticket_id: TicketId,
    },
    /// A drawer was opened.
    SessionOpened {
        /// Its session.
        cash_session_id: CashSessionId,
    },
    /// Money went in or out of a drawer, other than by a sale.
    CashMoved {
        /// Its session.
        cash_session_id: CashSessionId,
    },
    /// A drawer was counted and closed.
    SessionClosed {
        /// Its session.
        cash_session_id: CashSessionId,
        /// Requests to void that the close rejected.
        rejected_voids: Vec<VoidRequestId>,
    },
    /// An online order is the store's to make.
    OrderAccepted {
        /// Which.
        order_id: OrderId,
        /// Its sale.
        sale_id: SaleId,
    },
    /// An order moved on.
    OrderChanged {
        /// Which.
        order_id: OrderId,
        /// Its sale.
        sale_id: SaleId,
        /// Where it is now.
        status: OrderStatus,
    },
    /// Someone asked to undo a sale: it is `VOID_PENDING`.
    VoidRequested {
        /// The request.
        void_request_id: VoidRequestId,
        /// The sale's ticket.
        ticket_id: TicketId,
    },
    /// A sale was undone: it and its order are `VOIDED`.
    VoidApproved {
        /// The request.
        void_request_id: VoidRequestId,
        /// The sale's ticket.
        ticket_id: TicketId,
    },
    /// A sale was not undone: it is `FINALIZED` again.
    VoidRejected {
        /// The request.
        void_request_id: VoidRequestId,
        /// The sale's ticket.
        ticket_id: TicketId,
    },
    /// A ticket has its number.
    InvoiceAssigned {
        /// The ticket.
        ticket_id: TicketId,
        /// The number.
        invoice_no: u64,
    },
    /// A sale is held for a manager, or one decided about it.
    HeldSaleChanged {
        /// Its ticket.
        ticket_id: TicketId,
    },
    /// The way to the books changed.
    SyncChanged {
        /// How far it is now.
        status: Box<SyncStatus>,
    },
}
