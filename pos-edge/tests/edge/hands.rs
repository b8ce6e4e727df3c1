//! People at tills.

use std::collections::HashMap;

use pos_edge::journal::Journal;
use reqwest::Method;
use schemas::{DeviceId, catalogue::StaffRole};
use serde_json::{Value, json};
use testkit::{sample_id, sample_pin};
use uuid::Uuid;

use crate::store::{Reply, Store, Till, sale_in, session_of};

/// A store whose staff are Sokha and Dara (cashiers), Maly (manager) and Vibol
/// (admin); the latter two have Sokha's PIN.
pub async fn staffed() -> Store {
    let store = Store::empty().await;
    hire(&store, 1).await;
    store
}

/// Puts a version of the catalogue with that staff into use.
pub async fn hire(store: &Store, version: u64) {
    store
        .publish(version, |menu| {
            let (name, role) = ("Maly", StaffRole::Manager);
            let mut manager = menu.staff[0].clone();
            (manager.staff_id, manager.name, manager.role) = (sample_id(name), name.into(), role);
            let mut admin = manager.clone();
            admin.staff_id = sample_id("Vibol");
            (admin.name, admin.role) = ("Vibol".to_owned(), StaffRole::Admin);
            menu.staff.retain(|member| matches!(member.name.as_str(), "Sokha" | "Dara"));
            menu.staff[1].role = StaffRole::Cashier;
            menu.staff.extend([manager, admin]);
        })
        .await;
}

/// Someone at a till, logged in there.
#[derive(Clone)]
pub struct Hand {
    pub till: Till,
    pub device: &'static str,
    pub staff: &'static str,
}

impl Hand {
    pub async fn at(till: &Till, staff: &'static str, device: &'static str) -> Self {
        let pin = sample_pin(if matches!(staff, "Maly" | "Vibol") { "Sokha" } else { staff });
        let till = till.without_token().paired(device).await;
        let reply = till.log_in(&Uuid::now_v7().to_string(), staff, pin).await;
        let till = till.with_token(reply.ok(201)["token"].as_str().unwrap());
        Self { till, device, staff }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.till.request(method, path)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        self.till.send(request).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn put(&self, path: &str) -> Reply {
        self.send(self.request(Method::PUT, path)).await
    }

    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Reply {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key).json(body);
        self.send(request).await
    }

    /// Opens a session with 50.00 dollars and 200,000 riel; gives its id.
    pub async fn open(&self, key: &str) -> String {
        let reply = self.post("/v1/cash-sessions", key, &session_of(self.device, self.staff)).await;
        reply.ok(201)["cash_session_id"].as_str().unwrap().to_owned()
    }

    /// A sale of 5.74 in this session, paid with 20 dollars.
    pub fn sale(&self, session: &str) -> Value {
        let mut sale = sale_in(session);
        sale["device_id"] = json!(sample_id::<DeviceId>(self.device));
        sale
    }

    pub async fn sell(&self, ticket: &str, session: &str) -> Reply {
        self.post("/v1/sales", ticket, &self.sale(session)).await
    }

    /// The same sale, paid with 25,000 riel: 23,500 are kept.
    pub async fn sell_for_riel(&self, ticket: &str, session: &str) -> Reply {
        let mut sale = self.sale(session);
        sale["tender"]["received"] = json!({ "amount": "25000", "currency": "KHR" });
        self.post("/v1/sales", ticket, &sale).await
    }

    /// A sale that the till completed by itself.
    pub async fn sell_late(&self, ticket: &str, session: &str, completed_at: &str) -> Reply {
        let request = self
            .request(Method::POST, "/v1/sales")
            .header("Idempotency-Key", ticket)
            .header("Completed-Offline-At", completed_at)
            .json(&self.sale(session));
        self.send(request).await
    }

    pub async fn close(&self, session: &str, key: &str) -> Reply {
        let counted = json!({ "counted_usd": "50.00", "counted_khr": "200000" });
        self.post(&format!("/v1/cash-sessions/{session}/close"), key, &counted).await
    }

