//! A till's side of an edge's HTTP API.

mod acts;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use schemas::{
    CashSessionId, DeviceId, StaffId, TicketId, Usd,
    edge_api::{
        Cart, CashSession, FinalizeSale, LogIn, LoggedIn, OpenCashSession, PairDevice,
        PairedDevice, Problem, Quote, SaleReceipt, SyncStatus, TicketPage, TicketRow, Update,
    },
    events::Tender,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::company::Store;

/// How long a till waits for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long a till goes on asking an edge that does not answer.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How long an edge may take to have its first catalogue.
pub const OPENING_LIMIT: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Tickets asked for at a time.
const TICKETS_PER_PAGE: u32 = 500;
/// The header that makes a repeated request the same request.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Why an edge did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TillError {
    /// It refused, and would again.
    #[error("{what} was refused ({status}, {}): {}", problem.code, problem.detail)]
    Refused {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: StatusCode,
        /// What it said.
        problem: Box<Problem>,
    },
    /// It did not answer, or not sensibly.
    #[error("{what}: the edge did not answer")]
    Unanswered {
        /// What was asked for.
        what: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It answered that it cannot just now.
    #[error("{what}: the edge answered {status} {code}")]
    NotNow {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: StatusCode,
        /// The problem's code; empty if it named none.
        code: String,
    },
}

impl TillError {
    /// Whether the same request may succeed later.
    pub const fn passes(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// The code of the problem that the edge answered with, if it did.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { problem, .. } => Some(&problem.code),
            Self::NotNow { code, .. } => Some(code),
            Self::Unanswered { .. } => None,
        }
    }
}

/// What a till keeps of a completed sale.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sold {
    /// What was owed, in dollars.
    pub grand_total_usd: Usd,
    /// How it was paid, with the change.
    pub tender: Tender,
}

/// One edge, as its tills see it. Clones share connections.
#[derive(Clone)]
pub struct EdgeClient {
    http: Client,
    base: String,
    token: Option<String>,
    patience: Duration,
}

impl std::fmt::Debug for EdgeClient {
    // The token stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EdgeClient").field("base", &self.base).finish_non_exhaustive()
    }
}

impl EdgeClient {
    /// The edge at an address.
    ///
    /// # Errors
    /// If no HTTP client can be made.
    pub fn at(addr: SocketAddr) -> reqwest::Result<Self> {
        Self::at_url(&format!("http://{addr}"))
    }

    /// The edge at a URL.
    ///
    /// # Errors
    /// If no HTTP client can be made.
    pub fn at_url(url: &str) -> reqwest::Result<Self> {
        let http =
            Client::builder().no_proxy().connect_timeout(ANSWER_LIMIT).tcp_nodelay(true).build()?;
        Ok(Self {
            http,
            base: url.trim_end_matches('/').to_owned(),
            token: None,
            patience: PATIENCE,
        })
    }

    /// The same edge, asked with a token: of a till, a person, or the tools of
    /// whoever keeps the box.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same edge, asked again for so long instead of [`PATIENCE`]: not at all
    /// by one who counts every answer.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The same edge as a person at a till of a made-up store sees it: pairs
    /// the till and logs them in. The same store, till and person again get the
    /// same tokens, as long as they are good.
    ///
    /// # Errors
    /// If the store does not know them, or [`TillError`].
    pub async fn at_till(
        &self,
        store: &Store,
        device_id: DeviceId,
        staff_id: StaffId,
    ) -> anyhow::Result<Self> {
        let code = store.code(device_id).context("the store has no such till")?;
        let pin = store.pin(staff_id).context("the store has nobody like that")?;
        let pair = PairDevice { device_id, code };
        let key = format!("pair-{device_id}");
        let paired: PairedDevice = self.post_surely("/v1/devices/pair", &key, &pair).await?;
        let till = self.with_token(paired.token);
        let key = format!("login-{device_id}-{staff_id}");
        let login = LogIn { staff_id, pin };
        let logged_in: LoggedIn = till.post_surely("/v1/login", &key, &login).await?;
        Ok(self.with_token(logged_in.token))
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// How far the store is with the books.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn sync(&self) -> Result<SyncStatus, TillError> {
        self.get("/v1/sync").await
    }

