//! A till: what a tablet does, over the edge's HTTP API.

mod shift;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use reqwest::{Client, RequestBuilder, StatusCode};
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Clock as _, Currency, DeviceId, Khr, Money, Quantity, SystemClock, TicketId,
    Usd,
    edge_api::{
        Cart, CartLine, CashSession, FinalizeSale, KhqrChecked, KhqrCode, LoggedIn, NewKhqr,
        OpenCashSession, PairDevice, PairedDevice, Quote, SaleReceipt, Shown, SyncStatus,
        TenderOffer, TicketPage, TicketRow,
    },
    events::{SaleType, TenderMethod},
    requests::KhqrOutcome,
};
use serde::de::DeserializeOwned;
use testkit::{BOUND, sample_code, sample_id, sample_pin, wait_until};

/// How long a till waits for one answer.
const ANSWER_BOUND: Duration = Duration::from_secs(10);

static TICKETS: AtomicU64 = AtomicU64::new(1);

/// What the edge answered, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as what it should be.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.body))
    }
}

/// A till of one edge, with somebody logged in.
pub struct Till {
    http: Client,
    base: String,
    device: &'static str,
    person: &'static str,
    token: Option<String>,
    session: Option<CashSessionId>,
}

impl Till {
    /// `Counter 1` with `Sokha`, who speak to the edge at `listen`.
    pub fn at(listen: &str) -> Self {
        Self::of(listen, "Counter 1", "Sokha")
    }

    /// A till of the sample catalogue with someone of its staff.
    pub fn of(listen: &str, device: &'static str, person: &'static str) -> Self {
        let http = Client::builder().timeout(ANSWER_BOUND).build().expect("a client can be made");
        let base = format!("http://{listen}");
        Self { http, base, device, person, token: None, session: None }
    }

    /// Waits for the menu, pairs the till, logs in and opens a cash session.
    pub async fn begin_the_day(&mut self) {
        self.pair_and_log_in().await;
        let device_id: DeviceId = sample_id(self.device);
        let open = OpenCashSession {
            device_id,
            staff_id: self.staff_id(),
            opening_float_usd: Usd(Decimal::from(50)),
            opening_float_khr: Khr(Decimal::from(100_000)),
        };
        let answer = self.ask("/v1/cash-sessions", &format!("open-{device_id}"), &open).await;
        self.session = Some(answer.json::<CashSession>().cash_session_id);
    }

    /// Waits for the menu, pairs the till and logs in; a session that it has stays its
    /// own.
    pub async fn pair_and_log_in(&mut self) {
        let device_id: DeviceId = sample_id(self.device);
        self.token = None;
        let pair = PairDevice { device_id, code: sample_code(self.device).to_owned() };
        let key = format!("pair-{device_id}");
        let paired: PairedDevice = wait_until("the edge has its catalogue", BOUND, async || {
            let answer = self.post("/v1/devices/pair", &key, &pair).await?;
            answer.status.is_success().then(|| answer.json())
        })
        .await;
        self.token = Some(paired.token);
        let pin = sample_pin(self.person);
        let answer = self.try_log_in(self.staff_id(), pin).await;
        self.token = Some(answer.json::<LoggedIn>().token);
    }

