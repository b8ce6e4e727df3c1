//! Programs of another company, and those that are limited to other stores: each
//! route that writes, and each that reads one thing, tells them nothing and lets them
//! change nothing.

use ingest::http::access::{Need, RULES};
use reqwest::{Method, Response};
use schemas::{
    BranchId, DeviceId, EntryKind, MenuItemId, OrderId, SaleId, StaffId, StockItemId,
    back_office::Scope,
};
use serde_json::{Value, json};
use testkit::{sample_id, seed_company, sqlx};

use super::shop::{self, Shop};
use crate::setup::token;

/// What a route that writes takes, for this store.
fn body(path: &str, branch: BranchId) -> Value {
    let branch_in = |body: Value| {
        let mut body = body;
        body["branch_id"] = json!(branch);
        body
    };
    let (staff, device) = (sample_id::<StaffId>("Sokha"), sample_id::<DeviceId>("Counter 1"));
    let session = sample_id::<schemas::CashSessionId>("a session");
    let milk = sample_id::<StockItemId>("milk");
    match path.trim_start_matches("/v1/branches/{branch}/") {
        "policies" => json!({ "saleVatEnabled": true, "saleVatRatePercent": "5",
            "saleFxRateKhrPerUsd": "4000", "saleKhrRoundingEnabled": false,
            "saleKhrRoundingMode": "NEAREST", "saleKhrRoundingGranularity": 100 }),
        "menu/categories/{id}" => json!({ "name": "Tea" }),
        "menu/items/{id}" => json!({ "name": "Tea", "category_id": null, "price_usd": "1.50",
            "add_ons": [], "stock": { "kind": "untracked" } }),
        "menu/items/{id}/recipe" => json!({ "kind": "untracked" }),
        "stock-items/{id}" => json!({ "name": "Tea", "unit": "g" }),
        "discounts/{id}" => json!({ "name": "Half", "percent": "50", "starts_at": null,
            "ends_at": null, "target": { "kind": "branch" } }),
        "staff/{id}" => json!({ "name": "Maly", "role": "ADMIN" }),
        "staff/{id}/pin" => json!({ "pin": "7777" }),
        "devices/{id}" => json!({ "name": "Terrace", "revoked": false }),
        "devices/{id}/pairing-code" => Value::Null,
        "stock/receipts" => {
            json!({ "note": null, "lines": [{ "stock_item_id": milk, "quantity": "1" }] })
        }
        "stock/counts" => json!({ "lines": [{ "stock_item_id": milk, "counted": "1" }] }),
        "/pos/sale" => branch_in(json!({ "tender": { "method": "ACCOUNT" },
            "customer_id": sample_id::<schemas::CustomerId>("Chan"), "cart": {
            "sale_type": "DELIVERY",
            "lines": [{ "menu_item_id": sample_id::<MenuItemId>("latte"), "quantity": 1 }] } })),
        "/pos/khqr" => branch_in(json!({ "ticketId": "k", "currency": "USD", "cart": {
            "sale_type": "DELIVERY",
            "lines": [{ "menu_item_id": sample_id::<MenuItemId>("latte"), "quantity": 1 }] } })),
        "/pos/cash-sessions" => branch_in(json!({ "device_id": device, "staff_id": staff,
            "opening_float_usd": "50", "opening_float_khr": "0" })),
        "/pos/cash-sessions/close" => branch_in(json!({ "cash_session_id": session,
            "staff_id": staff, "counted_usd": "60", "counted_khr": "0" })),
        "/pos/cash-movements" => branch_in(json!({ "cash_session_id": session, "staff_id": staff,
            "direction": "PAID_OUT", "currency": "USD", "amount": "5.00", "reason": "ice" })),
        "/pos/orders/status" => branch_in(json!({ "staff_id": staff, "to": "READY",
            "order_id": sample_id::<OrderId>("an order") })),
        "/pos/voids" => branch_in(json!({ "staff_id": staff, "reason": "cold",
            "sale_id": sample_id::<SaleId>("a sale") })),
        "/pos/voids/decision" => branch_in(json!({ "staff_id": staff, "approve": true,
            "note": null,
            "void_request_id": sample_id::<schemas::VoidRequestId>("a request") })),
        other => panic!("what does {other} take?"),
    }
}

impl Shop {
    async fn as_of(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        static KEYS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let key = KEYS.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
        let method: Method = method.parse().unwrap();
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.door.http));
        let request = request.header("If-Match", "\"1\"").header("Idempotency-Key", key);
        request.bearer_auth(token).json(body).send().await.unwrap()
    }

    /// How much anybody could have written. What a stranger is refused is remembered
    /// under the stranger's own key, and is nothing of the store.
    async fn written(&self) -> Vec<i64> {
        let mut counts = Vec::new();
        for statement in [
            "SELECT count(*) FROM catalogue_version",
            "SELECT count(*) FROM stock_journal",
            "SELECT count(*) FROM submission",
            "SELECT count(*) FROM edge_command",
            "SELECT count(*) FROM quarantine_decision",
            "SELECT count(*) FROM audit_log",
        ] {
            counts.push(
                sqlx::query_scalar(statement).fetch_one(&self.door.books.pool).await.unwrap(),
            );
        }
        counts
    }

    /// A token of another company, and one of this company for the first store only.
    async fn strangers(&self) -> [String; 2] {
        let (books, tenant) = (&self.door.books, self.door.company.tenant_id);
        let other = seed_company(&books.pool, 1).await;
        let own = [self.door.store(0).branch_id];
        [
            token(books, other.tenant_id, &Scope::ALL, None).await,
            token(books, tenant, &Scope::ALL, Some(&own)).await,
        ]
    }
}