    pub async fn move_order(&self, order: &str, to: &str, key: &str) -> Reply {
        self.post(&format!("/v1/orders/{order}/status"), key, &json!({ "to": to })).await
    }

    pub async fn ask_void(&self, ticket: &str, key: &str) -> Reply {
        let reason = json!({ "reason": "wrong drink" });
        self.post(&format!("/v1/sales/{ticket}/void-requests"), key, &reason).await
    }

    /// Asks for a void that is taken; the request's id.
    pub async fn asked_void(&self, ticket: &str) -> String {
        let reply = self.ask_void(ticket, &format!("void-{ticket}")).await;
        reply.ok(201)["void_request_id"].as_str().unwrap().to_owned()
    }

    pub async fn approve(&self, request: &str, key: &str) -> Reply {
        let note = json!({ "note": "seen" });
        self.post(&format!("/v1/void-requests/{request}/approve"), key, &note).await
    }

    pub async fn reject(&self, request: &str, key: &str) -> Reply {
        let reason = json!({ "reason": "it was drunk" });
        self.post(&format!("/v1/void-requests/{request}/reject"), key, &reason).await
    }

    /// A ticket's row.
    pub async fn ticket(&self, ticket: &str) -> Value {
        self.get(&format!("/v1/tickets/{ticket}")).await.ok(200)
    }

    /// Where a sale and its order stand.
    pub async fn stands(&self, ticket: &str) -> (String, String) {
        let row = self.ticket(ticket).await;
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        (text("saleStatus"), text("orderStatus"))
    }
}

/// A session of Sokha's at Counter 1, with a manager at Counter 2.
pub struct Shift {
    pub store: Store,
    pub sokha: Hand,
    pub maly: Hand,
    pub session: String,
}

impl Shift {
    pub async fn begin() -> Self {
        let store = staffed().await;
        let sokha = Hand::at(&store.till, "Sokha", "Counter 1").await;
        let maly = Hand::at(&store.till, "Maly", "Counter 2").await;
        let session = sokha.open("session-1").await;
        Self { store, sokha, maly, session }
    }

    /// Stops the edge and starts it again; everyone logs in again.
    pub async fn restart(self) -> Self {
        let store = self.store.restart().await;
        let sokha = Hand::at(&store.till, "Sokha", "Counter 1").await;
        let maly = Hand::at(&store.till, "Maly", "Counter 2").await;
        Self { store, sokha, maly, session: self.session }
    }

    /// Sells 5.74; the order's id.
    pub async fn sell(&self, ticket: &str) -> String {
        let sale = self.sokha.sell(ticket, &self.session).await.ok(201);
        sale["order_id"].as_str().unwrap().to_owned()
    }

    /// The X report's figures of the drawer in one currency.
    pub async fn drawer(&self, currency: &str) -> Value {
        let x = self.sokha.get(&format!("/v1/cash-sessions/{}/x", self.session)).await.ok(200);
        drawer_in(&x, currency)
    }

    /// How many entries of each kind the journal holds.
    pub async fn entries(&self) -> HashMap<String, usize> {
        entries_of(&self.store.journal).await
    }

    /// The payloads of all entries of a kind.
    pub async fn told(&self, kind: &str) -> Vec<Value> {
        let entries = self.store.journal.entries_after(0, 100_000, 1 << 30).await.unwrap();
        entries
            .iter()
            .filter(|entry| entry.kind == kind)
            .map(|entry| serde_json::from_slice(&entry.payload).unwrap())
            .collect()
    }
}

/// One drawer of a report.
pub fn drawer_in(report: &Value, currency: &str) -> Value {
    let drawers = report["drawers"].as_array().unwrap();
    drawers.iter().find(|drawer| drawer["currency"] == currency).unwrap().clone()
}

/// How many entries of each kind a journal holds.
pub async fn entries_of(journal: &Journal) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for entry in journal.entries_after(0, 100_000, 1 << 30).await.unwrap() {
        *counts.entry(entry.kind).or_default() += 1;
    }
    counts
}

/// An id that nothing has.
pub fn nobody() -> String {
    Uuid::from_u128(7).to_string()
}