    /// The edge's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The token of who is logged in here.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("somebody is logged in")
    }

    /// A latte and two waters under a new ticket, paid with 20 dollars. The
    /// answer must be a success.
    pub async fn sell(&self) -> SaleReceipt {
        let ticket = new_ticket();
        let answer = self.try_sell(&ticket, 2).await.expect("the edge answers");
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.json()
    }

    /// Sells so many times, one after the other.
    pub async fn sell_many(&self, count: usize) -> Vec<TicketId> {
        let mut tickets = Vec::with_capacity(count);
        for _ in 0..count {
            tickets.push(self.sell().await.ticket_id);
        }
        tickets
    }

    /// Posts a latte and some waters under `ticket`; `None` when the edge does
    /// not answer.
    pub async fn try_sell(&self, ticket: &TicketId, waters: u32) -> Option<Answer> {
        let received = Money { amount: Decimal::from(20), currency: Currency::Usd };
        let tender = TenderOffer { method: TenderMethod::Cash, received };
        self.post("/v1/sales", ticket.as_str(), &self.sale(Self::cart(waters), tender)).await
    }

    /// A sale of a cart in the open session.
    pub fn sale(&self, cart: Cart, tender: TenderOffer) -> FinalizeSale {
        FinalizeSale {
            device_id: sample_id(self.device),
            cash_session_id: self.session_id(),
            customer_id: None,
            cart,
            tender,
            draft_id: None,
            shown: None,
        }
    }

    /// Tries until the edge answers: what a till does when its edge is away.
    pub async fn sell_patiently(&self, ticket: &TicketId) -> SaleReceipt {
        let answer = wait_until("the edge answers again", BOUND, async || {
            self.try_sell(ticket, 2).await.filter(|answer| !answer.status.is_server_error())
        })
        .await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer.json()
    }

    /// How far a ticket is.
    pub async fn ticket(&self, ticket: &TicketId) -> Option<TicketRow> {
        self.get(&format!("/v1/tickets/{ticket}")).await
    }

    /// Every ticket of the edge, newest first.
    pub async fn tickets(&self) -> Vec<TicketRow> {
        let mut all = Vec::new();
        let mut before = String::new();
        loop {
            let path = format!("/v1/tickets?limit=500{before}");
            let page: TicketPage = self.get(&path).await.expect("the edge lists tickets");
            all.extend(page.tickets);
            match page.next_before {
                Some(next) => before = format!("&before={next}"),
                None => return all,
            }
        }
    }

    /// How far the edge is.
    pub async fn sync(&self) -> Option<SyncStatus> {
        self.get("/v1/sync").await
    }

    /// Waits until the ticket has its number, and returns that.
    pub async fn number_of(&self, ticket: &TicketId) -> u64 {
        wait_until(&format!("ticket {ticket} has its number"), BOUND, async || {
            self.ticket(ticket).await?.invoice_no
        })
        .await
    }

    /// Waits until every captured sale has its number.
    pub async fn all_numbered(&self) {
        wait_until("the edge knows every number", BOUND, async || {
            let sync = self.sync().await?;
            (sync.captured == sync.numbered && sync.journal_seq == sync.confirmed_seq).then_some(())
        })
        .await;
    }

    /// A latte and some waters, in the cart.
    pub fn cart(waters: u32) -> Cart {
        let line = |item: &str, quantity: u32| CartLine {
            menu_item_id: sample_id(item),
            add_on_ids: Vec::new(),
            quantity: Quantity::try_from(quantity).expect("a small number"),
        };
        Cart { sale_type: SaleType::Takeaway, lines: vec![line("latte", 1), line("water", waters)] }
    }

    /// Asks for a code for a latte and some waters.
    pub async fn try_code(
        &self,
        ticket: &TicketId,
        key: &str,
        waters: u32,
        currency: Currency,
    ) -> Answer {
        let asked = NewKhqr {
            ticket_id: ticket.clone(),
            device_id: sample_id(self.device),
            cash_session_id: self.session_id(),
            customer_id: None,
            cart: Self::cart(waters),
            currency,
        };
        self.ask("/v1/khqr", key, &asked).await
    }

    /// The same, which must succeed: waits until the link is known to be up.
    pub async fn code(&self, ticket: &TicketId, waters: u32, currency: Currency) -> KhqrCode {
        self.code_under(ticket, &format!("code-{}", new_ticket()), waters, currency).await
    }

    /// The same under a key.
    pub async fn code_under(
        &self,
        ticket: &TicketId,
        key: &str,
        waters: u32,
        currency: Currency,
    ) -> KhqrCode {
        wait_until("the edge has its line", BOUND, async || {
            let answer = self.try_code(ticket, key, waters, currency).await;
            if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                return None;
            }
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
            Some(answer.json())
        })
        .await
    }

    /// A tap: was the code paid?
    pub async fn try_check(&self, md5: &str, key: &str) -> Answer {
        let path = format!("/v1/khqr/{md5}/check");
        self.ask(&path, key, &()).await
    }

    /// The same under a new key, which must have an answer.
    pub async fn check(&self, md5: &str) -> KhqrOutcome {
        let answer = self.try_check(md5, &format!("tap-{}", new_ticket())).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json::<KhqrChecked>().outcome
    }

    /// Completes a sale that a code was made for, paid by KHQR.
    pub async fn try_finalize(
        &self,
        ticket: &TicketId,
        waters: u32,
        received: Money,
    ) -> Option<Answer> {
        let tender = TenderOffer { method: TenderMethod::Khqr, received };
        self.post("/v1/sales", ticket.as_str(), &self.sale(Self::cart(waters), tender)).await
    }

    /// Posts; `None` when the edge does not answer.
    pub async fn post(
        &self,
        path: &str,
        key: &str,
        body: &impl serde::Serialize,
    ) -> Option<Answer> {
        let request = self.http.post(format!("{}{path}", self.base));
        self.send(request.header("Idempotency-Key", key).json(body)).await
    }

    /// A latte and two waters as they cost now, with the figures that the customer is
    /// shown, paid with 20 dollars.
    pub async fn shown_sale(&self) -> FinalizeSale {
        let cart = Self::cart(2);
        let quote: Quote = self.ask("/v1/quotes", "quote", &cart).await.json();
        let received = Money { amount: Decimal::from(20), currency: Currency::Usd };
        let tender = TenderOffer { method: TenderMethod::Cash, received };
        let (catalogue, totals, at) = (quote.catalogue, quote.totals, SystemClock.now());
        FinalizeSale { shown: Some(Shown { catalogue, totals, at }), ..self.sale(cart, tender) }
    }

    /// Brings a sale that the till completed by itself, with the figures that it showed.
    pub async fn bring(&self, ticket: &TicketId, sale: &FinalizeSale) -> Answer {
        let at = sale.shown.as_ref().map(|shown| shown.at).expect("its figures");
        let request = self.http.post(format!("{}/v1/sales", self.base));
        let request = request.header("Idempotency-Key", ticket.as_str());
        let request = request.header("Completed-Offline-At", at.to_string());
        self.send(request.json(sale)).await.expect("the edge answers")
    }

    /// Posts, to an edge that answers.
    pub async fn ask(&self, path: &str, key: &str, body: &impl serde::Serialize) -> Answer {
        self.post(path, key, body).await.expect("the edge answers")
    }

    /// Reads, from an edge that answers.
    pub async fn read(&self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(request).await.expect("the edge answers")
    }

    async fn send(&self, request: RequestBuilder) -> Option<Answer> {
        let answer = self.authorized(request).send().await.ok()?;
        let status = answer.status();
        Some(Answer { status, body: answer.text().await.ok()? })
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        let answer = self.send(self.http.get(format!("{}{path}", self.base))).await?;
        answer.status.is_success().then(|| answer.json())
    }
}

/// A ticket that no other test of this process uses.
pub fn new_ticket() -> TicketId {
    let number = TICKETS.fetch_add(1, Ordering::Relaxed);
    TicketId::parse(format!("tests-{}-{number}", std::process::id())).expect("visible ASCII")
}
