//! A till: what a tablet does, over the edge's HTTP API.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use reqwest::{Client, RequestBuilder, StatusCode};
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, Khr, Money, Quantity, TicketId, Usd,
    edge_api::{
        Cart, CartLine, CashSession, FinalizeSale, LogIn, LoggedIn, OpenCashSession, PairDevice,
        PairedDevice, SaleReceipt, SyncStatus, TenderOffer, TicketPage, TicketRow,
    },
    events::{SaleType, TenderMethod},
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

/// A till of one edge, `Counter 1`, with `Sokha` logged in.
pub struct Till {
    http: Client,
    base: String,
    token: Option<String>,
    session: Option<CashSessionId>,
}

impl Till {
    /// A till that speaks to the edge at `listen`.
    pub fn at(listen: &str) -> Self {
        let http = Client::builder().timeout(ANSWER_BOUND).build().expect("a client can be made");
        Self { http, base: format!("http://{listen}"), token: None, session: None }
    }

    /// Waits for the menu, pairs the till, logs in and opens a cash session.
    pub async fn begin_the_day(&mut self) {
        let (device_id, staff_id) = (sample_id("Counter 1"), sample_id("Sokha"));
        let pair = PairDevice { device_id, code: sample_code("Counter 1").to_owned() };
        let paired: PairedDevice = wait_until("the edge has its catalogue", BOUND, async || {
            let answer = self.post("/v1/devices/pair", "pair", &pair).await?;
            answer.status.is_success().then(|| answer.json())
        })
        .await;
        self.token = Some(paired.token);
        let login = LogIn { staff_id, pin: sample_pin("Sokha").to_owned() };
        let answer = self.post("/v1/login", "login", &login).await.expect("the edge answers");
        self.token = Some(answer.json::<LoggedIn>().token);
        let open = OpenCashSession {
            device_id,
            staff_id,
            opening_float_usd: Usd(Decimal::from(50)),
            opening_float_khr: Khr(Decimal::from(100_000)),
        };
        let answer = self.post("/v1/cash-sessions", "open-of-the-day", &open).await;
        let session: CashSession = answer.expect("the edge answers").json();
        self.session = Some(session.cash_session_id);
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
        let line = |item: &str, quantity: u32| CartLine {
            menu_item_id: sample_id(item),
            add_on_ids: Vec::new(),
            quantity: Quantity::try_from(quantity).expect("a small number"),
        };
        let sale = FinalizeSale {
            device_id: sample_id("Counter 1"),
            cash_session_id: self.session.expect("the day has begun"),
            customer_id: None,
            cart: Cart {
                sale_type: SaleType::Takeaway,
                lines: vec![line("latte", 1), line("water", waters)],
            },
            tender: TenderOffer {
                method: TenderMethod::Cash,
                received: Money { amount: Decimal::from(20), currency: Currency::Usd },
            },
            draft_id: None,
        };
        self.post("/v1/sales", ticket.as_str(), &sale).await
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

    async fn post(&self, path: &str, key: &str, body: &impl serde::Serialize) -> Option<Answer> {
        let request = self.authorized(self.http.post(format!("{}{path}", self.base)));
        let answer = request.header("Idempotency-Key", key).json(body).send().await.ok()?;
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
        let request = self.authorized(self.http.get(format!("{}{path}", self.base)));
        let answer = request.send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json().await.ok()
    }
}

/// A ticket that no other test of this process uses.
pub fn new_ticket() -> TicketId {
    let number = TICKETS.fetch_add(1, Ordering::Relaxed);
    TicketId::parse(format!("tests-{}-{number}", std::process::id())).expect("visible ASCII")
}
