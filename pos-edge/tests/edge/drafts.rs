//! Drafts: carts that are not sold yet.

use schemas::events::AuditAction;
use serde_json::{Value, json};
use testkit::{BOUND, sample_id, wait_until};
use uuid::Uuid;

use crate::{
    people::audited,
    store::{OPENING, Store, cart, sale_in, session_of},
};

const PATH: &str = "/v1/draft";
const SECOND: i64 = 1_000_000;

fn draft(id: Uuid, session: &str, revision: u64, cart: &Value) -> Value {
    json!({ "draft_id": id, "cash_session_id": session, "revision": revision, "cart": cart })
}

/// So many waters.
fn waters(count: u32) -> Value {
    let line = json!({ "menu_item_id": sample_id::<Uuid>("water"), "quantity": count });
    json!({ "sale_type": "TAKEAWAY", "lines": [line] })
}

/// What is told of carts: what was done, how many items, what they come to.
async fn told(store: &Store) -> Vec<(AuditAction, u32, String)> {
    let audited = audited(store).await;
    let drafts = audited.iter().filter_map(|audit| Some((audit.action, audit.draft?)));
    drafts
        .map(|(action, draft)| (action, draft.item_count, draft.subtotal_usd.to_string()))
        .collect()
}

#[tokio::test]
async fn a_draft_survives_a_restart_and_older_copies_change_nothing() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    assert_eq!(store.till.get(PATH).await.problem(404), "draft_not_found");
    let id = Uuid::now_v7();
    let empty = json!({ "sale_type": "TAKEAWAY", "lines": [] });
    let kept = store.till.put(PATH, &draft(id, &session, 1, &empty)).await.ok(200);
    assert_eq!((&kept["item_count"], &kept["subtotal_usd"]), (&json!(0), &json!("0")));
    let kept = store.till.put(PATH, &draft(id, &session, 2, &cart())).await.ok(200);
    assert_eq!((&kept["item_count"], &kept["subtotal_usd"]), (&json!(3), &json!("5.80")));
    let again = store.till.put(PATH, &draft(id, &session, 2, &cart())).await.ok(200);
    assert_eq!(again, kept, "a retry");
    let older = store.till.put(PATH, &draft(id, &session, 1, &empty)).await.ok(200);
    assert_eq!(older, kept, "an older copy");
    let store = store.restart().await;
    assert_eq!(store.till.get(PATH).await.ok(200), kept);
    assert_eq!(kept["cart"]["lines"][0], cart()["lines"][0]);
}

#[tokio::test]
async fn a_draft_needs_an_open_session_of_the_same_person_and_till() {
    let store = Store::with_menu().await;
    let id = Uuid::now_v7();
    let nowhere = Uuid::now_v7().to_string();
    let refused = store.till.put(PATH, &draft(id, &nowhere, 1, &cart())).await;
    assert_eq!(refused.problem(409), "no_open_session");
    let session = store.till.open_session().await;
    let dara = store.beside("Dara").await;
    let refused = dara.put(PATH, &draft(id, &session, 1, &cart())).await;
    assert_eq!(refused.problem(409), "no_open_session", "the session is Sokha's");
    let elsewhere = store.at("Counter 2", "Sokha").await;
    let refused = elsewhere.put(PATH, &draft(id, &session, 1, &cart())).await;
    assert_eq!(refused.problem(409), "no_open_session", "the session is at Counter 1");
    let mut unknown = cart();
    unknown["lines"][1]["menu_item_id"] = json!(Uuid::nil());
    let refused = store.till.put(PATH, &draft(id, &session, 1, &unknown)).await;
    assert_eq!(refused.problem(422), "invalid_cart");
    assert!(refused.json()["detail"].as_str().unwrap().starts_with("cart.lines[1].menu_item_id"));
    assert!(told(&store).await.is_empty());
}

#[tokio::test]
async fn in_another_context_a_draft_must_be_sold_or_thrown_away() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let (mine, hers) = (Uuid::now_v7(), Uuid::now_v7());
    store.till.put(PATH, &draft(mine, &session, 1, &cart())).await.ok(200);
    let second = store.till.put(PATH, &draft(hers, &session, 1, &cart())).await;
    assert_eq!(second.problem(409), "draft_of_another_context", "one at a time");

    let dara = store.beside("Dara").await;
    let opened = dara.post("/v1/cash-sessions", "d", &session_of("Counter 1", "Dara")).await;
    let opened = opened.ok(201);
    let theirs = opened["cash_session_id"].as_str().unwrap();
    assert_eq!(dara.get(PATH).await.problem(409), "draft_of_another_context");
    for id in [mine, hers] {
        let refused = dara.put(PATH, &draft(id, theirs, 2, &cart())).await;
        assert_eq!(refused.problem(409), "draft_of_another_context");
    }
    // On another till she is free, but not with the same draft.
    let elsewhere = store.at("Counter 2", "Dara").await;
    let opened = elsewhere.post("/v1/cash-sessions", "e", &session_of("Counter 2", "Dara")).await;
    let there = opened.ok(201)["cash_session_id"].as_str().unwrap().to_owned();
    let refused = elsewhere.put(PATH, &draft(mine, &there, 1, &cart())).await;
    assert_eq!(refused.problem(409), "draft_of_another_context");
    elsewhere.put(PATH, &draft(hers, &there, 1, &cart())).await.ok(200);

    let gone = dara.delete(&format!("{PATH}?draft={mine}")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(dara.delete(&format!("{PATH}?draft={mine}")).await.status, 204, "a retry");
    assert_eq!(dara.delete(&format!("{PATH}?draft={hers}")).await.problem(404), "draft_not_found");
    let late = store.till.put(PATH, &draft(mine, &session, 9, &cart())).await;
    assert_eq!(late.problem(409), "draft_closed", "a copy that comes late");
    let next = Uuid::now_v7();
    dara.put(PATH, &draft(next, theirs, 1, &cart())).await.ok(200);
    let discarded = audited(&store).await;
    let discarded = discarded.iter().find(|audit| audit.action == AuditAction::CartDiscarded);
    assert_eq!(discarded.unwrap().actor_id, Some(sample_id("Dara")), "by whom");
}

