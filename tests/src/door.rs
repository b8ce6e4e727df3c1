//! A client without an edge: what an online shop does, over the direct door.

mod office;

use std::time::Duration;

use reqwest::{Client, StatusCode, header};
use rust_decimal::Decimal;
use schemas::{
    BranchId, Clock, CustomerId, SystemClock, TenantId, TokenId, Usd, back_office::Scope,
};
use serde_json::{Value, json};
use store::{accounts, tokens};
use testkit::{BOUND, sample_id, wait_until};
use uuid::Uuid;

/// How long a client waits for one answer.
const ANSWER_BOUND: Duration = Duration::from_secs(15);

/// A client of the direct door, with its token.
#[derive(Debug, Clone)]
pub struct DoorClient {
    http: Client,
    base: String,
    token: String,
    /// The store that it sells for.
    pub branch: BranchId,
}

/// What the door answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorAnswer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub json: Value,
    /// Where to ask again, if that was said.
    pub location: Option<String>,
}

impl DoorAnswer {
    /// The code of a problem; empty if it is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// The number of the invoice; zero if there is none.
    pub fn number(&self) -> u64 {
        self.json["invoice"]["invoice_no"].as_u64().unwrap_or_default()
    }

    /// Status and code of a problem.
    pub fn refusal(&self) -> (u16, &str) {
        (self.status.as_u16(), self.code())
    }
}

impl DoorClient {
    /// A client with a new token of these scopes, for the door at `listen`.
    pub async fn enrolled(
        books: &testkit::sqlx::PgPool,
        listen: &str,
        (tenant_id, branch): (TenantId, BranchId),
        scopes: &[Scope],
    ) -> Self {
        let token_id = TokenId::from_uuid(Uuid::now_v7());
        let token = format!("tst_{token_id}");
        let known = tokens::Token {
            token_id,
            tenant_id,
            name: "The app".to_owned(),
            scopes: scopes.to_vec(),
            branch_ids: None,
        };
        let mut conn = books.acquire().await.expect("the books answer");
        tokens::insert(&mut conn, &known, tokens::hash_of(&token), SystemClock.now())
            .await
            .expect("a token can be made");
        let http = Client::builder().timeout(ANSWER_BOUND).build().expect("a client can be made");
        Self { http, base: format!("http://{listen}"), token, branch }
    }

    /// Its token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A latte and some waters as a request, paid by `tender`.
    pub fn cart(&self, waters: u32, tender: Value) -> Value {
        json!({
            "branch_id": self.branch,
            "cart": { "sale_type": "DELIVERY", "lines": [
                { "menu_item_id": sample_id::<schemas::MenuItemId>("latte"), "quantity": 1 },
                { "menu_item_id": sample_id::<schemas::MenuItemId>("water"), "quantity": waters },
            ]},
            "tender": tender,
        })
    }

    /// The same, on the account of a customer.
    pub fn on_account(&self, waters: u32, customer: CustomerId) -> Value {
        let mut request = self.cart(waters, json!({ "method": "ACCOUNT" }));
        request["customer_id"] = json!(customer);
        request
    }

    /// Posts; `None` when the door does not answer.
    pub async fn try_post(&self, path: &str, key: &str, body: &Value) -> Option<DoorAnswer> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        read(request.header("Idempotency-Key", key).json(body).send().await.ok()?).await
    }

    /// Posts, to a door that answers.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> DoorAnswer {
        self.try_post(path, key, body).await.expect("the door answers")
    }

    /// Puts.
    pub async fn put(&self, path: &str, body: &Value) -> DoorAnswer {
        let request = self.http.put(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer = request.json(body).send().await.expect("the door answers");
        read(answer).await.expect("the answer is JSON")
    }

    /// Sells under a ticket.
    pub async fn sell(&self, ticket: &str, request: &Value) -> DoorAnswer {
        self.post("/pos/sale", ticket, request).await
    }

    /// Sells under a ticket, again and again until there is an outcome: what a
    /// client does when the door or what is behind it is away.
    pub async fn sell_patiently(&self, ticket: &str, request: &Value) -> DoorAnswer {
        wait_until(&format!("ticket {ticket} has its outcome"), BOUND, async || {
            let answer = self.try_post("/pos/sale", ticket, request).await?;
            let done = !answer.status.is_server_error() && answer.status != StatusCode::ACCEPTED;
            done.then_some(answer)
        })
        .await
    }

    /// Asks at an address that the door gave.
    pub async fn get(&self, path: &str) -> DoorAnswer {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await.expect("the door answers");
        read(answer).await.expect("the answer is JSON")
    }
}

async fn read(answer: reqwest::Response) -> Option<DoorAnswer> {
    let status = answer.status();
    let location = answer.headers().get(header::LOCATION);
    let location = location.and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    Some(DoorAnswer { status, location, json: answer.json().await.ok()? })
}

/// Opens a house account.
pub async fn open_account(
    books: &testkit::sqlx::PgPool,
    tenant: TenantId,
    name: &str,
    limit: Decimal,
) -> CustomerId {
    let customer = CustomerId::from_uuid(Uuid::now_v7());
    let mut conn = books.acquire().await.expect("the books answer");
    accounts::put(&mut conn, tenant, customer, name, Usd(limit), SystemClock.now())
        .await
        .expect("an account can be opened");
    customer
}
