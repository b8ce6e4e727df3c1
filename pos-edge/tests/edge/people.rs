//! Pairing tills, logging in and out, and what the catalogue changes.

use schemas::{
    EntryKind,
    catalogue::{CatalogueV1, DevicePairing, StaffRole},
    events::{AuditAction, AuditRecordedV1},
};
use serde_json::{Value, json};
use testkit::{sample_code, sample_id, sample_pin};
use uuid::Uuid;

use crate::store::{OPENING, Store};

const HOUR: i64 = 3_600_000_000;

/// What the journal tells the audit log, oldest first.
pub async fn audited(store: &Store) -> Vec<AuditRecordedV1> {
    let entries = store.journal.entries_after(0, 1_000, 1 << 24).await.unwrap();
    entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::AuditRecorded.as_str())
        .map(|entry| serde_json::from_slice(&entry.payload).unwrap())
        .collect()
}

fn actions(audited: &[AuditRecordedV1]) -> Vec<AuditAction> {
    audited.iter().map(|audit| audit.action).collect()
}

#[tokio::test]
async fn a_code_pairs_a_till_once() {
    let store = Store::with_menu().await;
    let till = store.till.without_token();
    let first = till.pair("p1", "Counter 2", sample_code("Counter 2")).await;
    let token = first.ok(201)["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), "till_".len() + 64);
    let again = till.pair("p1", "Counter 2", sample_code("Counter 2")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body), "a retry");
    let second = till.pair("p2", "Counter 2", sample_code("Counter 2")).await;
    assert_eq!(second.problem(403), "pairing_code_used");
    let other = till.pair("p1", "Counter 1", sample_code("Counter 1")).await;
    assert_eq!(other.problem(422), "idempotency_key_conflict");
    let wrong = till.pair("p1", "Counter 2", "100003").await;
    assert_eq!(wrong.problem(403), "wrong_pairing_code", "a retry needs the code, too");

    let store = store.restart().await;
    let till = store.till.without_token();
    let again = till.pair("p1", "Counter 2", sample_code("Counter 2")).await;
    assert_eq!(again.body, first.body, "also after a restart");
    assert_eq!(
        till.pair("p2", "Counter 2", sample_code("Counter 2")).await.problem(403),
        "pairing_code_used"
    );
    assert_eq!(till.with_token(&token).get("/v1/me").await.ok(200)["deviceName"], "Counter 2");
    store.stop().await;
}

#[tokio::test]
async fn codes_that_are_wrong_expired_or_not_out_pair_nothing() {
    let store = Store::with_menu().await;
    let till = store.till.without_token();
    let second = |change: fn(&mut DevicePairing)| {
        move |menu: &mut CatalogueV1| {
            if let Some(pairing) = &mut menu.devices[1].pairing {
                change(pairing);
            }
        }
    };
    let code = sample_code("Counter 2");
    assert_eq!(till.pair("p1", "Counter 2", "1").await.problem(403), "wrong_pairing_code");
    assert_eq!(till.pair("p1", "Counter 9", code).await.problem(403), "device_unknown");
    store.publish(2, second(|pairing| pairing.expires_at = OPENING)).await;
    assert_eq!(till.pair("p1", "Counter 2", code).await.problem(403), "pairing_code_expired");
    store.publish(3, |menu| menu.devices[1].pairing = None).await;
    assert_eq!(till.pair("p1", "Counter 2", code).await.problem(403), "wrong_pairing_code");
    store.publish(4, |menu| menu.devices[1].revoked = true).await;
    assert_eq!(till.pair("p1", "Counter 2", code).await.problem(403), "device_revoked");
    store.publish(5, |_| {}).await;
    till.pair("p1", "Counter 2", code).await.ok(201);
    let told = audited(&store).await;
    let told = actions(&told[2..]);
    assert_eq!(
        told,
        [AuditAction::LoginFailed, AuditAction::LoginFailed, AuditAction::DevicePaired]
    );
}

#[tokio::test]
async fn a_new_pairing_ends_the_former_one_and_all_logins_there() {
    let store = Store::with_menu().await;
    let cheap = domain::secrets::hash("new", [5; 16], domain::secrets::Cost::MADE_UP).unwrap();
    store
        .publish(2, |menu| {
            let expires_at = OPENING.plus_micros(HOUR);
            menu.devices[0].pairing = Some(DevicePairing { code_hash: cheap, expires_at });
        })
        .await;
    let paired = store.till.without_token().pair("p2", "Counter 1", "new").await.ok(201);
    assert_eq!(store.till.get("/v1/me").await.problem(401), "not_logged_in");
    let till = store.till.with_token(paired["token"].as_str().unwrap());
    till.logged_in("Sokha").await.get("/v1/me").await.ok(200);
}

