//! The golden carts at the edge's door: what the till's page and the centre compute
//! of them too (`crates/domain/tests/golden/carts.json`).

use std::{collections::BTreeMap, fs};

use pos_edge::journal::EdgeIdentity;
use schemas::{DeviceId, ManualClock, Timestamp, catalogue::CatalogueV1};
use serde_json::{Value, json};
use testkit::{sample_catalogue, sample_id, scratch_dir};

use crate::store::{OPENING, Store, identity, settings};

fn golden() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/domain/tests/golden/carts.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// A store that sells by this catalogue, with the people and tills of the sample.
async fn selling_by(document: &Value) -> Store {
    let mut catalogue: CatalogueV1 = serde_json::from_value(document.clone()).unwrap();
    let (tenant_id, branch_id) = (catalogue.tenant_id, catalogue.branch_id);
    let people = sample_catalogue(tenant_id, branch_id, 1);
    (catalogue.staff, catalogue.devices) = (people.staff, people.devices);
    let (dir, clock) = (scratch_dir(), ManualClock::at(OPENING));
    let identity = EdgeIdentity { tenant_id, branch_id, ..identity() };
    pos_edge::enrol(dir.path(), identity, &clock).await.unwrap();
    let mut store = Store::start_with(settings(dir.path(), identity), dir, clock).await;
    store.journal.store_catalogue(serde_json::to_vec(&catalogue).unwrap()).await.unwrap();
    store.till = store.till.paired("Counter 1").await;
    store
}

#[tokio::test]
async fn the_golden_carts_cost_what_they_cost_in_the_page() {
    let golden = golden();
    // Logins end: the cases of a moment are asked by one.
    let mut cases: BTreeMap<(&str, Timestamp), Vec<&Value>> = BTreeMap::new();
    for case in golden["cases"].as_array().unwrap() {
        let at = serde_json::from_value(case["at"].clone()).unwrap();
        cases.entry((case["catalogue"].as_str().unwrap(), at)).or_default().push(case);
    }
    let mut sold = 0;
    for ((catalogue, at), cases) in cases {
        let store = selling_by(&golden["catalogues"][catalogue]).await;
        store.clock.set(at);
        let till = store.till.logged_in("Sokha").await;
        let session = till.open_session().await;
        for (nth, case) in cases.into_iter().enumerate() {
            let name = &case["name"];
            let quote = till.post("/v1/quotes", "quote", &case["cart"]).await;
            let Some(totals) = case["expect"].get("ok") else {
                assert_eq!(quote.problem(422), case["expect"]["problem"], "{name}");
                continue;
            };
            holds(&quote.ok(200), totals, name);
            for (tender, asked) in case["tenders"].as_array().unwrap().iter().enumerate() {
                let sale = json!({
                    "device_id": sample_id::<DeviceId>("Counter 1"), "cash_session_id": session,
                    "cart": case["cart"], "tender": asked["offer"],
                });
                let reply = till.post("/v1/sales", &format!("t-{nth}-{tender}"), &sale).await;
                match asked["expect"].get("ok") {
                    Some(settled) => {
                        let receipt = reply.ok(201);
                        holds(&receipt, totals, name);
                        holds(&receipt["tender"], settled, name);
                        sold += 1;
                    }
                    None => assert!(!reply.status.is_success(), "{name}: {}", asked["offer"]),
                }
            }
        }
    }
    assert!(sold > 150, "{sold} sales");
}

/// Every field of `expected` is in `found`, as it is.
#[track_caller]
fn holds(found: &Value, expected: &Value, name: &Value) {
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&found[field], value, "{name}: {field}");
    }
}
