//! The committed OpenAPI document is the one that is served.

use crate::store::Store;

#[tokio::test]
async fn the_document_in_the_repository_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let store = Store::empty().await;
    let served = store.till.get("/openapi.json").await.ok(200);
    assert!(
        served == committed,
        "pos-edge/openapi.json is out of date; make it anew with \
         `cargo run -p pos-edge -- openapi > pos-edge/openapi.json`"
    );
}