#[tokio::test]
async fn a_login_is_repeated_ended_and_over_after_its_time() {
    let store = Store::with_menu().await;
    let till = store.till.without_token().paired("Counter 2").await;
    let first = till.log_in("l1", "Dara", sample_pin("Dara")).await;
    let body = first.ok(201);
    let again = till.log_in("l1", "Dara", sample_pin("Dara")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body), "a retry");
    let other = till.log_in("l1", "Vanna", sample_pin("Vanna")).await;
    assert_eq!(other.problem(422), "idempotency_key_conflict");
    let dara = till.with_token(body["token"].as_str().unwrap());
    dara.get("/v1/cash-sessions").await.ok(200);

    let store = store.restart().await;
    let dara = store.till.with_token(body["token"].as_str().unwrap());
    dara.get("/v1/cash-sessions").await.ok(200);
    let out = dara.send(dara.request(reqwest::Method::POST, "/v1/logout")).await;
    assert_eq!(out.status, 204);
    assert_eq!(dara.get("/v1/cash-sessions").await.problem(401), "not_logged_in");
    let out = dara.send(dara.request(reqwest::Method::POST, "/v1/logout")).await;
    assert_eq!(out.status, 204, "a retry");
    let late = store.till.with_token(till.token.as_deref().unwrap());
    let late = late.log_in("l1", "Dara", sample_pin("Dara")).await;
    assert_eq!(late.body, first.body, "a copy that comes late");
    assert_eq!(dara.get("/v1/me").await.problem(401), "not_logged_in", "logs nobody in");

    store.clock.set(OPENING.plus_micros(16 * HOUR - 1));
    store.till.get("/v1/me").await.ok(200);
    store.clock.set(OPENING.plus_micros(16 * HOUR));
    assert_eq!(store.till.get("/v1/me").await.problem(401), "not_logged_in");
    let told = actions(&audited(&store).await);
    assert_eq!(
        told,
        [
            AuditAction::DevicePaired,
            AuditAction::LoggedIn,
            AuditAction::DevicePaired,
            AuditAction::LoggedIn,
            AuditAction::LoggedOut,
        ]
    );
    let dara = &audited(&store).await[3];
    assert_eq!(dara.actor_id, Some(sample_id("Dara")));
    assert_eq!(dara.device_id, Some(sample_id("Counter 2")));
    assert_eq!(dara.branch_id, store.identity.branch_id);
}

#[tokio::test]
async fn wrong_pins_are_paused_per_person_and_till() {
    let store = Store::with_menu().await;
    let till = store.till.without_token().paired("Counter 2").await;
    for n in 0..5 {
        let wrong = till.log_in(&format!("w{n}"), "Sokha", "9999").await;
        assert_eq!(wrong.problem(401), "wrong_pin");
    }
    let locked = till.log_in("w5", "Sokha", sample_pin("Sokha")).await;
    assert_eq!(locked.problem(429), "login_locked", "also with the right one");
    assert_eq!(locked.headers["retry-after"], "30");
    // Nobody else is, and neither is she elsewhere.
    till.logged_in("Dara").await;
    store.till.logged_in("Sokha").await;

    store.clock.set(OPENING.plus_micros(10_000_000));
    let store = store.restart().await;
    let till = store.till.with_token(till.token.as_deref().unwrap());
    let locked = till.log_in("w6", "Sokha", sample_pin("Sokha")).await;
    assert_eq!(locked.problem(429), "login_locked", "a restart ends no pause");
    assert_eq!(locked.headers["retry-after"], "20");
    store.clock.set(OPENING.plus_micros(30_000_000));
    assert_eq!(till.log_in("w7", "Sokha", "9999").await.problem(401), "wrong_pin");
    let locked = till.log_in("w8", "Sokha", "9999").await;
    assert_eq!(locked.headers["retry-after"], "60", "twice as long");
    store.clock.set(OPENING.plus_micros(90_000_000));
    till.logged_in("Sokha").await;
    for n in 0..4 {
        assert_eq!(till.log_in(&format!("x{n}"), "Sokha", "9999").await.problem(401), "wrong_pin");
    }
    till.logged_in("Sokha").await;

    let told = audited(&store).await;
    let failed = told.iter().filter(|audit| audit.action == AuditAction::LoginFailed).count();
    let locked = told.iter().filter(|audit| audit.action == AuditAction::LoginLocked).count();
    assert_eq!((failed, locked), (10, 2), "tries during a pause are not told");
}

