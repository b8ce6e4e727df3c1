//! What a till does besides selling: drawers that are counted and closed, sales
//! that are undone, orders that move on, codes that are made and looked at.

use schemas::{
    CashSessionId, OrderId, TicketId, VoidRequestId,
    edge_api::{
        ApproveVoid, CashSession, CloseCashSession, FinalizeSale, KhqrChecked, KhqrCode, MoveOrder,
        NewKhqr, OrderMoved, RejectVoid, RequestVoid, SaleReceipt, VoidApproved, VoidRejected,
        VoidRequested, XReport, ZReport,
    },
    events::OrderStatus,
};

use super::{EdgeClient, TillError};

impl EdgeClient {
    /// The cash sessions that are open in the store, oldest first.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn open_sessions(&self) -> Result<Vec<CashSession>, TillError> {
        self.get("/v1/cash-sessions").await
    }

    /// What an open session took and must hold so far.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn x_report(&self, session: CashSessionId) -> Result<XReport, TillError> {
        self.get(&format!("/v1/cash-sessions/{session}/x")).await
    }

    /// Closes a cash session with what was counted. A session is closed once, and
    /// what was counted the first time stands.
    ///
    /// # Errors
    /// [`TillError`], after [`super::PATIENCE`] if the edge stays away.
    pub async fn close_session(
        &self,
        session: CashSessionId,
        counted: &CloseCashSession,
    ) -> Result<ZReport, TillError> {
        let (path, key) =
            (format!("/v1/cash-sessions/{session}/close"), format!("close-{session}"));
        self.post_surely(&path, &key, counted).await
    }

    /// Asks to undo a sale. Asked again for the same ticket it is the same request.
    ///
    /// # Errors
    /// [`TillError`], after [`super::PATIENCE`] if the edge stays away.
    pub async fn request_void(
        &self,
        ticket: &TicketId,
        reason: &str,
    ) -> Result<VoidRequested, TillError> {
        let (path, key) = (format!("/v1/sales/{ticket}/void-requests"), format!("void-{ticket}"));
        self.post_surely(&path, &key, &RequestVoid { reason: reason.to_owned() }).await
    }

    /// Undoes a sale, as a manager or admin.
    ///
    /// # Errors
    /// [`TillError`], after [`super::PATIENCE`] if the edge stays away.
    pub async fn approve_void(&self, request: VoidRequestId) -> Result<VoidApproved, TillError> {
        let (path, key) =
            (format!("/v1/void-requests/{request}/approve"), format!("approve-{request}"));
        self.post_surely(&path, &key, &ApproveVoid::default()).await
    }

    /// Leaves a sale as it is, as a manager or admin.
    ///
    /// # Errors
    /// [`TillError`], after [`super::PATIENCE`] if the edge stays away.
    pub async fn reject_void(
        &self,
        request: VoidRequestId,
        reason: &str,
    ) -> Result<VoidRejected, TillError> {
        let (path, key) =
            (format!("/v1/void-requests/{request}/reject"), format!("reject-{request}"));
        self.post_surely(&path, &key, &RejectVoid { reason: reason.to_owned() }).await
    }

    /// Moves an order one step on.
    ///
    /// # Errors
    /// [`TillError`], after [`super::PATIENCE`] if the edge stays away.
    pub async fn move_order(
        &self,
        order: OrderId,
        to: OrderStatus,
    ) -> Result<OrderMoved, TillError> {
        let key = format!("{}-{order}", to.as_str());
        self.post_surely(&format!("/v1/orders/{order}/status"), &key, &MoveOrder { to }).await
    }

    /// Asks once for a sale to be completed: who is not answered asks again under
    /// the same ticket.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn try_sell(
        &self,
        ticket: &TicketId,
        sale: &FinalizeSale,
    ) -> Result<SaleReceipt, TillError> {
        self.post("/v1/sales", ticket.as_str(), sale).await
    }

    /// Asks for a code, one for each `key`. Asked once: a till that is told that
    /// there is no line takes cash.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn khqr_code(&self, key: &str, cart: &NewKhqr) -> Result<KhqrCode, TillError> {
        self.post("/v1/khqr", key, cart).await
    }

    /// Asks whether a code was paid: one tap for each `key`. A customer who has
    /// paid waits for the answer, so the till goes on asking.
    ///
    /// # Errors
    /// [`TillError`], after [`super::PATIENCE`] if the edge stays away or has no
    /// line.
    pub async fn check_khqr(&self, md5: &str, key: &str) -> Result<KhqrChecked, TillError> {
        self.post_surely(&format!("/v1/khqr/{md5}/check"), key, &()).await
    }
}
