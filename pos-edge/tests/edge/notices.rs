//! Notifications: who gets which, and once.

use serde_json::{Value, json};

use crate::hands::{Hand, Shift, nobody};

async fn notices(hand: &Hand, query: &str) -> Vec<Value> {
    let page = hand.get(&format!("/v1/notifications{query}")).await.ok(200);
    page["notifications"].as_array().unwrap().clone()
}

fn keys(notices: &[Value]) -> Vec<&str> {
    notices.iter().map(|notice| notice["key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn approvers_hear_of_requests_and_the_requester_of_decisions() {
    let shift = Shift::begin().await;
    let vibol = Hand::at(&shift.store.till, "Vibol", "Counter 1").await;
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 1").await;
    let branch = shift.store.identity.branch_id;
    shift.sell("t1").await;
    let asked = shift.sokha.ask_void("t1", "v1").await.ok(201);
    shift.sokha.ask_void("t1", "v1").await.ok(201);
    let (request, sale) = (asked["void_request_id"].as_str().unwrap(), &asked["sale_id"]);
    let sale = sale.as_str().unwrap();
    let needed = format!("VOID_APPROVAL_NEEDED:{branch}:{sale}");
    for approver in [&shift.maly, &vibol] {
        let heard = notices(approver, "").await;
        assert_eq!(keys(&heard), [&needed]);
        assert_eq!(heard[0]["void_request_id"], request);
        assert_eq!(
            (&heard[0]["ticket_id"], &heard[0]["void_status"]),
            (&json!("t1"), &json!("PENDING"))
        );
    }
    assert_eq!(notices(&shift.sokha, "").await, Vec::<Value>::new());

    shift.maly.reject(request, "r").await.ok(200);
    shift.maly.reject(request, "r").await.ok(200);
    let rejected = format!("VOID_REJECTED:{branch}:{sale}");
    assert_eq!(keys(&notices(&shift.sokha, "").await), [&rejected]);
    assert_eq!(notices(&shift.maly, "").await[0]["void_status"], "REJECTED");
    let again = shift.sokha.ask_void("t1", "v2").await.ok(201);
    shift.maly.approve(again["void_request_id"].as_str().unwrap(), "a").await.ok(200);
    let shift = shift.restart().await;
    let approved = format!("VOID_APPROVED:{branch}:{sale}");
    assert_eq!(keys(&notices(&shift.sokha, "").await), [&approved, &rejected]);
    // The same key about another request is another notification.
    let heard = notices(&shift.maly, "").await;
    assert_eq!(keys(&heard), [&needed, &needed]);
    assert_ne!(heard[0]["notification_id"], heard[1]["notification_id"]);
    let dara = Hand::at(&shift.store.till, dara.staff, dara.device).await;
    assert_eq!(notices(&dara, "").await, Vec::<Value>::new());
}

#[tokio::test]
async fn each_person_marks_what_they_have_seen() {
    let shift = Shift::begin().await;
    for ticket in ["t1", "t2", "t3"] {
        shift.sell(ticket).await;
        shift.sokha.asked_void(ticket).await;
    }
    let vibol = Hand::at(&shift.store.till, "Vibol", "Counter 1").await;
    let heard = notices(&shift.maly, "?unseen=true").await;
    assert_eq!(heard.len(), 3);
    let id = heard[1]["notification_id"].as_str().unwrap();
    let path = format!("/v1/notifications/{id}/seen");
    for _ in 0..2 {
        assert_eq!(shift.maly.put(&path).await.status, 204);
    }
    assert_eq!(shift.sokha.put(&path).await.problem(404), "notification_not_found");
    let nowhere = format!("/v1/notifications/{}/seen", nobody());
    assert_eq!(shift.maly.put(&nowhere).await.problem(404), "notification_not_found");
    let shift = shift.restart().await;
    let vibol = Hand::at(&shift.store.till, vibol.staff, vibol.device).await;
    let unseen = notices(&shift.maly, "?unseen=true").await;
    let tickets: Vec<_> = unseen.iter().map(|notice| &notice["ticket_id"]).collect();
    assert_eq!(tickets, ["t3", "t1"]);
    assert!(notices(&shift.maly, "").await[1]["seen_at"].is_string());
    assert_eq!(notices(&vibol, "?unseen=true").await.len(), 3, "each for themselves");
    let page = shift.maly.get("/v1/notifications?limit=2").await.ok(200);
    let before = page["next_before"].as_u64().unwrap();
    let rest = notices(&shift.maly, &format!("?before={before}")).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["ticket_id"], "t1");
    let refused = shift.maly.get("/v1/notifications?limit=0").await;
    assert_eq!(refused.problem(400), "invalid_query");
}
