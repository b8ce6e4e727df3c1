//! Two who want what excludes each other at once: one gets it, the other one is
//! told.

use futures::future::join_all;
use serde_json::json;

use crate::{
    hands::{Hand, Shift},
    store::Reply,
};

const ROUNDS: usize = 12;

/// The reply that is no refusal, and the codes of the others.
fn one_winner(replies: &[Reply]) -> (usize, Vec<String>) {
    let won: Vec<usize> = (0..replies.len()).filter(|n| replies[*n].status.is_success()).collect();
    assert_eq!(won.len(), 1, "{replies:?}");
    let lost = replies.iter().filter(|reply| !reply.status.is_success());
    (won[0], lost.map(|reply| reply.problem(409)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_decisions_at_once_one_stands() {
    let shift = Shift::begin().await;
    let vibol = Hand::at(&shift.store.till, "Vibol", "Counter 1").await;
    for round in 0..ROUNDS {
        let ticket = format!("t{round}");
        shift.sell(&ticket).await;
        let request = shift.sokha.asked_void(&ticket).await;
        let key = |who: &str| format!("{who}-{round}");
        let (a, b, c, d) = (key("a"), key("b"), key("c"), key("d"));
        let (first, second, third, fourth) = tokio::join!(
            shift.maly.approve(&request, &a),
            vibol.reject(&request, &b),
            vibol.approve(&request, &c),
            shift.maly.reject(&request, &d),
        );
        let (winner, lost) = one_winner(&[first, second, third, fourth]);
        assert_eq!(lost, ["void_already_decided"; 3]);
        let sale = if winner % 2 == 0 { "VOIDED" } else { "FINALIZED" };
        assert_eq!(shift.sokha.stands(&ticket).await.0, sale);
    }
    let entries = shift.entries().await;
    let count = |kind: &str| entries.get(kind).copied().unwrap_or_default();
    assert_eq!(count("void.approved") + count("void.rejected"), ROUNDS);
    let x = shift.sokha.get(&format!("/v1/cash-sessions/{}/x", shift.session)).await.ok(200);
    assert_eq!(x["void_count"], count("void.approved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_is_done_once() {
    let shift = Shift::begin().await;
    shift.sell("t1").await;
    let replies = join_all((0..8).map(|_| shift.sokha.ask_void("t1", "v"))).await;
    let request = replies[0].ok(201)["void_request_id"].as_str().unwrap().to_owned();
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    let replies = join_all((0..8).map(|_| shift.maly.approve(&request, "a"))).await;
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body == replies[0].body));
    let fresh = replies.iter().filter(|r| !r.headers.contains_key("idempotent-replayed")).count();
    assert_eq!(fresh, 1);
    let replies = join_all((0..8).map(|_| shift.sokha.close(&shift.session, "z"))).await;
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body == replies[0].body));
    let entries = shift.entries().await;
    for kind in ["void.requested", "void.approved", "cash.session_closed"] {
        assert_eq!(entries[kind], 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_beside_a_close_is_in_the_z_report_or_refused() {
    let shift = Shift::begin().await;
    let mut session = shift.session.clone();
    for round in 0..ROUNDS {
        let tickets: Vec<String> = (0..6).map(|n| format!("t{round}-{n}")).collect();
        let key = format!("close-{round}");
        let close = shift.sokha.close(&session, &key);
        let sales = join_all(tickets.iter().map(|ticket| shift.sokha.sell(ticket, &session)));
        let (closed, sold) = tokio::join!(close, sales);
        let z = closed.ok(200);
        let taken = sold.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(z["z"]["sale_count"], taken);
        for refused in sold.iter().filter(|reply| reply.status != 201) {
            assert_eq!(refused.problem(409), "no_open_session");
        }
        session = shift.sokha.open(&format!("session-{}", round + 2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_void_beside_a_close_is_rejected_by_it_or_refused() {
    let shift = Shift::begin().await;
    let mut session = shift.session.clone();
    for round in 0..ROUNDS {
        let ticket = format!("t{round}");
        shift.sokha.sell(&ticket, &session).await.ok(201);
        let (ask, close) = (format!("v{round}"), format!("c{round}"));
        let (asked, closed) =
            tokio::join!(shift.sokha.ask_void(&ticket, &ask), shift.sokha.close(&session, &close));
        let z = closed.ok(200);
        let rejected = z["rejected_voids"].as_array().unwrap();
        if asked.status == 201 {
            assert_eq!(rejected.len(), 1);
            assert_eq!(rejected[0]["void_request_id"], asked.json()["void_request_id"]);
        } else {
            assert_eq!(asked.problem(409), "void_session_closed");
            assert_eq!(z["rejected_voids"], json!([]));
        }
        assert_eq!(shift.sokha.stands(&ticket).await, ("FINALIZED".into(), "IN_PREP".into()));
        session = shift.sokha.open(&format!("session-{}", round + 2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_beside_a_request_to_void_excludes_it() {
    let shift = Shift::begin().await;
    for round in 0..ROUNDS {
        let ticket = format!("t{round}");
        let order = shift.sell(&ticket).await;
        shift.sokha.move_order(&order, "READY", &format!("r{round}")).await.ok(200);
        let (deliver, ask) = (format!("d{round}"), format!("v{round}"));
        let (delivered, asked) = tokio::join!(
            shift.sokha.move_order(&order, "DELIVERED", &deliver),
            shift.sokha.ask_void(&ticket, &ask),
        );
        let (winner, lost) = one_winner(&[delivered, asked]);
        let (code, stands) = if winner == 0 {
            ("void_order_delivered", ("FINALIZED", "DELIVERED"))
        } else {
            ("order_void_pending", ("VOID_PENDING", "READY"))
        };
        assert_eq!(lost, [code]);
        let (sale, order) = shift.sokha.stands(&ticket).await;
        assert_eq!((sale.as_str(), order.as_str()), stands);
    }
}