#[tokio::test]
async fn changes_are_told_once_in_ten_seconds_and_at_the_end() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let id = Uuid::now_v7();
    let put = async |revision: u64, at: i64| {
        store.clock.set(OPENING.plus_micros(at * SECOND));
        let count = u32::try_from(revision).unwrap();
        store.till.put(PATH, &draft(id, &session, revision, &waters(count))).await.ok(200);
    };
    put(1, 0).await;
    put(2, 1).await;
    put(3, 9).await;
    let created = (AuditAction::CartCreated, 1, "1.00".to_owned());
    assert_eq!(told(&store).await, std::slice::from_ref(&created));
    // Due: the till's next change tells it.
    put(4, 10).await;
    let updated = |count: u32| (AuditAction::CartUpdated, count, format!("{count}.00"));
    assert_eq!(told(&store).await, [created.clone(), updated(4)]);
    // Due without a change: the timer does.
    put(5, 12).await;
    store.clock.set(OPENING.plus_micros(20 * SECOND));
    wait_until("the change is told", BOUND, async || (told(&store).await.len() == 3).then_some(()))
        .await;
    assert_eq!(told(&store).await[2], updated(5));
    // What is not told yet is, when it ends.
    put(6, 21).await;
    store.till.delete(&format!("{PATH}?draft={id}")).await;
    let told = told(&store).await;
    let discarded = (AuditAction::CartDiscarded, 6, "6.00".to_owned());
    assert_eq!(told[3..], [updated(6), discarded]);
}

#[tokio::test]
async fn what_is_not_told_yet_survives_a_restart() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let id = Uuid::now_v7();
    store.till.put(PATH, &draft(id, &session, 1, &waters(1))).await.ok(200);
    store.till.put(PATH, &draft(id, &session, 2, &waters(2))).await.ok(200);
    let store = store.restart().await;
    assert_eq!(told(&store).await.len(), 1);
    store.clock.set(OPENING.plus_micros(10 * SECOND));
    wait_until("the change is told", BOUND, async || (told(&store).await.len() == 2).then_some(()))
        .await;
    let store = store.restart().await;
    store.clock.set(OPENING.plus_micros(60 * SECOND));
    store.journal.tell_drafts().await.unwrap();
    assert_eq!(told(&store).await.len(), 2, "once");
}

#[tokio::test]
async fn selling_a_draft_ends_it_in_the_same_transaction() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let id = Uuid::now_v7();
    store.till.put(PATH, &draft(id, &session, 1, &waters(1))).await.ok(200);
    store.till.put(PATH, &draft(id, &session, 2, &cart())).await.ok(200);
    let mut sale = sale_in(&session);
    sale["draft_id"] = json!(id);
    let first = store.till.post("/v1/sales", "t1", &sale).await;
    first.ok(201);
    let again = store.till.post("/v1/sales", "t1", &sale).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body), "a retry");
    assert_eq!(store.till.get(PATH).await.problem(404), "draft_not_found");
    assert_eq!(told(&store).await.last().unwrap().0, AuditAction::CartUpdated);
    assert_eq!(told(&store).await.len(), 2);
    let store = store.restart().await;
    assert_eq!(store.till.get(PATH).await.problem(404), "draft_not_found");
    let late = store.till.put(PATH, &draft(id, &session, 3, &cart())).await;
    assert_eq!(late.problem(409), "draft_closed");
    let gone = store.till.delete(&format!("{PATH}?draft={id}")).await;
    assert_eq!(gone.problem(409), "draft_closed");
}

#[tokio::test]
async fn a_sale_of_a_draft_of_another_context_is_refused_and_of_an_unknown_one_is_not() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let dara = store.beside("Dara").await;
    let opened = dara.post("/v1/cash-sessions", "d", &session_of("Counter 1", "Dara")).await;
    let theirs = opened.ok(201)["cash_session_id"].as_str().unwrap().to_owned();
    let id = Uuid::now_v7();
    store.till.put(PATH, &draft(id, &session, 1, &cart())).await.ok(200);
    let mut sale = sale_in(&theirs);
    sale["draft_id"] = json!(id);
    let refused = dara.post("/v1/sales", "t1", &sale).await;
    assert_eq!(refused.problem(409), "draft_of_another_context");
    store.till.get(PATH).await.ok(200);
    // The till never got through with its copies.
    sale["draft_id"] = json!(Uuid::now_v7());
    dara.post("/v1/sales", "t1", &sale).await.ok(201);
    store.till.get(PATH).await.ok(200);
}
