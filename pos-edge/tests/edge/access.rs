//! Every route × who asks, by the table that the edge goes by.

use std::collections::BTreeSet;

use pos_edge::api::{
    self,
    access::{RULES, Rule, Who},
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::store::{Reply, Store, Till};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Nobody,
    Stranger,
    Till,
    Cashier,
    Manager,
    Admin,
    Operator,
    /// A till, a manager and an operator of another branch.
    Elsewhere(&'static str),
}

/// What is served beside the document.
const BESIDE: [&str; 6] = ["/healthz", "/openapi.json", "/", "/{*page}", "/trust", "/trust/{file}"];

/// Whether the rule lets them in.
fn may(who: Who, asker: Asker) -> bool {
    match who {
        Who::Anyone => true,
        Who::TillOrOperator => {
            matches!(
                asker,
                Asker::Till | Asker::Cashier | Asker::Manager | Asker::Admin | Asker::Operator
            )
        }
        Who::Till => {
            matches!(asker, Asker::Till | Asker::Cashier | Asker::Manager | Asker::Admin)
        }
        // Without the header of sales that a till completed by itself.
        Who::Staff | Who::Seller => matches!(asker, Asker::Cashier | Asker::Manager | Asker::Admin),
        Who::StaffOrOperator => {
            matches!(asker, Asker::Cashier | Asker::Manager | Asker::Admin | Asker::Operator)
        }
        Who::Approver => matches!(asker, Asker::Manager | Asker::Admin),
        Who::Operator => asker == Asker::Operator,
    }
}

/// Asks for a route with a body that no handler accepts.
async fn ask(till: &Till, method: &str, path: &str) -> Reply {
    let path = path
        .split('/')
        .map(
            |part| {
                if part.starts_with('{') { "00000000-0000-0000-0000-00000000000f" } else { part }
            },
        )
        .collect::<Vec<_>>()
        .join("/");
    let mut request = till.request(method.parse().unwrap(), &path);
    if method != "GET" {
        request = request.header("Idempotency-Key", Uuid::now_v7().to_string()).json(&json!({}));
    }
    // A stream of updates has no end: its head is the answer.
    if path == "/v1/updates" {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = if status.is_success() {
            b"{}".to_vec()
        } else {
            answer.bytes().await.unwrap().to_vec()
        };
        return Reply { status, headers, body };
    }
    till.send(request).await
}

fn code(reply: &Reply) -> Option<String> {
    serde_json::from_slice::<Value>(&reply.body).ok()?["code"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn every_route_lets_in_whom_its_rule_says_and_nobody_else() {
    let store = Store::with_menu().await;
    let other = Store::with_menu().await;
    let cashier = store.till.clone();
    let bare = cashier.without_token();
    let till_token = bare.paired("Counter 2").await;
    let operator = std::fs::read_to_string(store.dir.path().join("operator.token")).unwrap();
    let their_operator = std::fs::read_to_string(other.dir.path().join("operator.token")).unwrap();
    let their_till = other.till.without_token().paired("Counter 2").await.token.unwrap();
    let their_manager = other.beside("Dara").await.token.unwrap();
    let askers = [
        (Asker::Nobody, bare.clone()),
        (Asker::Stranger, bare.with_token("staff_0000")),
        (Asker::Till, till_token),
        (Asker::Cashier, cashier),
        (Asker::Manager, store.beside("Dara").await),
        (Asker::Admin, store.beside("Vanna").await),
        (Asker::Operator, bare.with_token(&operator)),
        (Asker::Elsewhere("till"), bare.with_token(&their_till)),
        (Asker::Elsewhere("manager"), bare.with_token(&their_manager)),
        (Asker::Elsewhere("operator"), bare.with_token(&their_operator)),
    ];
    // Logging out comes last: it ends the tokens that are asked with.
    let (last, others): (Vec<&Rule>, Vec<&Rule>) =
        RULES.iter().partition(|rule| rule.path == "/v1/logout");
    for rule in others.into_iter().chain(last) {
        for (asker, till) in &askers {
            let reply = ask(till, rule.method, rule.path).await;
            let (status, code) = (reply.status.as_u16(), code(&reply));
            let told = format!("{} {} by {asker:?}: {status} {code:?}", rule.method, rule.path);
            let let_in = may(rule.who, *asker);
            let refused = matches!(
                code.as_deref(),
                Some("not_logged_in" | "approver_required" | "operator_required")
            );
            assert_eq!(refused, !let_in, "{told}");
            assert_ne!(code.as_deref(), Some("internal"), "{told}");
            assert!(status != 405, "{told}");
            if refused {
                let known =
                    matches!(asker, Asker::Till | Asker::Cashier | Asker::Manager | Asker::Admin);
                let expected = match rule.who {
                    Who::Approver if *asker == Asker::Cashier => (403, "approver_required"),
                    Who::Operator if known => (403, "operator_required"),
                    _ => (401, "not_logged_in"),
                };
                assert_eq!((status, code.as_deref()), (expected.0, Some(expected.1)), "{told}");
                assert_eq!(reply.headers.contains_key("www-authenticate"), status == 401, "{told}");
            }
        }
    }
}

#[test]
fn the_table_has_every_route_once_and_no_other() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut served: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (path.clone(), method.to_ascii_uppercase()))
        })
        .collect();
    // Served beside the document, which they are not part of.
    for path in BESIDE {
        served.insert((path.to_owned(), "GET".to_owned()));
    }
    let table: BTreeSet<(String, String)> =
        RULES.iter().map(|rule| (rule.path.to_owned(), rule.method.to_owned())).collect();
    assert_eq!(table, served);
    assert_eq!(table.len(), RULES.len(), "a route is there twice");
}

