//! What waits in quarantine, page by page, and how decisions about it are taken.

use reqwest::Method;
use schemas::EntryKind;
use serde_json::{Value, json};

use super::shop::{self, Shop};

/// Two stores with so many entries that nobody can read, each.
async fn spoilt(each: usize) -> Shop {
    let mut shop = Shop::open(2).await;
    for store in 0..2 {
        let entries: Vec<_> = (0..each)
            .map(|_| shop.journals[store].append_bytes(EntryKind::CashMoved, 1, b"{}".to_vec()))
            .collect();
        shop.book(store, &entries).await;
    }
    shop
}

#[tokio::test]
async fn what_waits_is_listed_by_store_and_state_and_page() {
    let shop = spoilt(5).await;
    let all = shop.all("/v1/quarantine", 200).await;
    assert_eq!(all.len(), 10);
    assert_eq!(shop.all("/v1/quarantine", 3).await, all, "pages are of the same list");
    let branch = shop.door.store(1).branch_id;
    let own = shop.all(&format!("/v1/quarantine?branch={branch}"), 2).await;
    assert_eq!(own.len(), 5);
    assert!(own.iter().all(|row| row["branch_id"] == json!(branch)), "{own:?}");
    assert_eq!(shop.all("/v1/quarantine?state=WAITING", 200).await.len(), 10);
    assert!(shop.all("/v1/quarantine?state=RELEASED", 200).await.is_empty());
    for (query, status) in
        [("state=ODD", 400), ("limit=0", 400), ("cursor=00", 400), ("cursor=zz", 400)]
    {
        let answer = shop.door.get(&format!("/v1/quarantine?{query}")).await;
        assert_eq!(answer.status(), status, "{query}");
    }
    let stranger = "99999999-9999-4999-8999-999999999999";
    let elsewhere = shop.door.get(&format!("/v1/quarantine?branch={stranger}")).await;
    assert_eq!(shop::json(elsewhere).await["code"], "no_such_branch");
    for seq in ["0", "1", "18446744073709551615"] {
        let path = format!("/v1/quarantine/{}/{seq}", shop.door.store(0).edge_id);
        let answer = shop.door.get(&path).await;
        assert_eq!(answer.status(), 404, "{seq}");
        assert_eq!(shop::json(answer).await["code"], "not_in_quarantine", "{seq}");
    }
    let row = &own[0];
    let path = format!("/v1/quarantine/{}/{}", shop.door.store(1).edge_id, row["seq"]);
    let shown = shop.read(&path).await;
    assert_eq!((&shown["payload"], &shown["reason"]), (&json!({}), &row["reason"]));
}

#[tokio::test]
async fn of_two_decisions_about_one_entry_one_waits_and_the_other_is_told() {
    let shop = spoilt(1).await;
    let path = format!("/v1/quarantine/{}/2", shop.door.store(0).edge_id);
    let release = format!("{path}/release");
    let send = async |path: &str, key: &str, body: &Value| {
        let answer = shop.send(Method::POST, path, &[("Idempotency-Key", key)], body).await;
        let status = answer.status().as_u16();
        let at = answer.headers().get("location").map(|at| at.to_str().unwrap().to_owned());
        (status, at, shop::json(answer).await)
    };
    let first = send(&release, "a", &Value::Null).await;
    assert_eq!((first.0, &first.2["state"]), (202, &json!("WAITING")));
    assert_eq!(send(&release, "a", &Value::Null).await, first);
    assert_eq!(shop.read(first.1.as_deref().unwrap()).await, first.2);
    let discard = format!("{path}/discard");
    let other = send(&discard, "b", &json!({ "reason": "no use" })).await;
    assert_eq!((other.0, &other.2["code"]), (409, &json!("decision_waiting")));
    let reused = send(&discard, "a", &json!({ "reason": "no use" })).await;
    assert_eq!((reused.0, &reused.2["code"]), (422, &json!("idempotency_key_reused")));
    let too_long = json!({ "reason": "x".repeat(501) });
    assert_eq!(send(&discard, "c", &too_long).await.0, 422);
    assert_eq!(shop.count("SELECT count(*) FROM quarantine_decision").await, 1);
}
