//! What else happens in a day at a till: drawers, drafts, orders, voids.

use reqwest::StatusCode;
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, DraftId, Khr, Money, OrderId, StaffId, TicketId, Timestamp, Usd,
    VoidRequestId,
    edge_api::{
        ApproveVoid, Cart, CloseCashSession, Draft, LogIn, MoveCash, MoveOrder, OrderPage,
        OrderRow, Problem, PutDraft, RejectVoid, RequestVoid, SaleReceipt, TenderOffer,
        VoidRequested,
    },
    events::{OrderStatus, PaidKind, TenderMethod},
};
use testkit::{BOUND, sample_id, wait_until};

use super::{Answer, Till, new_ticket};

impl Answer {
    /// The body of a success.
    pub fn ok(&self) -> &str {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        &self.body
    }

    /// Status and code of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.json::<Problem>().code)
    }
}

impl Till {
    /// The session that was opened with the day.
    pub fn session_id(&self) -> CashSessionId {
        self.session.expect("the day has begun")
    }

    /// Who is logged in.
    pub fn staff_id(&self) -> StaffId {
        sample_id(self.person)
    }

    /// Logs somebody in on this till, whose token stays what it is.
    pub async fn try_log_in(&self, staff_id: StaffId, pin: &str) -> Answer {
        let key = format!("login-{}", new_ticket());
        self.ask("/v1/login", &key, &LogIn { staff_id, pin: pin.to_owned() }).await
    }

    /// Posts without a key.
    pub async fn ask_without_key(&self, path: &str, body: &impl serde::Serialize) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        self.send(request).await.expect("the edge answers")
    }

    /// The same till, as another token shows it.
    pub fn beside(&self, token: &str) -> Self {
        let Self { http, base, device, person, session, .. } = self;
        Self {
            http: http.clone(),
            base: base.clone(),
            device,
            person,
            token: Some(token.to_owned()),
            session: *session,
        }
    }

    /// The same till, with its token, at another edge.
    pub fn moved_to(&self, listen: &str) -> Self {
        let token = self.token.clone().expect("somebody is logged in");
        Self { base: format!("http://{listen}"), ..self.beside(&token) }
    }

    /// The same till and person, in another session.
    pub fn in_session(self, session: CashSessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// A latte and some waters, for so much in cash.
    pub async fn sell_for(&self, waters: u32, received: Money) -> SaleReceipt {
        self.sell_cart(Self::cart(waters), received).await
    }

    /// A cart, for so much in cash.
    pub async fn sell_cart(&self, cart: Cart, received: Money) -> SaleReceipt {
        let sale = self.sale(cart, TenderOffer { method: TenderMethod::Cash, received });
        let answer = self.ask("/v1/sales", new_ticket().as_str(), &sale).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.json()
    }

    /// A latte and a water for 20 dollars, which this till completed at `at` and
    /// delivers now.
    pub async fn deliver_late(&self, ticket: &TicketId, at: Timestamp) -> Answer {
        let received = Money { amount: Decimal::from(20), currency: Currency::Usd };
        let sale = self.sale(Self::cart(1), TenderOffer { method: TenderMethod::Cash, received });
        let request = self.http.post(format!("{}/v1/sales", self.base));
        let request = request.header("Idempotency-Key", ticket.as_str());
        let request = request.header("Completed-Offline-At", at.to_string());
        self.send(request.json(&sale)).await.expect("the edge answers")
    }

    /// Asks to undo a sale.
    pub async fn try_void(&self, ticket: &TicketId) -> Answer {
        self.ask_void(ticket, &format!("void-{ticket}")).await
    }

    /// The same under a key.
    pub async fn ask_void(&self, ticket: &TicketId, key: &str) -> Answer {
        let path = format!("/v1/sales/{ticket}/void-requests");
        self.ask(&path, key, &RequestVoid { reason: "a mistake".to_owned() }).await
    }

    /// The same, which must be taken.
    pub async fn void(&self, ticket: &TicketId) -> VoidRequestId {
        let answer = self.ask_void(ticket, &format!("void-{}", new_ticket())).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.json::<VoidRequested>().void_request_id
    }

    /// Undoes a sale.
    pub async fn approve(&self, id: VoidRequestId, key: &str) -> Answer {
        let path = format!("/v1/void-requests/{id}/approve");
        self.ask(&path, key, &ApproveVoid { note: Some("seen".to_owned()) }).await
    }

    /// Leaves a sale as it is.
    pub async fn reject(&self, id: VoidRequestId, key: &str) -> Answer {
        let path = format!("/v1/void-requests/{id}/reject");
        self.ask(&path, key, &RejectVoid { reason: "it was drunk".to_owned() }).await
    }

    /// The orders that the till shows, newest first: those of its session, and the
    /// online ones.
    pub async fn orders(&self) -> Option<Vec<OrderRow>> {
        let page: OrderPage = self.get("/v1/orders").await?;
        Some(page.orders)
    }

    /// Moves an order.
    pub async fn move_order(&self, id: OrderId, key: &str, to: OrderStatus) -> Answer {
        self.ask(&format!("/v1/orders/{id}/status"), key, &MoveOrder { to }).await
    }

    /// Puts money into the drawer or takes some out.
    pub async fn move_cash(&self, key: &str, kind: PaidKind, money: Money, why: &str) -> Answer {
        let Money { amount, currency } = money;
        let moved = MoveCash { kind, currency, amount, reason: why.to_owned() };
        self.ask(&format!("/v1/cash-sessions/{}/movements", self.session_id()), key, &moved).await
    }

    /// Counts and closes the drawer.
    pub async fn close(&self, key: &str, usd: Decimal, khr: Decimal) -> Answer {
        let counted = CloseCashSession { counted_usd: Usd(usd), counted_khr: Khr(khr) };
        self.ask(&format!("/v1/cash-sessions/{}/close", self.session_id()), key, &counted).await
    }

    /// The X (`x`) or Z report (`z`) of the session.
    pub async fn report(&self, which: &str) -> Answer {
        self.read(&format!("/v1/cash-sessions/{}/{which}", self.session_id())).await
    }

    /// Keeps a draft of the open session.
    pub async fn keep_draft(&self, draft_id: DraftId, revision: u64, cart: Cart) -> Draft {
        let cash_session_id = self.session_id();
        let draft = PutDraft { draft_id, cash_session_id, revision, cart };
        let request = self.http.put(format!("{}/v1/draft", self.base)).json(&draft);
        let answer = self.send(request).await.expect("the edge answers");
        answer.ok();
        answer.json()
    }

    /// Throws a draft away.
    pub async fn discard_draft(&self, draft_id: DraftId) {
        let request = self.http.delete(format!("{}/v1/draft?draft={draft_id}", self.base));
        self.send(request).await.expect("the edge answers").ok();
    }

    /// Waits until the books have everything that this edge wrote.
    pub async fn booked(&self) {
        wait_until("the books have what the edge wrote", BOUND, async || {
            let sync = self.sync().await?;
            (sync.journal_seq == sync.confirmed_seq).then_some(())
        })
        .await;
    }
}