#[tokio::test]
async fn many_guesses_at_once_count_as_many() {
    let store = Store::with_menu().await;
    let keys: Vec<String> = (0..12).map(|n| format!("g{n}")).collect();
    let guesses = keys.iter().map(|key| store.till.log_in(key, "Dara", "0000"));
    let replies = futures::future::join_all(guesses).await;
    let tried = replies.iter().filter(|reply| reply.status == 401).count();
    let paused = replies.iter().filter(|reply| reply.status == 429).count();
    assert_eq!((tried, paused), (5, 7));
}

#[tokio::test]
async fn who_does_not_exist_is_refused_like_a_wrong_pin() {
    let store = Store::with_menu().await;
    let wrong = store.till.log_in("a", "Dara", "0000").await;
    let nobody = store.till.log_in("b", "Nobody", "0000").await;
    assert_eq!((wrong.status, &wrong.body), (nobody.status, &nobody.body));
    store.publish(2, |menu| menu.staff[1].pin_hash = None).await;
    let without = store.till.log_in("c", "Bopha", sample_pin("Bopha")).await;
    assert_eq!(without.body, wrong.body);
    for n in 0..3 {
        let key = format!("d{n}");
        let body = json!({ "staffId": Uuid::now_v7(), "pin": "0000" });
        store.till.post("/v1/login", &key, &body).await.problem(401);
    }
    let nobody = store.till.log_in("e", "Somebody", "0000").await;
    assert_eq!(nobody.problem(429), "login_locked", "guessing ids is paused, too");
}

#[tokio::test]
async fn the_catalogue_in_use_says_who_may_at_once() {
    let store = Store::with_menu().await;
    let role = async || {
        let me = store.till.get("/v1/me").await.ok(200);
        me["staff"]["role"].as_str().unwrap().to_owned()
    };
    assert_eq!(role().await, "CASHIER");
    store.publish(2, |menu| menu.staff[0].role = StaffRole::Manager).await;
    assert_eq!(role().await, "MANAGER");
    store.publish(3, |menu| menu.devices[0].revoked = true).await;
    assert_eq!(store.till.get("/v1/me").await.problem(403), "device_revoked");
    store.publish(4, |menu| drop(menu.devices.remove(0))).await;
    assert_eq!(store.till.get("/v1/me").await.problem(403), "device_unknown");
    store.publish(5, |menu| drop(menu.staff.remove(0))).await;
    assert_eq!(store.till.get("/v1/me").await.problem(401), "not_logged_in");
    store.publish(6, |menu| menu.staff[0].pin_hash = menu.staff[1].pin_hash.clone()).await;
    assert_eq!(store.till.get("/v1/me").await.problem(401), "not_logged_in", "another PIN");
    store.publish(7, |_| {}).await;
    assert_eq!(role().await, "CASHIER");
}

#[tokio::test]
async fn an_edge_without_a_catalogue_lets_nobody_in() {
    let store = Store::empty().await;
    let reply = store.till.pair("p", "Counter 1", sample_code("Counter 1")).await;
    assert_eq!(reply.problem(503), "no_catalogue");
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(store.till.get("/healthz").await.status, 200);
    assert_eq!(store.till.get("/v1/catalogue").await.problem(401), "not_logged_in");
    assert_eq!(store.till.get("/v1/sync").await.ok(200)["captured"], 0);
}

#[tokio::test]
async fn nothing_that_lets_anyone_in_is_in_the_journals_entries() {
    let store = Store::with_menu().await;
    store.till.log_in("l", "Sokha", "8642").await.problem(401);
    let entries = store.journal.entries_after(0, 100, 1 << 20).await.unwrap();
    let token = store.till.token.clone().unwrap();
    for entry in &entries {
        let text = String::from_utf8(entry.payload.clone()).unwrap();
        for secret in
            [token.as_str(), "8642", sample_pin("Sokha"), sample_code("Counter 1"), "$argon2"]
        {
            assert!(!text.contains(&format!("\"{secret}")), "{secret} in {text}");
        }
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["tenant_id"], json!(store.identity.tenant_id));
    }
    assert_eq!(entries.len(), 3);
}
