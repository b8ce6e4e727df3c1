//! The committed OpenAPI document is the one that is served, and every route of
//! it has its rule.

use std::collections::BTreeSet;

use ingest::http::access::RULES;
use serde_json::Value;

use crate::setup::Door;

#[tokio::test]
async fn the_document_in_the_repository_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let door = Door::open(1).await;
    let served = door.get("/openapi.json").await.bytes().await.unwrap();
    let served: Value = serde_json::from_slice(&served).unwrap();
    assert!(
        served == committed,
        "ingest/openapi.json is out of date; make it anew with \
         `cargo run -p ingest -- openapi > ingest/openapi.json`"
    );
}

#[test]
fn every_route_has_a_rule_and_every_rule_a_route() {
    let document = serde_json::to_value(ingest::http::openapi()).unwrap();
    let mut routes = BTreeSet::from([
        // These describe and count the others.
        ("GET".to_owned(), "/openapi.json".to_owned()),
        ("GET".to_owned(), "/metrics".to_owned()),
    ]);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.insert((method.to_uppercase(), path.clone()));
        }
    }
    let rules: Vec<_> =
        RULES.iter().map(|rule| (rule.method.to_owned(), rule.path.to_owned())).collect();
    assert_eq!(rules.iter().cloned().collect::<BTreeSet<_>>(), routes);
    assert_eq!(rules.len(), routes.len(), "a route has two rules");
}
