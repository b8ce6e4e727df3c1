//! A store with one edge, and the tills that talk to it.

use std::{net::SocketAddr, path::Path, sync::Arc};

use pos_edge::{
    Limits, ReceiptSettings, Running, Settings,
    https::trust::Trust,
    journal::{EdgeIdentity, Journal},
};
use reqwest::{Method, StatusCode, header::HeaderMap};
use schemas::{BranchId, DeviceId, EdgeId, ManualClock, StaffId, TenantId, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{sample_catalogue, sample_code, sample_id, sample_pin, scratch_dir};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Nobody listens there: the store has no line.
pub const NO_LINE: &str = "nats://127.0.0.1:1";

/// When the tests' stores open: 2026-01-05T01:00Z.
pub const OPENING: Timestamp = Timestamp::from_unix_micros(1_767_574_800_000_000);

/// The entries that tell how `Counter 1` was paired and Sokha logged in: those
/// that a store [`with_menu`](Store::with_menu) begins with.
pub const SIGNED_IN: u64 = 2;

pub fn identity() -> EdgeIdentity {
    EdgeIdentity {
        tenant_id: TenantId::from_uuid(Uuid::now_v7()),
        branch_id: BranchId::from_uuid(Uuid::now_v7()),
        edge_id: EdgeId::from_uuid(Uuid::now_v7()),
        shards: 4,
    }
}

pub fn settings(dir: &Path, identity: EdgeIdentity) -> Settings {
    Settings {
        identity,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data_dir: dir.to_owned(),
        key_file: None,
        nats: bus::Settings::plain(NO_LINE),
        limits: Limits::default(),
        receipts: ReceiptSettings::default(),
        https: None,
    }
}

/// A running edge.
pub struct Store {
    pub dir: TempDir,
    pub identity: EdgeIdentity,
    pub clock: ManualClock,
    pub journal: Journal,
    pub till: Till,
    /// Where HTTPS is served, and what is trusted.
    pub https: Option<(SocketAddr, Trust)>,
    running: Running,
    shutdown: CancellationToken,
}

impl Store {
    /// An edge that was just enrolled, with nothing in it.
    pub async fn empty() -> Self {
        let dir = scratch_dir();
        let identity = identity();
        let clock = ManualClock::at(OPENING);
        pos_edge::enrol(dir.path(), identity, &clock).await.unwrap();
        Self::start(dir, identity, clock).await
    }

    /// An edge with the sample catalogue, whose `till` is Counter 1 with Sokha
    /// logged in.
    pub async fn with_menu() -> Self {
        let mut store = Self::empty().await;
        store.publish(1, |_| {}).await;
        store.till = store.till.paired("Counter 1").await.logged_in("Sokha").await;
        store
    }

    /// The same edge with someone else at `Counter 1`.
    pub async fn beside(&self, staff: &str) -> Till {
        self.till.logged_in(staff).await
    }

    /// Someone at another till, which is paired first.
    pub async fn at(&self, device: &str, staff: &str) -> Till {
        self.till.without_token().paired(device).await.logged_in(staff).await
    }

    async fn start(dir: TempDir, identity: EdgeIdentity, clock: ManualClock) -> Self {
        Self::start_with(settings(dir.path(), identity), dir, clock).await
    }

    pub async fn start_with(settings: Settings, dir: TempDir, clock: ManualClock) -> Self {
        let identity = settings.identity;
        let shutdown = CancellationToken::new();
        let running =
            pos_edge::start(settings, Arc::new(clock.clone()), shutdown.clone()).await.unwrap();
        Self {
            dir,
            identity,
            clock,
            journal: running.journal.clone(),
            till: Till::at(running.address),
            https: running.https.clone(),
            running,
            shutdown,
        }
    }

    /// Puts a version of the sample catalogue into use.
    pub async fn publish(
        &self,
        version: u64,
        change: impl FnOnce(&mut schemas::catalogue::CatalogueV1),
    ) {
        let mut catalogue =
            sample_catalogue(self.identity.tenant_id, self.identity.branch_id, version);
        change(&mut catalogue);
        let bytes = serde_json::to_vec(&catalogue).unwrap();
        self.journal.store_catalogue(bytes).await.unwrap();
    }

    /// Stops the edge cleanly; gives back what it leaves.
    pub async fn stop(self) -> Closed {
        self.shutdown.cancel();
        self.running.ended().await.unwrap();
        let token = self.till.token;
        Closed { dir: self.dir, identity: self.identity, clock: self.clock, token }
    }

    pub async fn restart(self) -> Self {
        self.stop().await.start().await
    }

    /// Starts again with other bounds.
    pub async fn restart_with(self, change: impl FnOnce(&mut Limits)) -> Self {
        let left = self.stop().await;
        let mut settings = settings(left.dir.path(), left.identity);
        change(&mut settings.limits);
        let mut store = Self::start_with(settings, left.dir, left.clock).await;
        store.till.token = left.token;
        store
    }
}

/// What a stopped edge leaves.
pub struct Closed {
    pub dir: TempDir,
    pub identity: EdgeIdentity,
    pub clock: ManualClock,
    /// What the till keeps.
    pub token: Option<String>,
}

impl Closed {
    pub async fn start(self) -> Store {
        let mut store = Store::start(self.dir, self.identity, self.clock).await;
        store.till.token = self.token;
        store
    }
}

/// A till that knows where its edge is, and what it sends as its token.
#[derive(Clone)]
pub struct Till {
    pub base: String,
    pub token: Option<String>,
    client: reqwest::Client,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of a problem with this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        let shown = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{shown}");
        assert_eq!(self.headers["content-type"], "application/problem+json", "{shown}");
        let body = self.json();
        let code = body["code"].as_str().unwrap().to_owned();
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("urn:tillstream:problem:{code}"));
        assert!(body["title"].is_string() && body["detail"].is_string(), "{shown}");
        code
    }

    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        let shown = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{shown}");
        self.json()
    }
}

