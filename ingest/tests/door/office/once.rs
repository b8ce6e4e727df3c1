//! Every POST of the API by its key: the same request gets the first answer, a
//! refusal by the books too, and another one under the same key is told so.

use reqwest::{Method, Response, StatusCode};
use schemas::{DeviceId, StaffId, StockItemId, VoidRequestId, catalogue::StaffRole};
use serde_json::{Value, json};
use testkit::sample_id;

use super::{
    catalogue::new_id,
    shop::{self, Shop},
};

impl Shop {
    async fn post(&self, path: &str, key: &str, body: &Value) -> Response {
        self.send(Method::POST, path, &[("Idempotency-Key", key)], body).await
    }
}

/// What is told, with its kind.
async fn told(response: Response) -> (StatusCode, String, Value) {
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status(), kind, shop::json(response).await)
}

/// Addresses and two different requests for a route: `(address, one, another)`.
/// Routes without a body have the other's address in its place.
struct Row {
    path: String,
    body: Value,
    other: (String, Value),
    first: u16,
}

fn row(shop: &Shop, void: VoidRequestId, manager: StaffId, route: &str) -> Row {
    let branch = shop.door.store(0).branch_id;
    let (person, till) = (sample_id::<StaffId>("Sokha"), sample_id::<DeviceId>("Counter 1"));
    let milk = sample_id::<StockItemId>("milk");
    let stock = |field: &str, much: &str| json!({ "lines": [{ "stock_item_id": milk, field: much }], "note": null });
    let at = |rest: &str| shop.at(0, rest);
    let (path, body, other, first) = match route {
        "/pos/sale" => {
            let sale = |person: u128| {
                json!({ "branch_id": branch, "customer_id": uuid::Uuid::from_u128(person),
                    "cart": { "sale_type": "TAKEAWAY", "lines": [] },
                    "tender": { "method": "ACCOUNT" } })
            };
            (route.to_owned(), sale(1), sale(2), 202)
        }
        "/pos/khqr" => {
            let code = |currency: &str| {
                json!({ "ticketId": "t", "branch_id": branch, "currency": currency,
                    "cart": { "sale_type": "TAKEAWAY", "lines": [] } })
            };
            (route.to_owned(), code("USD"), code("KHR"), 409)
        }
        "/pos/khqr/{md5}/check" => {
            let path = format!("/pos/khqr/{}/check", "0".repeat(32));
            let elsewhere = format!("/pos/khqr/{}/check", "1".repeat(32));
            let (body, other) = (Value::Null, (elsewhere, Value::Null));
            return Row { path, body, other, first: 404 };
        }
        "/pos/cash-sessions" => {
            let opening = |usd: &str| {
                json!({ "branch_id": branch, "device_id": till, "staff_id": person,
                    "opening_float_usd": usd, "opening_float_khr": "0" })
            };
            (route.to_owned(), opening("1"), opening("2"), 202)
        }
        "/pos/cash-sessions/close" => {
            let close = |usd: &str| {
                json!({ "branch_id": branch, "cash_session_id": branch, "staff_id": person,
                    "counted_usd": usd, "counted_khr": "0" })
            };
            (route.to_owned(), close("1"), close("2"), 202)
        }
        "/pos/cash-movements" => {
            let cash = |amount: &str| {
                json!({ "branch_id": branch, "cash_session_id": branch, "staff_id": person,
                    "direction": "PAID_IN", "currency": "USD", "amount": amount, "reason": "x" })
            };
            (route.to_owned(), cash("1"), cash("2"), 202)
        }
        "/pos/orders/status" => {
            let to = |to: &str| json!({ "branch_id": branch, "order_id": branch, "staff_id": person, "to": to });
            (route.to_owned(), to("READY"), to("DELIVERED"), 202)
        }
        "/pos/voids" => {
            let void = |reason: &str| {
                json!({ "branch_id": branch, "sale_id": branch, "staff_id": person,
                    "reason": reason })
            };
            (route.to_owned(), void("a"), void("b"), 202)
        }
        "/pos/voids/decision" => {
            let decision = |approve: bool| {
                json!({ "branch_id": branch, "void_request_id": void, "staff_id": manager,
                    "approve": approve, "note": "n" })
            };
            (route.to_owned(), decision(true), decision(false), 202)
        }
        "/v1/void-requests/{id}/approve" => {
            let note = |note: &str| json!({ "decided_by": manager, "note": note });
            (format!("/v1/void-requests/{void}/approve"), note("a"), note("b"), 202)
        }
        // After the approval, which waits for the store.
        "/v1/void-requests/{id}/reject" => {
            let reason = |reason: &str| json!({ "decided_by": manager, "reason": reason });
            (format!("/v1/void-requests/{void}/reject"), reason("a"), reason("b"), 409)
        }
        "/v1/branches/{branch}/staff/{id}/pin" => {
            let pin = |pin: &str| json!({ "pin": pin });
            (at(&format!("staff/{person}/pin")), pin("4711"), pin("4712"), 200)
        }
        "/v1/branches/{branch}/devices/{id}/pairing-code" => {
            let path = at(&format!("devices/{till}/pairing-code"));
            let elsewhere = at(&format!("devices/{}/pairing-code", new_id("another")));
            let (body, other) = (Value::Null, (elsewhere, Value::Null));
            return Row { path, body, other, first: 200 };
        }
        "/v1/branches/{branch}/stock/receipts" => {
            (at("stock/receipts"), stock("quantity", "1"), stock("quantity", "2"), 201)
        }
        "/v1/branches/{branch}/stock/counts" => {
            (at("stock/counts"), stock("counted", "1"), stock("counted", "2"), 201)
        }
        // Nothing was ever set aside: a refusal by the books, which stands.
        "/v1/quarantine/{edge}/{seq}/release" => {
            let entry = |seq: u64| format!("/v1/quarantine/{}/{seq}/release", new_id("an edge"));
            let (body, other) = (Value::Null, (entry(2), Value::Null));
            return Row { path: entry(1), body, other, first: 404 };
        }
        "/v1/quarantine/{edge}/{seq}/discard" => {
            let reason = |reason: &str| json!({ "reason": reason });
            let entry = format!("/v1/quarantine/{}/1/discard", new_id("an edge"));
            (entry, reason("a"), reason("b"), 404)
        }
        other => panic!("POST {other} has no row in this table"),
    };
    Row { other: (path.clone(), other), path, body, first }
}

