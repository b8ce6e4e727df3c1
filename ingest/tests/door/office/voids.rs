//! Void decisions of the back office: from the door to the store and back.

use reqwest::{Method, Response};
use schemas::{
    CommandId, StaffId, VoidRequestId,
    back_office::Scope,
    events::SaleFinalizedV1,
    requests::{HeartbeatReplyV1, VoidDecision},
    subjects::CentralRequest,
};
use serde_json::{Value, json};
use testkit::{sample_id, seed_company};

use super::shop::{self, Shop};
use crate::{requests::heartbeat, setup::token};

/// A shop with a sale whose void was asked for, and its manager.
pub(super) async fn asked() -> (Shop, SaleFinalizedV1, VoidRequestId, StaffId) {
    let mut shop = Shop::open(1).await;
    let manager = shop.appoint(0).await;
    let (sale, sold) = shop.journals[0].sell();
    let (asked, request) = shop.journals[0].request_void(&sale);
    shop.book(0, &[sold, request]).await;
    (shop, sale, asked.void_request_id, manager)
}

impl Shop {
    async fn approve(&self, id: VoidRequestId, key: &str, by: StaffId) -> Response {
        let body = json!({ "decided_by": by, "note": "seen on camera" });
        let path = format!("/v1/void-requests/{id}/approve");
        self.send(Method::POST, &path, &[("Idempotency-Key", key)], &body).await
    }

    async fn reject(&self, id: VoidRequestId, key: &str, by: StaffId) -> Response {
        let body = json!({ "decided_by": by, "reason": "it was drunk" });
        let path = format!("/v1/void-requests/{id}/reject");
        self.send(Method::POST, &path, &[("Idempotency-Key", key)], &body).await
    }

    /// What the store's edge is told to do.
    async fn told(&self) -> Vec<schemas::requests::Command> {
        let subject = self.door.subject(0, CentralRequest::Heartbeat);
        let reply: HeartbeatReplyV1 = self.door.ask(subject, &heartbeat(&self.door)).await.unwrap();
        reply.commands
    }
}

async fn refused(response: Response, status: u16, code: &str) {
    assert_eq!(response.status(), status, "{code}");
    assert_eq!(shop::json(response).await["code"], code);
}

fn command_id(answer: &Value) -> CommandId {
    serde_json::from_value(answer["command_id"].clone()).unwrap()
}

#[tokio::test]
async fn an_approval_waits_for_the_store_and_then_says_what_became_of_it() {
    let (mut shop, sale, id, manager) = asked().await;
    let answer = shop.approve(id, "k1", manager).await;
    assert_eq!(answer.status(), 202);
    let status_at = answer.headers()["location"].to_str().unwrap().to_owned();
    let first = shop::json(answer).await;
    assert_eq!(
        (&first["state"], &first["message"]),
        (&json!("WAITING"), &json!("waiting for the store"))
    );
    assert_eq!(shop.read(&status_at).await, first);

    // The same again is the same, and the store is told once.
    let again = shop.approve(id, "k1", manager).await;
    assert_eq!(again.status(), 202);
    assert_eq!(again.headers()["location"], status_at.as_str());
    assert_eq!(shop::json(again).await, first);
    let told = shop.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].decided_by, manager);
    let note = Some("seen on camera".to_owned());
    assert_eq!(told[0].decision, VoidDecision::Approve { note });

    let done = shop.journals[0].approve_void(id, &sale, Some(told[0].command_id));
    shop.book(0, &[done]).await;
    let settled = shop.read(&status_at).await;
    assert_eq!(settled["state"], "CARRIED_OUT");
    assert_eq!(settled["message"], "the store carried it out");
    assert!(shop.told().await.is_empty());
    let sales = shop.all(&shop.at(0, "sales"), 50).await;
    assert_eq!(
        (&sales[0]["status"], &sales[0]["order_status"]),
        (&json!("VOIDED"), &json!("VOIDED"))
    );
    assert_eq!(
        shop.count("SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH'").await,
        1
    );
    let sent = "SELECT count(*) FROM audit_log WHERE action = 'VOID_DECISION_SENT'
                AND actor_id IN (SELECT token_id FROM api_token)";
    assert_eq!(shop.count(sent).await, 1);

    refused(shop.reject(id, "k2", manager).await, 409, "void_already_decided").await;
}

