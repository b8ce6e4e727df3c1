//! An open door, with a company behind it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bus::{Bus, BusError, topology::TopologySettings};
use bytes::Bytes;
use ingest::{Ingest, Settings};
use reqwest::Method;
use schemas::{
    BranchId, ManualClock, TenantId, Timestamp, TokenId,
    back_office::Scope,
    subjects::{CentralRequest, CentralSubject},
};
use serde::{Serialize, de::DeserializeOwned};
use store::tokens::{self, Token};
use testkit::{BOUND, Books, Company, Nats, Store, seed_company, wait_until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const NOW: Timestamp = Timestamp::from_unix_micros(1_790_000_000_000_000);
/// Longer than the door itself waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Door {
    pub(crate) books: Books,
    pub(crate) nats: Nats,
    pub(crate) bus: Bus,
    pub(crate) company: Company,
    pub(crate) http: String,
    /// The secret of a token that may do everything.
    pub(crate) token: String,
    shutdown: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Door {
    pub(crate) async fn open(stores: usize) -> Self {
        let books = Books::new().await;
        let nats = Nats::new().await;
        let company = seed_company(&books.pool, stores).await;
        Self::open_with(books, nats, company).await
    }

    pub(crate) async fn open_with(books: Books, nats: Nats, company: Company) -> Self {
        let bus = Bus::connect(&bus::Settings::plain(nats.url()), "test").await.unwrap();
        let settings = Settings {
            nats: bus::Settings::plain(nats.url()),
            books: store::Settings::at(books.url.clone()),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            topology: small_streams(),
            // Nobody decides here: waiting is for nothing.
            door: ingest::door::Settings { wait_ms: 0 },
            khqr: ingest::khqr::KhqrSettings::default(),
        };
        let clock = Arc::new(ManualClock::at(NOW));
        let ingest = Ingest::bind(settings, clock).await.unwrap();
        let http = format!("http://{}", ingest.http_addr().unwrap());
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(ingest.serve(shutdown.clone()));
        let token = token(&books, company.tenant_id, &Scope::ALL, None).await;
        let door = Self { books, nats, bus, company, http, token, shutdown, serving };
        wait_until("the door answers", BOUND, || async {
            let asked = door.ask_bytes(door.subject(0, CentralRequest::Catalogue), "").await;
            (!matches!(asked, Err(BusError::NobodyAnswers(_)))).then_some(())
        })
        .await;
        door
    }

    /// Stops the door and hands back what was behind it.
    pub(crate) async fn close(self) -> (Books, Nats, Company) {
        self.shutdown.cancel();
        tokio::time::timeout(BOUND, self.serving).await.unwrap().unwrap().unwrap();
        (self.books, self.nats, self.company)
    }

    pub(crate) fn store(&self, index: usize) -> &Store {
        &self.company.stores[index]
    }

    /// What the edge of a store asks.
    pub(crate) fn subject(&self, index: usize, what: CentralRequest) -> CentralSubject {
        let Store { tenant_id, branch_id, edge_id, .. } = *self.store(index);
        CentralSubject { tenant_id, branch_id, edge_id, what }
    }

    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        subject: CentralSubject,
        question: &impl Serialize,
    ) -> Result<T, BusError> {
        bus::requests::request(&self.bus, subject, question, PATIENCE).await
    }

    pub(crate) async fn ask_bytes(
        &self,
        subject: CentralSubject,
        body: &'static str,
    ) -> Result<Bytes, BusError> {
        bus::requests::request_bytes(&self.bus, subject, body.into(), PATIENCE).await
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.send(Method::GET, path, Some(&self.token)).await
    }

    /// A request without a body, with this token.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
    ) -> reqwest::Response {
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.http));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    }
}

/// Streams for which every disk has room.
pub(crate) fn small_streams() -> TopologySettings {
    const BYTES: u64 = 64 * 1024 * 1024;
    TopologySettings { pos_max_bytes: BYTES, books_max_bytes: BYTES, ..TopologySettings::default() }
}

/// Makes a token of a company; returns its secret.
pub(crate) async fn token(
    books: &Books,
    tenant_id: TenantId,
    scopes: &[Scope],
    branch_ids: Option<&[BranchId]>,
) -> String {
    let token_id = TokenId::from_uuid(Uuid::now_v7());
    let secret = format!("tst_{token_id}");
    let token = Token {
        token_id,
        tenant_id,
        name: "a test".to_owned(),
        scopes: scopes.to_vec(),
        branch_ids: branch_ids.map(<[_]>::to_vec),
    };
    let mut conn = books.pool.acquire().await.unwrap();
    tokens::insert(&mut conn, &token, tokens::hash_of(&secret), NOW).await.unwrap();
    secret
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, BusError>) -> String {
    match outcome {
        Err(BusError::Refused { code, .. }) => code,
        other => panic!("was not refused: {other:?}"),
    }
}