    /// Whether it serves at all.
    pub async fn is_well(&self) -> bool {
        let asked = self.http.get(format!("{}/healthz", self.base)).timeout(ANSWER_LIMIT).send();
        asked.await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Waits until it has a catalogue to sell by.
    ///
    /// # Errors
    /// If it has none after [`OPENING_LIMIT`].
    pub async fn await_catalogue(&self) -> anyhow::Result<()> {
        let begin = tokio::time::Instant::now();
        loop {
            if self.sync().await.is_ok_and(|sync| sync.catalogue.is_some()) {
                return Ok(());
            }
            if begin.elapsed() > OPENING_LIMIT {
                bail!("there is no catalogue to sell by after {} s", OPENING_LIMIT.as_secs());
            }
            tokio::time::sleep(FIRST_PAUSE).await;
        }
    }

    /// What a cart costs.
    ///
    /// # Errors
    /// [`TillError`], after [`PATIENCE`] if the edge stays away.
    pub async fn quote(&self, cart: &Cart) -> Result<Quote, TillError> {
        self.post_surely("/v1/quotes", "quote", cart).await
    }

    /// Opens a cash session; the same `key` again gives the same session.
    ///
    /// # Errors
    /// [`TillError`], after [`PATIENCE`] if the edge stays away.
    pub async fn open_session(
        &self,
        key: &str,
        session: &OpenCashSession,
    ) -> Result<CashSessionId, TillError> {
        let opened: CashSession = self.post_surely("/v1/cash-sessions", key, session).await?;
        Ok(opened.cash_session_id)
    }

    /// Completes a sale. An edge that does not answer is asked again under the
    /// same ticket, so that the sale is made once however often it is asked for.
    ///
    /// # Errors
    /// [`TillError`], after [`PATIENCE`] if the edge stays away.
    pub async fn sell(&self, ticket: &TicketId, sale: &FinalizeSale) -> Result<Sold, TillError> {
        self.post_surely("/v1/sales", ticket.as_str(), sale).await
    }

    /// The same, for a till that prints the whole ticket.
    ///
    /// # Errors
    /// [`TillError`], after [`PATIENCE`] if the edge stays away.
    pub async fn sell_and_print(
        &self,
        ticket: &TicketId,
        sale: &FinalizeSale,
    ) -> Result<SaleReceipt, TillError> {
        self.post_surely("/v1/sales", ticket.as_str(), sale).await
    }

    /// All tickets, newest first.
    pub fn tickets(&self) -> impl Stream<Item = Result<TicketRow, TillError>> + '_ {
        let first = Some(None);
        stream::try_unfold(first, move |place: Option<Option<i64>>| async move {
            let Some(before) = place else { return Ok::<_, TillError>(None) };
            let from = before.map(|before| format!("&before={before}")).unwrap_or_default();
            let path = format!("/v1/tickets?limit={TICKETS_PER_PAGE}{from}");
            let page: TicketPage = self.get(&path).await?;
            let rows = stream::iter(page.tickets.into_iter().map(Ok));
            Ok(Some((rows, page.next_before.map(Some))))
        })
        .try_flatten()
    }

    /// The updates of this edge from now on, until the connection ends. What
    /// cannot be read is skipped.
    ///
    /// # Errors
    /// [`TillError`] if the edge does not begin to tell.
    pub async fn updates(&self) -> Result<impl Stream<Item = Update> + Unpin, TillError> {
        let asked = self.authorized(self.http.get(format!("{}/v1/updates", self.base))).send();
        let answer = answered("updates", asked.await).await?;
        Ok(Box::pin(read_events(answer)))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, TillError> {
        let request = self.http.get(format!("{}{path}", self.base));
        ask(path, self.authorized(request)).await
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn post_surely<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<T, TillError> {
        let begin = tokio::time::Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.post(path, key, body).await {
                Err(error) if error.passes() && begin.elapsed() < self.patience => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<T, TillError> {
        let request = self.authorized(self.http.post(format!("{}{path}", self.base)));
        ask(path, request.header(IDEMPOTENCY_KEY, key).json(body)).await
    }
}

async fn ask<T: DeserializeOwned>(what: &str, request: RequestBuilder) -> Result<T, TillError> {
    let answer = answered(what, request.timeout(ANSWER_LIMIT).send().await).await?;
    answer.json().await.map_err(|source| TillError::Unanswered { what: what.to_owned(), source })
}

async fn answered(what: &str, answer: reqwest::Result<Response>) -> Result<Response, TillError> {
    let unanswered = |source| TillError::Unanswered { what: what.to_owned(), source };
    let answer = answer.map_err(unanswered)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        // What is in front of an edge may answer without a problem.
        let code = answer.json::<Problem>().await.map(|problem| problem.code).unwrap_or_default();
        return Err(TillError::NotNow { what: what.to_owned(), status, code });
    }
    let problem = Box::new(answer.json().await.map_err(unanswered)?);
    Err(TillError::Refused { what: what.to_owned(), status, problem })
}

/// Server-sent events (WHATWG HTML, section 9.2): each ends with an empty line;
/// of its fields only `data` matters here, because the event's name is in it.
fn read_events(answer: Response) -> impl Stream<Item = Update> {
    let bytes = answer.bytes_stream().take_while(|chunk| std::future::ready(chunk.is_ok()));
    bytes
        .scan(Vec::new(), |rest: &mut Vec<u8>, chunk| {
            rest.extend_from_slice(&chunk.unwrap_or_default());
            let mut updates = Vec::new();
            let mut from = 0;
            while let Some(end) = rest[from..].iter().position(|byte| *byte == b'\n') {
                updates.extend(read_line(&rest[from..from + end]));
                from += end + 1;
            }
            rest.drain(..from);
            std::future::ready(Some(stream::iter(updates)))
        })
        .flatten()
}

/// An update's data always fits on one line, because it is compact JSON.
fn read_line(line: &[u8]) -> Option<Update> {
    serde_json::from_slice(line.strip_prefix(b"data:")?).ok()
}