impl Till {
    pub fn at(address: SocketAddr) -> Self {
        Self { base: format!("http://{address}"), token: None, client: reqwest::Client::new() }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Pairs a till of the sample catalogue with its code.
    pub async fn paired(&self, device: &str) -> Self {
        let key = format!("pair {device}");
        let reply = self.pair(&key, device, sample_code(device)).await;
        self.with_token(reply.ok(201)["token"].as_str().unwrap())
    }

    /// Logs someone of the sample catalogue in, on the till whose token this is.
    pub async fn logged_in(&self, staff: &str) -> Self {
        let reply = self.log_in(&Uuid::now_v7().to_string(), staff, sample_pin(staff)).await;
        self.with_token(reply.ok(201)["token"].as_str().unwrap())
    }

    pub async fn pair(&self, key: &str, device: &str, code: &str) -> Reply {
        let body = json!({ "deviceId": sample_id::<DeviceId>(device), "code": code });
        self.post("/v1/devices/pair", &key.replace(' ', "-"), &body).await
    }

    pub async fn log_in(&self, key: &str, staff: &str, pin: &str) -> Reply {
        let body = json!({ "staffId": sample_id::<StaffId>(staff), "pin": pin });
        self.post("/v1/login", key, &body).await
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap()
    }

    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
        let response = request.send().await?;
        Ok(Reply {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        })
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Reply {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key).json(body);
        self.send(request).await
    }

    /// Opens a session of Sokha's at Counter 1; gives its id.
    pub async fn open_session(&self) -> String {
        let body = session_of("Counter 1", "Sokha");
        let reply = self.post("/v1/cash-sessions", "session-1", &body).await;
        reply.ok(201)["cash_session_id"].as_str().unwrap().to_owned()
    }

    pub async fn sell(&self, ticket: &str, session: &str) -> Reply {
        self.post("/v1/sales", ticket, &sale_in(session)).await
    }
}

pub fn session_of(device: &str, staff: &str) -> Value {
    json!({
        "device_id": sample_id::<DeviceId>(device),
        "staff_id": sample_id::<StaffId>(staff),
        "opening_float_usd": "50.00",
        "opening_float_khr": "200000",
    })
}

/// A latte with oat milk and two croissants.
pub fn cart() -> Value {
    json!({
        "sale_type": "TAKEAWAY",
        "lines": [
            {
                "menu_item_id": sample_id::<Uuid>("latte"),
                "add_on_ids": [sample_id::<Uuid>("oat milk")],
                "quantity": 1,
            },
            { "menu_item_id": sample_id::<Uuid>("croissant"), "quantity": 2 },
        ],
    })
}

/// The cart above, paid with 20 dollars.
pub fn sale_in(session: &str) -> Value {
    json!({
        "device_id": sample_id::<DeviceId>("Counter 1"),
        "cash_session_id": session,
        "cart": cart(),
        "tender": { "method": "CASH", "received": { "amount": "20.00", "currency": "USD" } },
    })
}