#[test]
fn the_document_tells_the_rule_of_each_route() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    for rule in RULES.iter().filter(|rule| !BESIDE.contains(&rule.path)) {
        let operation = &document["paths"][rule.path][rule.method.to_ascii_lowercase()];
        let description = operation["description"].as_str().unwrap();
        assert!(description.ends_with(rule.who.in_words()), "{rule:?}: {description}");
        assert_eq!(operation["security"].is_array(), rule.who != Who::Anyone, "{rule:?}");
    }
}

#[tokio::test]
async fn what_is_another_tills_or_persons_is_refused() {
    let store = Store::with_menu().await;
    let body = crate::store::session_of("Counter 2", "Sokha");
    let refused = store.till.post("/v1/cash-sessions", "k1", &body).await;
    assert_eq!(refused.problem(403), "not_yours");
    let body = crate::store::session_of("Counter 1", "Dara");
    let refused = store.till.post("/v1/cash-sessions", "k1", &body).await;
    assert_eq!(refused.problem(403), "not_yours");
    let session = store.till.open_session().await;
    let theirs = store.at("Counter 2", "Sokha").await.sell("t1", &session).await;
    assert_eq!(theirs.problem(403), "not_yours", "the body names Counter 1");
    let theirs = store.beside("Dara").await.sell("t1", &session).await;
    assert_eq!(theirs.problem(409), "no_open_session", "the session is Sokha's");
    store.till.sell("t1", &session).await.ok(201);
    let again = store.beside("Dara").await.sell("t1", &session).await;
    again.ok(201);
    assert_eq!(again.headers["idempotent-replayed"], "true", "a retry by whoever is there now");
}

#[tokio::test]
async fn the_menu_is_shown_before_anyone_logs_in_and_without_secrets() {
    let store = Store::with_menu().await;
    let till = store.till.without_token().paired("Counter 2").await;
    let menu = till.get("/v1/catalogue").await;
    let text = String::from_utf8(menu.body.clone()).unwrap();
    assert!(!text.contains("argon2") && !text.contains("pin_hash"), "{text}");
    let menu = menu.ok(200);
    assert_eq!(menu["staff"].as_array().unwrap().len(), 4);
    assert_eq!(menu["staff"][2]["role"], "MANAGER");
    till.post("/v1/quotes", "q", &crate::store::cart()).await.ok(200);
    let me = till.get("/v1/me").await.ok(200);
    assert_eq!(me["deviceName"], "Counter 2");
    assert_eq!(me["staff"], Value::Null);
    let me = till.logged_in("Vanna").await.get("/v1/me").await.ok(200);
    assert_eq!((&me["staff"]["name"], &me["staff"]["role"]), (&json!("Vanna"), &json!("ADMIN")));
    assert_eq!(me["deviceId"], json!(sample_id::<Uuid>("Counter 2")));
    let head = till.send(till.request(Method::HEAD, "/v1/catalogue")).await;
    assert_eq!(head.status, 200);
}
