//! Whatever is wrong with a request is told as problem+json.

use reqwest::Method;

use crate::store::{SIGNED_IN, Store};

#[tokio::test]
async fn what_is_not_served_is_a_problem() {
    let store = Store::with_menu().await;
    let till = &store.till;
    assert_eq!(till.get("/v1/nowhere").await.problem(404), "not_found");
    assert_eq!(till.get("/assets/nowhere.js").await.problem(404), "not_found");
    let wrong = till.send(till.request(Method::DELETE, "/v1/sales")).await;
    assert_eq!(wrong.problem(405), "method_not_allowed");
    let wrong = till.send(till.request(Method::PUT, "/healthz")).await;
    assert_eq!(wrong.problem(405), "method_not_allowed");
    for query in ["limit=0", "limit=501", "limit=x", "status=lost", "before=x", "page=2"] {
        let refused = till.get(&format!("/v1/tickets?{query}")).await;
        assert_eq!(refused.problem(400), "invalid_query", "{query}");
    }
    let refused = till.get("/v1/cash-sessions?device=me").await;
    assert_eq!(refused.problem(400), "invalid_query");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_problem() {
    let store = Store::with_menu().await;
    let post = |body: Vec<u8>, kind: Option<&str>| {
        let request = store.till.request(Method::POST, "/v1/quotes").body(body);
        let request = match kind {
            Some(kind) => request.header("Content-Type", kind),
            None => request,
        };
        store.till.send(request)
    };
    let json = Some("application/json");
    for (body, status, code) in [
        (&b""[..], 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (b"{} {}", 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b"{}", 422, "invalid_request"),
        (b"{\"sale_type\":\"TAKEAWAY\",\"lines\":[],\"x\":1}", 422, "invalid_request"),
        (b"{\"sale_type\":\"FLYING\",\"lines\":[]}", 422, "invalid_request"),
    ] {
        let refused = post(body.to_vec(), json).await;
        assert_eq!(refused.problem(status), code, "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(post(b"{}".to_vec(), None).await.problem(415), "unsupported_media_type");
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(post(b"a=b".to_vec(), form).await.problem(415), "unsupported_media_type");
    let large = vec![b' '; 256 * 1024 + 1];
    assert_eq!(post(large, json).await.problem(413), "body_too_large");
}

#[tokio::test]
async fn metrics_tell_what_was_captured() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    store.till.sell("t1", &session).await.ok(201);
    store.till.sell("t1", &session).await.ok(201);
    store.till.sell("t2", &uuid::Uuid::nil().to_string()).await.problem(409);
    let metrics = store.till.get("/metrics").await;
    let text = String::from_utf8(metrics.body).unwrap();
    let edge = store.identity.edge_id;
    for line in [
        format!("tillstream_edge_captures_total{{edge=\"{edge}\",outcome=\"captured\"}} 1"),
        format!("tillstream_edge_captures_total{{edge=\"{edge}\",outcome=\"replayed\"}} 1"),
        format!("tillstream_edge_captures_total{{edge=\"{edge}\",outcome=\"refused\"}} 1"),
        format!("tillstream_edge_unconfirmed_entries{{edge=\"{edge}\"}} {}", SIGNED_IN + 2),
        format!("tillstream_edge_capture_seconds_count{{edge=\"{edge}\"}} 2"),
    ] {
        assert!(text.contains(&line), "{line} is missing in\n{text}");
    }
    for name in ["journal_bytes", "storage_free_bytes", "tickets_left"] {
        let start = format!("tillstream_edge_{name}{{edge=\"{edge}\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        assert!(value.parse::<u64>().unwrap() > 1_000, "{name} is {value}");
    }
}

#[tokio::test]
async fn what_is_too_much_at_once_is_told_to_come_back() {
    let store = Store::with_menu().await.restart_with(|limits| limits.requests_at_once = 0).await;
    let refused = store.till.get("/v1/tickets").await;
    assert_eq!(refused.problem(503), "too_busy");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(store.till.get("/healthz").await.status, 200);
    let store = store.restart_with(|limits| limits.watchers = 0).await;
    assert_eq!(store.till.get("/v1/updates").await.problem(503), "too_busy");
}

#[tokio::test]
async fn a_sale_that_was_given_up_on_is_made_once() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let store = store.restart_with(|limits| limits.request_timeout_ms = 0).await;
    let mut head = store.journal.head();
    let refused = store.till.sell("t1", &session).await;
    assert_eq!(refused.problem(503), "timed_out");
    assert_eq!(refused.headers["retry-after"], "1");
    // It reaches the journal all the same, or the retry makes it.
    let captured = head.wait_for(|head| head.seq == SIGNED_IN + 2);
    tokio::time::timeout(testkit::BOUND, captured).await.unwrap().unwrap();
    let store = store.restart().await;
    let retry = store.till.sell("t1", &session).await;
    retry.ok(201);
    assert_eq!(retry.headers["idempotent-replayed"], "true");
    assert_eq!(store.journal.head().borrow().seq, SIGNED_IN + 2);
}