#[tokio::test]
async fn of_two_decisions_at_once_one_is_sent_and_the_other_told() {
    let (shop, _, id, manager) = asked().await;
    let (one, two) = tokio::join!(shop.approve(id, "a", manager), shop.reject(id, "b", manager));
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    let loser = if one.status() == 409 { one } else { two };
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409]);
    assert_eq!(shop::json(loser).await["code"], "void_decision_waiting");
    assert_eq!(shop.told().await.len(), 1);
    assert_eq!(shop.count("SELECT count(*) FROM edge_command").await, 1);
    assert_eq!(shop.count("SELECT count(*) FROM api_request").await, 2);
}

#[tokio::test]
async fn what_the_store_refuses_is_told_with_its_reason() {
    for (code, state) in [("void_order_delivered", "REFUSED"), ("command_expired", "EXPIRED")] {
        let (mut shop, _, id, manager) = asked().await;
        let answer = shop::json(shop.approve(id, "k", manager).await).await;
        let command = command_id(&answer);
        let no = shop.journals[0].refuse_command(command, id, code);
        shop.book(0, &[no]).await;
        let outcome = shop.read(&format!("/v1/commands/{command}")).await;
        assert_eq!((&outcome["state"], &outcome["refusal_code"]), (&json!(state), &json!(code)));
        assert!(outcome["settled_at"].is_string());
        let pending = shop.all(&shop.at(0, "void-requests?status=PENDING"), 50).await;
        assert_eq!(pending.len(), 1, "it may be decided again");
        assert_eq!(shop.reject(id, "another", manager).await.status(), 202);
    }
}

#[tokio::test]
async fn decisions_that_nobody_may_make_are_refused_and_leave_nothing() {
    let (shop, _, id, manager) = asked().await;
    let nobody = VoidRequestId::derived(id.as_uuid(), "nobody");
    refused(shop.approve(nobody, "nobody", manager).await, 404, "no_such_void_request").await;
    let cashier: StaffId = sample_id("Sokha");
    refused(shop.approve(id, "cashier", cashier).await, 422, "not_an_approver").await;
    let path = format!("/v1/void-requests/{id}/reject");
    for (reason, code) in
        [(json!(" "), "bad_text"), (json!("x".repeat(501)), "bad_text"), (json!(1), "invalid_body")]
    {
        let body = json!({ "decided_by": manager, "reason": reason });
        let answer = shop.send(Method::POST, &path, &[("Idempotency-Key", "k")], &body).await;
        refused(answer, 422, code).await;
    }
    let body = json!({ "decided_by": manager, "reason": "no" });
    refused(shop.send(Method::POST, &path, &[], &body).await, 400, "idempotency_key_missing").await;
    let long = "x".repeat(129);
    for key in ["", "a b", &long] {
        let answer = shop.send(Method::POST, &path, &[("Idempotency-Key", key)], &body).await;
        refused(answer, 400, "idempotency_key_invalid").await;
    }
    assert_eq!(shop.count("SELECT count(*) FROM edge_command").await, 0);
    let kept = "SELECT count(*) FROM api_request WHERE status >= 400";
    assert_eq!(shop.count(kept).await, 2, "those that the books refuse");

    // What is no JSON, or too much of it, is not read.
    let post = |content_type: &str, body: String| {
        let request = reqwest::Client::new().post(format!("{}{path}", shop.door.http));
        let request = request.bearer_auth(&shop.door.token).header("Idempotency-Key", "k");
        request.header("Content-Type", content_type.to_owned()).body(body).send()
    };
    refused(post("text/plain", "{}".to_owned()).await.unwrap(), 415, "not_json").await;
    refused(post("application/json", "{".to_owned()).await.unwrap(), 400, "malformed").await;
    let huge = format!("\"{}\"", "x".repeat(300_000));
    refused(post("application/json", huge).await.unwrap(), 413, "body_too_large").await;

    // A key whose request made no sense is free; one that was answered belongs to its request.
    let answer = shop.approve(id, "k", manager).await;
    assert_eq!(answer.status(), 202);
    let command = command_id(&shop::json(answer).await);
    refused(shop.reject(id, "k", manager).await, 422, "idempotency_key_reused").await;

    let other = seed_company(&shop.door.books.pool, 1).await;
    let foreign = token(&shop.door.books, other.tenant_id, &Scope::ALL, None).await;
    let seen =
        shop.door.send(Method::GET, &format!("/v1/commands/{command}"), Some(&foreign)).await;
    refused(seen, 404, "no_such_command").await;
}