async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    (status, shop::json(response).await["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn nothing_is_written_for_a_store_by_who_may_not_see_it() {
    let shop = Shop::open(2).await;
    let strangers = shop.strangers().await;
    let branch = shop.door.store(1).branch_id;
    let before = shop.written().await;
    let nobody = "99999999-9999-4999-8999-999999999999";
    let mut asked = Vec::new();
    for rule in RULES {
        let at_the_door = rule.path.starts_with("/pos/") && !rule.path.contains('{');
        let names_a_store = rule.path.contains("{branch}") || at_the_door;
        if rule.method == "GET" || !names_a_store {
            continue;
        }
        assert!(matches!(rule.need, Need::Token(_)), "{}", rule.path);
        let path = rule.path.replace("{branch}", &branch.to_string()).replace("{id}", nobody);
        let body = if rule.method == "DELETE" { Value::Null } else { body(rule.path, branch) };
        for token in &strangers {
            let refused = refusal(shop.as_of(token, rule.method, &path, &body).await).await;
            assert_eq!(refused, (404, "no_such_branch".to_owned()), "{} {path}", rule.method);
        }
        asked.push((rule, path, body));
    }
    assert_eq!(shop.written().await, before, "a stranger left something");
    // The same from who may: whatever becomes of it, the store is known.
    for (rule, path, body) in &asked {
        if rule.path.starts_with("/pos/") {
            // Nobody works here, so that an answer takes as long as the door waits.
            continue;
        }
        let own = refusal(shop.as_of(&shop.door.token, rule.method, path, body).await).await;
        assert_ne!(own.1, "no_such_branch", "{} {path}", rule.method);
    }
    assert_ne!(shop.written().await, before);
    assert!(asked.len() >= 20, "only {} routes", asked.len());
}

#[tokio::test]
async fn what_belongs_to_a_store_is_not_there_for_who_may_not_see_it() {
    let mut shop = Shop::open(2).await;
    let strangers = shop.strangers().await;
    let (sale, sold) = shop.journals[1].sell();
    let (asked, request) = shop.journals[1].request_void(&sale);
    let garbage = shop.journals[1].append_bytes(EntryKind::CashMoved, 1, b"{}".to_vec());
    let set_aside = format!("/v1/quarantine/{}/{}", garbage.edge_id, garbage.seq);
    shop.book(1, &[sold, request, garbage]).await;
    shop.number().await;
    let manager = shop.appoint(1).await;
    let decision = json!({ "decided_by": manager, "note": null });
    let rejection = json!({ "decided_by": manager, "reason": "no" });
    let void = format!("/v1/void-requests/{}", asked.void_request_id);
    let (approve, reject) = (format!("{void}/approve"), format!("{void}/reject"));
    let ticket = format!("/v1/tickets/{}", sale.ticket_id);
    let before = shop.written().await;
    let refused = async |method: &str, path: &str, body: &Value, code: &str| {
        for token in &strangers {
            let found = refusal(shop.as_of(token, method, path, body).await).await;
            assert_eq!(found, (404, code.to_owned()), "{method} {path}");
        }
    };
    refused("POST", &approve, &decision, "no_such_void_request").await;
    refused("POST", &reject, &rejection, "no_such_void_request").await;
    refused("GET", &ticket, &Value::Null, "not_found").await;
    let (release, discard) = (format!("{set_aside}/release"), format!("{set_aside}/discard"));
    let why = json!({ "reason": "why not" });
    refused("GET", &set_aside, &Value::Null, "not_in_quarantine").await;
    refused("POST", &release, &Value::Null, "not_in_quarantine").await;
    refused("POST", &discard, &why, "not_in_quarantine").await;
    for token in &strangers {
        let list = shop.as_of(token, "GET", "/v1/quarantine", &Value::Null).await;
        assert_eq!(shop::json(list).await["items"], json!([]));
    }
    assert_eq!(shop.written().await, before, "a stranger left something");
    let own = shop.as_of(&shop.door.token, "GET", &ticket, &Value::Null).await;
    assert_eq!(own.status(), 200);
    let sent = shop.as_of(&shop.door.token, "POST", &approve, &decision).await;
    assert_eq!(sent.status(), 202);
    let command = sent.headers()["location"].to_str().unwrap().to_owned();
    refused("GET", &command, &Value::Null, "no_such_command").await;
    let sent = shop.as_of(&shop.door.token, "POST", &release, &Value::Null).await;
    assert_eq!(sent.status(), 202, "nobody works here");
    let decision = sent.headers()["location"].to_str().unwrap().to_owned();
    refused("GET", &decision, &Value::Null, "no_such_decision").await;

    // What is the whole company's is not for who may see a part of it.
    let limited = &strangers[1];
    let zone = json!({ "time_zone": "Asia/Tokyo" });
    let numbers = json!({ "revision": 1, "per_branch": true, "yearly": false,
        "form": "B{branch}-{no}" });
    let rule = json!({ "name": "Half", "percent": "50", "starts_at": null, "ends_at": null,
        "target": { "kind": "branch" } });
    let discount = format!("/v1/discounts/{}", sample_id::<schemas::DiscountId>("half"));
    let before = shop.written().await;
    for (method, path, body) in [
        ("PUT", "/v1/company/time-zone", &zone),
        ("PUT", "/v1/company/numbering", &numbers),
        ("PUT", &discount, &rule),
        ("DELETE", &discount, &Value::Null),
    ] {
        let found = refusal(shop.as_of(limited, method, path, body).await).await;
        assert_eq!(found, (403, "token_limited_to_branches".to_owned()), "{method} {path}");
    }
    assert_eq!(shop.written().await, before);
}