#[tokio::test]
async fn every_post_is_answered_once_under_its_key() {
    let (shop, _, void, manager) = super::voids::asked().await;
    let document = serde_json::to_value(ingest::http::openapi()).unwrap();
    let routes = document["paths"].as_object().unwrap().iter();
    let posts: Vec<_> =
        routes.filter(|(_, route)| route["post"].is_object()).map(|(path, _)| path).collect();
    assert!(posts.len() >= 15, "{posts:?}");
    for (place, route) in posts.into_iter().enumerate() {
        let Row { path, body, other, first: status } = row(&shop, void, manager, route);
        let bare = shop.send(Method::POST, &path, &[], &body).await;
        assert_eq!(shop::json(bare).await["code"], "idempotency_key_missing", "{route}");
        let key = format!("key-{place}");
        let first = told(shop.post(&path, &key, &body).await).await;
        assert_eq!(first.0.as_u16(), status, "{route}: {first:?}");
        assert_eq!(told(shop.post(&path, &key, &body).await).await, first, "{route} again");
        let another = told(shop.post(&other.0, &key, &other.1).await).await;
        assert_eq!(another.0, 422, "{route}: {another:?}");
        let code = another.2["code"].as_str().unwrap().to_owned();
        assert!(["idempotency_key_reused", "ticket_conflict"].contains(&code.as_str()), "{code}");
        assert_eq!(told(shop.post(&path, &key, &body).await).await, first, "{route} at last");
    }
}

#[tokio::test]
async fn a_refusal_by_the_books_stands_under_its_key_when_they_change() {
    let (shop, _, void, _) = super::voids::asked().await;
    let id = new_id("a newcomer");
    let pin = shop.at(0, &format!("staff/{id}/pin"));
    let approve = format!("/v1/void-requests/{void}/approve");
    let asked = [(&pin, json!({ "pin": "4711" })), (&approve, json!({ "decided_by": id }))];
    let mut refused = Vec::new();
    for (path, body) in &asked {
        let first = told(shop.post(path, path, body).await).await;
        assert_eq!(first.1, "application/problem+json");
        refused.push(first);
    }
    let codes: Vec<_> = refused.iter().map(|told| told.2["code"].clone()).collect();
    assert_eq!(codes, ["not_in_catalogue", "not_an_approver"]);
    assert_eq!(shop.count("SELECT count(*) FROM api_request WHERE status >= 400").await, 2);
    // What is wrong with a request by itself leaves its key free.
    let bad = told(shop.post(&pin, "free", &json!({ "pin": "1" })).await).await;
    assert_eq!(bad.2["code"], "bad_text");

    let member = json!({ "name": "Bopha", "role": StaffRole::Manager });
    let made = shop.change(Method::PUT, 0, &format!("staff/{id}"), &member).await;
    assert_eq!(made.status(), 200);
    for ((path, body), first) in asked.iter().zip(refused) {
        assert_eq!(told(shop.post(path, path, body).await).await, first, "{path}");
        let other =
            told(shop.post(path, path, &json!({ "pin": "4712", "decided_by": void })).await);
        assert_eq!(other.await.0, 422, "{path}");
    }
    assert_eq!(told(shop.post(&pin, "free", &asked[0].1).await).await.0, 200);
    assert_eq!(told(shop.post(&approve, "anew", &asked[1].1).await).await.0, 202);
    assert_eq!(shop.count("SELECT count(*) FROM edge_command").await, 1);
}
