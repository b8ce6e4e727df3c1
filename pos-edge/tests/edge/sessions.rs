//! Cash sessions.

use serde_json::json;
use testkit::sample_id;
use uuid::Uuid;

use crate::store::{SIGNED_IN, Store, session_of};

const PATH: &str = "/v1/cash-sessions";

#[tokio::test]
async fn a_session_is_opened_once_for_each_till_and_person() {
    let store = Store::with_menu().await;
    let first = store.till.post(PATH, "k1", &session_of("Counter 1", "Sokha")).await;
    let opened = first.ok(201);
    let again = store.till.post(PATH, "\"k1\"", &session_of("Counter 1", "Sokha")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");

    let counter_2 = store.at("Counter 2", "Sokha").await;
    let other = counter_2.post(PATH, "k1", &session_of("Counter 2", "Sokha")).await;
    assert_eq!(other.problem(422), "idempotency_key_conflict");
    let second = store.till.post(PATH, "k2", &session_of("Counter 1", "Sokha")).await;
    assert_eq!(second.problem(409), "session_already_open");
    let id = opened["cash_session_id"].as_str().unwrap();
    assert!(second.json()["detail"].as_str().unwrap().contains(id));
    store.clock.set(crate::store::OPENING.plus_micros(1_000_000));
    let dara = store.beside("Dara").await;
    dara.post(PATH, "k3", &session_of("Counter 1", "Dara")).await.ok(201);
    counter_2.post(PATH, "k4", &session_of("Counter 2", "Sokha")).await.ok(201);

    let store = store.restart().await;
    let all = store.till.get(PATH).await.ok(200);
    assert_eq!(all.as_array().unwrap().len(), 3);
    let device: Uuid = sample_id("Counter 1");
    let here = store.till.get(&format!("{PATH}?device={device}")).await.ok(200);
    assert_eq!(here.as_array().unwrap().len(), 2);
    assert_eq!(here[0], opened);
    let again = store.till.post(PATH, "k1", &session_of("Counter 1", "Sokha")).await;
    assert_eq!(again.body, first.body, "also after a restart");
}

#[tokio::test]
async fn sessions_opened_at_once_for_one_person_are_one() {
    let store = Store::with_menu().await;
    let keys: Vec<String> = (0..8).map(|n| format!("k{n}")).collect();
    let body = session_of("Counter 1", "Sokha");
    let attempts = keys.iter().map(|key| store.till.post(PATH, key, &body));
    let replies = futures::future::join_all(attempts).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(reply.problem(409), "session_already_open");
    }
}

#[tokio::test]
async fn a_session_that_makes_no_sense_is_refused() {
    let store = Store::with_menu().await;
    for (field, value, code) in [
        ("opening_float_usd", json!("-1"), "invalid_float"),
        ("opening_float_usd", json!("1.005"), "invalid_float"),
        ("opening_float_khr", json!("100.5"), "invalid_float"),
        ("opening_float_khr", json!("1000000001"), "invalid_float"),
        ("opening_float_khr", json!("lots"), "invalid_request"),
    ] {
        let mut body = session_of("Counter 1", "Sokha");
        body[field] = value;
        let refused = store.till.post(PATH, "k1", &body).await;
        assert_eq!(refused.problem(422), code);
        if code != "invalid_request" {
            assert!(refused.json()["detail"].as_str().unwrap().starts_with(field));
        }
    }
    assert_eq!(store.journal.head().borrow().seq, SIGNED_IN);
}

#[tokio::test]
async fn tills_are_remembered_by_when_they_were_heard() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    store.clock.set(crate::store::OPENING.plus_micros(60_000_000));
    store.till.sell("pos-1-a", &session).await.ok(201);
    let heard = store.journal.device_contacts();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].device_id, sample_id("Counter 1"));
    assert_eq!(heard[0].last_contact_at, crate::store::OPENING.plus_micros(60_000_000));
    // One that only asks is heard, too; one that nobody knows is not.
    let till = store.till.without_token().paired("Counter 2").await;
    till.get("/v1/me").await.ok(200);
    store.till.without_token().get("/v1/me").await.problem(401);
    assert_eq!(store.journal.device_contacts().len(), 2);
    let store = store.restart().await;
    assert_eq!(store.journal.device_contacts().len(), 1, "written with the next capture");
}
