//! What people at the tills do and look at: sessions, orders, voids.

use schemas::{
    CashSessionId, NotificationId, StaffId, TicketId,
    catalogue::CatalogueRef,
    edge_api::{
        HeldSale, HeldSalePage, MovementPage, NotificationPage, OrderPage, Supplement,
        VoidRequestPage, XReport,
    },
    requests::{Command, HandedOrder},
};

use super::{
    Asked, Captured, CatalogueInUse, HeldFilter, Journal, JournalError, Kept, KnownSession,
    NewFact, NewHeld, NewLateSale, NotificationFilter, OrderFilter, Refusal, VoidFilter,
    captures::Capture, catalogue, held, notifications, orders, reports, sessions, void_requests,
};

impl Journal {
    /// Does what was asked, once for each key; returns when it is on the disk.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn carry_out(&self, asked: Asked) -> Result<Captured, Refusal> {
        self.capture(Capture::Act(asked)).await
    }

    /// Captures a sale that came after the close of its session.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn capture_late_sale(&self, late: NewLateSale) -> Result<Captured, Refusal> {
        self.capture(Capture::LateSale(Box::new(late))).await
    }

    /// Captures a sale that its till completed by itself.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn capture_fact(&self, fact: NewFact) -> Result<Captured, Refusal> {
        self.capture(Capture::Fact(Box::new(fact))).await
    }

    /// Holds such a sale for a manager, once for its ticket; returns when it is on the
    /// disk.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was written then.
    pub async fn hold_sale(&self, new: NewHeld) -> Result<Kept, Refusal> {
        self.ask(move |ledger| Box::pin(held::hold(ledger, new))).await?
    }

    /// A sale that is held or was, and what was asked for.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn held_sale(
        &self,
        ticket: TicketId,
    ) -> Result<Option<(HeldSale, NewHeld)>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { held::find(&mut ledger.connection, &ticket).await })
        })
        .await
    }

    /// A page of held sales, newest first.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn held_sales(&self, filter: HeldFilter) -> Result<HeldSalePage, JournalError> {
        self.ask(move |ledger| Box::pin(held::page(&mut ledger.connection, filter))).await
    }

    /// A catalogue that was in use before, if it is one of the newest few.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn former_catalogue(
        &self,
        reference: CatalogueRef,
    ) -> Result<Option<CatalogueInUse>, JournalError> {
        self.ask(move |ledger| Box::pin(catalogue::former(ledger, reference))).await
    }

    /// Answers a command of the centre's by one entry, however often it comes:
    /// it is carried out, or refused for good.
    ///
    /// # Errors
    /// [`Refusal`] if it was neither; the centre repeats it.
    pub async fn answer_command(&self, command: Command) -> Result<Captured, Refusal> {
        self.capture(Capture::Command(command)).await
    }

    /// Accepts an online order that the centre hands over, by one entry, however
    /// often it comes.
    ///
    /// # Errors
    /// [`Refusal`] if it was not accepted; the centre repeats it.
    pub async fn accept_order(&self, order: HandedOrder) -> Result<Captured, Refusal> {
        self.capture(Capture::Order(order)).await
    }

    /// A session, open or closed.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn session(&self, id: CashSessionId) -> Result<Option<KnownSession>, JournalError> {
        self.ask(move |ledger| Box::pin(sessions::find(&mut ledger.connection, id))).await
    }

    /// What an open session took so far.
    ///
    /// # Errors
    /// [`Refusal::SessionNotFound`], [`Refusal::SessionClosed`], or the storage's.
    pub async fn x_report(&self, id: CashSessionId) -> Result<XReport, Refusal> {
        self.ask(move |ledger| Box::pin(async move { told(reports::x(ledger, id).await) })).await?
    }

    /// The payload of the entry that closed a session, and the sales that came
    /// after it, by number.
    ///
    /// # Errors
    /// [`Refusal::SessionNotFound`], [`Refusal::SessionNotClosed`], or the storage's.
    pub async fn z_report(&self, id: CashSessionId) -> Result<(Vec<u8>, Vec<Supplement>), Refusal> {
        self.ask(move |ledger| Box::pin(async move { told(reports::z(ledger, id).await) })).await?
    }

    /// The movements of a drawer before entry `before`, newest first, at most
    /// `limit` (1 to [`super::MAX_MOVEMENTS`]).
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn cash_movements(
        &self,
        id: CashSessionId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<MovementPage, JournalError> {
        self.ask(move |ledger| {
            Box::pin(reports::movements(&mut ledger.connection, id, before, limit))
        })
        .await
    }

    /// A page of orders, newest first.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn orders(&self, filter: OrderFilter) -> Result<OrderPage, JournalError> {
        self.ask(move |ledger| Box::pin(orders::page(&mut ledger.connection, filter))).await
    }

    /// A page of requests to void, newest first.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn void_requests(&self, filter: VoidFilter) -> Result<VoidRequestPage, JournalError> {
        self.ask(move |ledger| Box::pin(void_requests::page(&mut ledger.connection, filter))).await
    }

    /// A page of someone's notifications, newest first.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn notifications(
        &self,
        filter: NotificationFilter,
    ) -> Result<NotificationPage, JournalError> {
        self.ask(move |ledger| Box::pin(notifications::page(&mut ledger.connection, filter))).await
    }

    /// Marks a notification as seen by someone; `false` if they have no such one.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn see_notification(
        &self,
        id: NotificationId,
        staff: StaffId,
        approver: bool,
    ) -> Result<bool, JournalError> {
        self.ask(move |ledger| Box::pin(notifications::see(ledger, id, staff, approver))).await
    }
}

/// Keeps a refusal apart from a failing journal.
fn told<T>(outcome: Result<T, Refusal>) -> Result<Result<T, Refusal>, JournalError> {
    match outcome {
        Err(Refusal::Journal(failed)) => Err(failed),
        outcome => Ok(outcome),
    }
}
