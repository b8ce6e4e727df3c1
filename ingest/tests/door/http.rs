use schemas::requests::FactsReplyV1;
use serde_json::Value;
use testkit::{BOUND, wait_until};

use crate::{rows, setup::Door};

async fn problem(door: &Door, path: &str) -> (u16, String) {
    let response = door.get(path).await;
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
    let problem: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(problem["status"], status, "{path}");
    assert!(problem["detail"].is_string() && problem["title"].is_string(), "{path}");
    let code = problem["type"].as_str().unwrap().strip_prefix("urn:tillstream:problem:").unwrap();
    (status, code.to_owned())
}

#[tokio::test]
async fn facts_are_read_page_by_page() {
    let door = Door::open(1).await;
    let bodies: Vec<String> = (1..=5).map(|n| format!("{{ \"n\" : {n} }}")).collect();
    rows::facts(&door.books.pool, door.store(0), 1, &bodies).await;
    let branch = door.store(0).branch_id;
    let page = door.get(&format!("/v1/branches/{branch}/facts?after=1&limit=3")).await;
    assert_eq!(page.status(), 200);
    let page: FactsReplyV1 = serde_json::from_slice(&page.bytes().await.unwrap()).unwrap();
    let places: Vec<u64> = page.facts.iter().map(|fact| fact.fact_seq).collect();
    assert_eq!((places, page.head), (vec![2, 3, 4], 5));
    assert_eq!(page.facts[0].body.get(), bodies[1]);
    let all = door.get(&format!("/v1/branches/{branch}/facts")).await;
    let all: FactsReplyV1 = serde_json::from_slice(&all.bytes().await.unwrap()).unwrap();
    assert_eq!(all.facts.len(), 5);
}

#[tokio::test]
async fn every_wrong_request_has_its_status_as_a_problem() {
    let door = Door::open(1).await;
    let branch = door.store(0).branch_id;
    let cases = [
        ("/v1/branches/nonsense/facts".to_owned(), 400, "bad_parameter"),
        (format!("/v1/branches/{branch}/facts?after=x"), 400, "bad_parameter"),
        (format!("/v1/branches/{branch}/facts?after=-1"), 400, "bad_parameter"),
        (format!("/v1/branches/{branch}/facts?befor=1"), 400, "bad_parameter"),
        (
            "/v1/branches/99999999-9999-4999-8999-999999999999/facts".to_owned(),
            404,
            "no_such_branch",
        ),
        ("/v1/nothing".to_owned(), 404, "no_such_page"),
    ];
    for (path, status, code) in cases {
        assert_eq!(problem(&door, &path).await, (status, code.to_owned()), "{path}");
    }
    let posted = reqwest::Client::new().post(format!("{}/healthz", door.http));
    let posted = posted.send().await.unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(posted.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn health_follows_the_books_and_the_broker() {
    let mut door = Door::open(1).await;
    assert_eq!(door.get("/healthz").await.status(), 200);
    door.books.kill();
    assert_eq!(problem(&door, "/healthz").await, (503, "unhealthy".to_owned()));
    door.books.restart().await;
    healthy(&door).await;
    door.nats.stop().await;
    let ill = door.get("/healthz").await;
    assert_eq!(ill.status(), 503);
    assert!(ill.text().await.unwrap().contains("the broker does not answer"));
    door.nats.restart().await;
    healthy(&door).await;
}

async fn healthy(door: &Door) {
    wait_until("the door is well", BOUND, || async {
        (door.get("/healthz").await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_api_describes_itself_and_counts() {
    let door = Door::open(1).await;
    let api = door.get("/openapi.json").await.bytes().await.unwrap();
    let api: Value = serde_json::from_slice(&api).unwrap();
    let facts = &api["paths"]["/v1/branches/{branch}/facts"]["get"];
    assert!(facts["responses"]["200"].is_object() && facts["responses"]["404"].is_object());
    assert!(api["components"]["schemas"]["FactsReplyV1"].is_object());
    let metrics = door.get("/metrics").await;
    assert!(metrics.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert!(metrics.text().await.unwrap().contains("ingest_requests_total"));
    // It stops when asked, although a client keeps its connection open.
    door.close().await;
}
