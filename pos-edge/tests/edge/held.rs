//! Sales of tills that may no longer sell, and of sessions that are not known: held for
//! a manager.

use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    facts::{at, bring, shown_sale},
    hands::{Hand, Shift, hire, nobody},
};

async fn revoke(shift: &Shift, version: u64, revoked: bool) {
    let staff = shift.store.journal.catalogue().borrow().clone().unwrap();
    let staff = staff.index.document().staff.clone();
    shift
        .store
        .publish(version, |menu| {
            menu.staff = staff;
            let till = menu.devices.iter_mut().find(|till| till.name == "Counter 1").unwrap();
            till.revoked = revoked;
        })
        .await;
}

async fn accept(
    hand: &Hand,
    key: &str,
    ticket: &str,
    session: Option<&str>,
) -> crate::store::Reply {
    let body = json!({ "cash_session_id": session });
    hand.post(&format!("/v1/held-sales/{ticket}/accept"), key, &body).await
}

async fn reject(hand: &Hand, key: &str, ticket: &str) -> crate::store::Reply {
    let body = json!({ "reason": "nobody knows of it" });
    hand.post(&format!("/v1/held-sales/{ticket}/reject"), key, &body).await
}

async fn held(hand: &Hand) -> Vec<Value> {
    let page = hand.get("/v1/held-sales?state=HELD").await.ok(200);
    page["held_sales"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_revoked_tills_sale_is_safe_and_a_manager_makes_it_one() {
    let shift = Shift::begin().await;
    let sale = shown_sale(&shift.sokha, &shift.session, 0).await;
    revoke(&shift, 2, true).await;
    let online = shift.sokha.post("/v1/sales", "t1", &sale).await;
    assert_eq!(online.problem(403), "device_revoked");
    let first = bring(&shift.sokha.till, "t1", &sale).await;
    let told = first.ok(202);
    assert_eq!(
        told,
        json!({
            "ticket_id": "t1", "state": "HELD", "why": "DEVICE_REVOKED", "held_at": at(0),
            "decided": null,
        })
    );
    assert_eq!(bring(&shift.sokha.till, "t1", &sale).await.body, first.body);
    let shift = Shift { store: shift.store.restart().await, ..shift };
    let sokha = shift.store.till.with_token(shift.sokha.till.token.as_deref().unwrap());
    let maly = Hand::at(&shift.store.till, "Maly", "Counter 2").await;
    // Whoever brings it, and whether the till may sell again by then: it stays held.
    revoke(&shift, 3, false).await;
    assert_eq!(bring(&sokha, "t1", &sale).await.ok(202), told);
    let online = sokha.post("/v1/sales", "t1", &sale).await;
    assert_eq!(online.ok(202), told);
    let mut other = sale.clone();
    other["customer_id"] = json!(nobody());
    assert_eq!(bring(&sokha, "t1", &other).await.problem(422), "ticket_conflict");

    let rows = held(&maly).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["ticket_id"], "t1");
    assert_eq!(rows[0]["totals"]["grand_total_usd"], "5.74");
    assert_eq!(rows[0]["tender"], sale["tender"]);
    assert!(!shift.entries().await.contains_key("sale.finalized"));

    let decided = accept(&maly, "a1", "t1", None).await;
    assert_eq!(decided.ok(200)["state"], "ACCEPTED");
    assert_eq!(accept(&maly, "a1", "t1", None).await.body, decided.body);
    assert_eq!(accept(&maly, "a2", "t1", None).await.problem(409), "held_sale_decided");
    assert_eq!(reject(&maly, "r1", "t1").await.problem(409), "held_sale_decided");
    assert_eq!(reject(&maly, "a1", "t1").await.problem(422), "idempotency_key_conflict");
    let sold = bring(&sokha, "t1", &sale).await.ok(201);
    assert_eq!(sold["grand_total_usd"], "5.74");
    assert_eq!(sokha.post("/v1/sales", "t1", &sale).await.ok(201), sold);
    assert_eq!(held(&maly).await, Vec::<Value>::new());

    let entries = shift.entries().await;
    assert_eq!(entries["sale.finalized"], 1);
    let audited: Vec<Value> = shift
        .told("audit.recorded")
        .await
        .into_iter()
        .filter(|audit| audit["action"].as_str().unwrap().contains("HELD"))
        .map(|audit| json!([audit["action"], audit["detail"], audit["actor_id"]]))
        .collect();
    let maly_id: Uuid = testkit::sample_id("Maly");
    assert_eq!(
        audited,
        [
            json!(["SALE_HELD", "t1 DEVICE_REVOKED", null]),
            json!(["HELD_SALE_ACCEPTED", "t1", maly_id]),
        ]
    );
}

#[tokio::test]
async fn a_rejected_sale_is_kept_and_stays_rejected() {
    let shift = Shift::begin().await;
    let sale = shown_sale(&shift.sokha, &shift.session, 0).await;
    let stranger = shift.sokha.till.with_token("till_0000");
    let told = bring(&stranger, "t1", &sale).await.ok(202);
    assert_eq!(told["why"], "TOKEN_UNKNOWN");
    let nobody_at_all = bring(&shift.sokha.till.without_token(), "t2", &sale).await;
    assert_eq!(nobody_at_all.problem(401), "not_logged_in");

    let empty = json!({ "reason": " " });
    let path = "/v1/held-sales/t1/reject";
    assert_eq!(shift.maly.post(path, "r0", &empty).await.problem(422), "invalid_text");
    let decided = reject(&shift.maly, "r1", "t1").await;
    assert_eq!(decided.ok(200)["decided"]["reason"], "nobody knows of it");
    assert_eq!(reject(&shift.maly, "r1", "t1").await.body, decided.body);
    assert_eq!(accept(&shift.maly, "a1", "t1", None).await.problem(409), "held_sale_decided");
    assert_eq!(accept(&shift.maly, "a1", "t9", None).await.problem(404), "held_sale_not_found");
    for till in [&stranger, &shift.sokha.till] {
        assert_eq!(bring(till, "t1", &sale).await.ok(200)["state"], "REJECTED");
    }
    assert!(!shift.entries().await.contains_key("sale.finalized"));
    let page = shift.maly.get("/v1/held-sales").await.ok(200);
    assert_eq!(page["held_sales"][0]["decided"]["reason"], "nobody knows of it");
    assert_eq!(page["next_before"], Value::Null);
}

#[tokio::test]
async fn what_fits_no_session_of_its_till_goes_into_the_drawer_that_a_manager_names() {
    let shift = Shift::begin().await;
    let elsewhere = shift.maly.open("session-2").await;
    let lost = shown_sale(&shift.sokha, &nobody(), 0).await;
    let theirs = shown_sale(&shift.sokha, &elsewhere, 0).await;
    let usual = shown_sale(&shift.sokha, &shift.session, 0).await;
    for (till, ticket, sale, why) in [
        (&shift.sokha.till, "lost", &lost, "SESSION_UNKNOWN"),
        (&shift.sokha.till, "theirs", &theirs, "SESSION_UNKNOWN"),
        (&shift.maly.till, "carried", &usual, "ANOTHER_TILL"),
    ] {
        assert_eq!(bring(till, ticket, sale).await.ok(202)["why"], why);
        assert_eq!(bring(&shift.sokha.till, ticket, sale).await.ok(202)["why"], why);
    }
    let refused = accept(&shift.maly, "a1", "lost", None).await;
    assert_eq!(refused.problem(409), "no_place");
    assert_eq!(accept(&shift.maly, "a2", "lost", Some(&nobody())).await.problem(409), "no_place");
    shift.sokha.close(&shift.session, "close").await.ok(200);
    accept(&shift.maly, "a1", "lost", Some(&shift.session)).await.ok(200);
    accept(&shift.maly, "a3", "theirs", Some(&elsewhere)).await.ok(200);
    accept(&shift.maly, "a4", "carried", None).await.ok(200);
    let told = shift.told("sale.finalized").await;
    let placed: Vec<Value> = told
        .iter()
        .map(|sale| {
            json!([sale["ticket_id"], sale["cash_session_id"], sale["late"]["supplement_no"]])
        })
        .collect();
    assert_eq!(
        placed,
        [
            json!(["lost", shift.session, 1]),
            json!(["theirs", elsewhere, null]),
            json!(["carried", shift.session, 2]),
        ]
    );
    assert_eq!(bring(&shift.sokha.till, "lost", &lost).await.ok(201)["ticketId"], "lost");
}

#[tokio::test]
async fn a_login_that_ended_leaves_its_tills_sales_facts() {
    let shift = Shift::begin().await;
    let sale = shown_sale(&shift.sokha, &shift.session, 0).await;
    // Her PIN is another one by now.
    shift
        .store
        .publish(2, |menu| {
            let dara = menu.staff.iter().find(|member| member.name == "Dara").cloned().unwrap();
            let sokha = menu.staff.iter_mut().find(|member| member.name == "Sokha").unwrap();
            sokha.pin_hash = dara.pin_hash;
        })
        .await;
    assert_eq!(shift.sokha.get("/v1/orders").await.problem(401), "not_logged_in");
    bring(&shift.sokha.till, "t1", &sale).await.ok(201);
    hire(&shift.store, 3).await;
}

/// What may happen to a ticket.
#[derive(Debug, Clone, Copy)]
enum Step {
    Till,
    Stranger,
    OtherTill,
    Online,
    Accept,
    Reject,
}

#[tokio::test]
async fn a_ticket_has_one_outcome_in_every_order_of_steps() {
    let shift = Shift::begin().await;
    let stranger = shift.sokha.till.with_token("staff_0000");
    let step = prop_oneof![
        2 => Just(Step::Stranger), 1 => Just(Step::Till), 1 => Just(Step::OtherTill),
        1 => Just(Step::Online), 1 => Just(Step::Accept), 1 => Just(Step::Reject),
    ];
    let cases = vec(vec(step, 1..9), 60);
    let mut runner = TestRunner::deterministic();
    let cases = cases.new_tree(&mut runner).unwrap().current();
    let sale = shown_sale(&shift.sokha, &shift.session, 0).await;
    let mut sold_in_all = 0;
    for (n, steps) in cases.iter().enumerate() {
        let ticket = format!("t{n}");
        // What the ticket came to, with what is told of it.
        let mut outcome: Option<(u16, Vec<u8>)> = None;
        for (k, step) in steps.iter().enumerate() {
            let key = format!("{ticket}-{k}");
            let told = format!("{ticket}: {steps:?} at {k}");
            let waits = matches!(outcome, Some((202, _)));
            let reply = match step {
                Step::Till => bring(&shift.sokha.till, &ticket, &sale).await,
                Step::Stranger => bring(&stranger, &ticket, &sale).await,
                Step::OtherTill => bring(&shift.maly.till, &ticket, &sale).await,
                Step::Online => shift.sokha.post("/v1/sales", &ticket, &sale).await,
                Step::Accept | Step::Reject => {
                    let accepts = matches!(step, Step::Accept);
                    let reply = if accepts {
                        accept(&shift.maly, &key, &ticket, None).await
                    } else {
                        reject(&shift.maly, &key, &ticket).await
                    };
                    assert_eq!(reply.status == 200, waits, "{told}: only what waits is decided");
                    if waits {
                        let now = bring(&shift.sokha.till, &ticket, &sale).await;
                        assert_eq!(now.status, if accepts { 201 } else { 200 }, "{told}");
                        outcome = Some((now.status.as_u16(), now.body));
                    }
                    continue;
                }
            };
            let now = (reply.status.as_u16(), reply.body);
            assert!([200, 201, 202].contains(&now.0), "{told}: {}", now.0);
            assert_eq!(outcome.get_or_insert_with(|| now.clone()), &now, "{told}");
        }
        sold_in_all += usize::from(matches!(outcome, Some((201, _))));
    }
    assert!(sold_in_all > 10 && sold_in_all < cases.len(), "{sold_in_all}");
    assert_eq!(shift.entries().await["sale.finalized"], sold_in_all);
}
