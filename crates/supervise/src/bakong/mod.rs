//! A stand-in for the Bakong API of the National Bank of Cambodia, for tests and
//! for trying things out: no money moves here.
//!
//! It listens on a free port of 127.0.0.1 and speaks the part of the API that we
//! use: `POST /v1/check_transaction_by_md5` with a bearer token, and
//! `POST /v1/renew_token`. A code counts as paid once somebody says so: a test by
//! [`BakongStandIn::pay`], a person by
//!
//! ```text
//! curl -d '{"md5":"…","amount":2.50,"currency":"USD","toAccountId":"…"}' \
//!     -H 'content-type: application/json' http://127.0.0.1:…/stand-in/pay
//! ```
//!
//! where all but `md5` may be left out and is then null in Bakong's answer, as it
//! may be in the real one. How it answers can be chosen for all codes or for one:
//! see [`Behaviour`].

mod answers;
mod server;
mod state;
mod wire;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::SuperviseError;
use state::State;

/// The one e-mail address whose token the stand-in renews.
pub const EMAIL: &str = "till@shop.example";

/// The most codes that are remembered. One more, and all are forgotten.
pub const MAX_CODES: usize = 10_000;

/// How the stand-in answers a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// As Bakong does: the token is checked; a paid code is a transaction, any
    /// other is not found.
    #[default]
    Honest,
    /// Code 1, whatever was paid: Bakong does not know of the transaction (yet).
    NotFound,
    /// Code 3: the transaction failed.
    Failed,
    /// Code 6, with HTTP 200: the token is refused, even a fresh one.
    TokenInvalid,
    /// Code 17: the day's checks are used up.
    DailyLimit,
    /// HTTP 429.
    TooManyRequests,
    /// HTTP 403 with a page of HTML, as from a firewall in front.
    ForbiddenHtml,
    /// HTTP 503.
    ServerError,
    /// No answer until [`BakongStandIn::answer_slow`], then an honest one.
    Slow,
    /// The connection is closed after the request was read, without an answer.
    Closed,
    /// Anything else.
    Raw {
        /// The HTTP status; one that does not exist becomes 500.
        status: u16,
        /// The body, sent as JSON whatever it is.
        body: String,
    },
}

/// What is known of a payment. What is `None` is null in Bakong's answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payment {
    /// Who paid.
    pub from_account_id: Option<String>,
    /// Who was paid.
    pub to_account_id: Option<String>,
    /// `USD` or `KHR`.
    pub currency: Option<String>,
    /// How much. Answered as a JSON number digit for digit if it is one, as a
    /// string if it is not.
    pub amount: Option<String>,
}

/// A running stand-in. Dropping it closes its port, and a call that waits finds its
/// connection closed.
#[derive(Debug)]
pub struct BakongStandIn {
    addr: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl BakongStandIn {
    /// Starts one in the current tokio runtime, honest, with nothing paid.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start() -> Result<Self, SuperviseError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(SuperviseError::io("take a port for the stand-in of Bakong"))?;
        let addr = listener
            .local_addr()
            .map_err(SuperviseError::io("learn the port of the stand-in of Bakong"))?;
        let state = Arc::new(State::default());
        let serving = tokio::spawn(server::serve(listener, Arc::clone(&state)));
        Ok(Self { addr, state, serving })
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The token that it takes now.
    pub fn token(&self) -> String {
        self.state.token()
    }

    /// Refuses every token so far; a renewal issues the next one.
    pub fn expire_token(&self) {
        self.state.expire_token();
    }

    /// The code with this md5 was paid; paying it again replaces the payment.
    /// Returns the transaction's hash.
    pub fn pay(&self, md5: &str, payment: Payment) -> String {
        self.state.pay(md5, payment)
    }

    /// How checks of all codes are answered that have no behaviour of their own.
    pub fn behave(&self, behaviour: Behaviour) {
        self.state.behave(behaviour);
    }

    /// How checks of one code are answered.
    pub fn behave_for(&self, md5: &str, behaviour: Behaviour) {
        self.state.behave_for(md5, behaviour);
    }

    /// How renewals of the token are answered. `NotFound` and `Failed` mean an
    /// e-mail address that is not known.
    pub fn behave_on_renewal(&self, behaviour: Behaviour) {
        self.state.behave_on_renewal(behaviour);
    }

    /// Answers every call that waits in [`Behaviour::Slow`] at this moment.
    pub fn answer_slow(&self) {
        self.state.answer_slow();
    }

    /// How many checks have arrived, answered or not.
    pub fn checks(&self) -> u64 {
        self.state.calls().checks
    }

    /// How many checks of this code have arrived.
    pub fn checks_of(&self, md5: &str) -> u64 {
        self.state.checks_of(md5)
    }

    /// How many renewals of the token were asked for.
    pub fn renewals(&self) -> u64 {
        self.state.calls().renewals
    }

    /// Waits until `count` checks in all have arrived. The caller bounds it.
    pub async fn wait_for_checks(&self, count: u64) {
        self.state.wait_for(|calls| calls.checks >= count).await;
    }

    /// Waits until `count` renewals in all were asked for. The caller bounds it.
    pub async fn wait_for_renewals(&self, count: u64) {
        self.state.wait_for(|calls| calls.renewals >= count).await;
    }
}

impl Drop for BakongStandIn {
    fn drop(&mut self) {
        self.serving.abort();
        // Whoever waits goes on, and finds its connection cut.
        self.state.close();
    }
}
