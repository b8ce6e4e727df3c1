//! The stream of updates.

use std::time::Duration;

use futures::{Stream, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::BOUND;

use crate::{
    hands::Shift,
    online_orders::online,
    store::{SIGNED_IN, Store, Till},
};

/// An event: its name, id and data.
type Event = (String, String, Value);

/// Watches from an id on; gives events as they come.
async fn watch(till: &Till, from: Option<&str>) -> impl Stream<Item = Event> + Unpin + use<> {
    let mut request = till.request(Method::GET, "/v1/updates");
    if let Some(id) = from {
        request = request.header("Last-Event-ID", id);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let chunks = response.bytes_stream().map(|chunk| chunk.unwrap());
    let state = (Box::pin(chunks), String::new());
    Box::pin(futures::stream::unfold(state, |(mut chunks, mut text)| async move {
        loop {
            if let Some((event, rest)) = text.split_once("\n\n") {
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim_start().to_owned())
                };
                let parsed = field("event:").map(|name| {
                    let data = serde_json::from_str(&field("data:").unwrap()).unwrap();
                    (name, field("id:").unwrap(), data)
                });
                let rest = rest.to_owned();
                text = rest;
                match parsed {
                    Some(event) => return Some((event, (chunks, text))),
                    None => continue, // A sign of life.
                }
            }
            text.push_str(std::str::from_utf8(&chunks.next().await?).unwrap());
        }
    }))
}

/// How soon a device of the store hears of what another one did.
const SOON: Duration = Duration::from_secs(1);

/// Waits for an event with this field, as long as a device may.
async fn soon(
    events: &mut (impl Stream<Item = Event> + Unpin),
    name: &str,
    field: &str,
    value: &Value,
) {
    let seen = async {
        loop {
            let event = events.next().await.unwrap();
            if event.0 == name && event.2.pointer(field) == Some(value) {
                return;
            }
        }
    };
    let seen = tokio::time::timeout(SOON, seen).await;
    assert!(seen.is_ok(), "{name} with {value} was not told within {SOON:?}");
}

#[tokio::test]
async fn two_devices_hear_of_everything_within_a_second_and_the_one_that_was_away_too() {
    let shift = Shift::begin().await;
    let mut counter = watch(&shift.sokha.till, None).await;
    let mut office = watch(&shift.maly.till, None).await;
    let order = shift.sell("t1").await;
    for events in [&mut counter, &mut office] {
        soon(events, "sale_captured", "/ticket_id", &json!("t1")).await;
    }
    // How the store stands with the books: one more is on its way.
    soon(&mut office, "sync_changed", "/status/captured", &json!(1)).await;
    shift.maly.move_order(&order, "READY", "m").await.ok(200);
    for events in [&mut counter, &mut office] {
        soon(events, "order_changed", "/status", &json!("READY")).await;
    }
    let request = json!(shift.sokha.asked_void("t1").await);
    for events in [&mut counter, &mut office] {
        soon(events, "void_requested", "/void_request_id", &request).await;
    }
    // One device goes out of reach; what happens meanwhile is not lost to it.
    drop(counter);
    shift.maly.reject(request.as_str().unwrap(), "r").await.ok(200);
    soon(&mut office, "void_rejected", "/void_request_id", &request).await;
    let head = shift.store.journal.head().borrow().seq;
    let mut back = watch(&shift.sokha.till, Some(&format!("{}.0", head - 1))).await;
    soon(&mut back, "void_rejected", "/void_request_id", &request).await;
    shift.sell("t2").await;
    for events in [&mut back, &mut office] {
        soon(events, "sale_captured", "/ticket_id", &json!("t2")).await;
    }
}

/// The next event that is about no line and no session's opening.
async fn next(events: &mut (impl Stream<Item = Event> + Unpin)) -> Event {
    let next = async {
        loop {
            let event = events.next().await.unwrap();
            if !["sync_changed", "session_opened"].contains(&event.0.as_str()) {
                return event;
            }
        }
    };
    tokio::time::timeout(BOUND, next).await.unwrap()
}

#[tokio::test]
async fn a_watcher_sees_sales_and_gets_what_it_missed() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    store.till.sell("t1", &session).await.ok(201);
    let mut events = watch(&store.till, None).await;
    let (name, id, data) = events.next().await.unwrap();
    assert_eq!(
        (name.as_str(), id.as_str()),
        ("sync_changed", format!("{}.0", SIGNED_IN + 2).as_str())
    );
    assert_eq!(data["status"]["captured"], 1);

    store.till.sell("t2", &session).await.ok(201);
    let (name, id, data) = next(&mut events).await;
    assert_eq!(
        (name.as_str(), id.as_str()),
        ("sale_captured", format!("{}.0", SIGNED_IN + 3).as_str())
    );
    assert_eq!(data["ticket_id"], "t2");
    drop(events);

    store.till.sell("t3", &session).await.ok(201);
    let mut events = watch(&store.till, Some(&id)).await;
    assert_eq!(next(&mut events).await.2["ticket_id"], "t3");
    store.till.sell("t4", &session).await.ok(201);
    assert_eq!(next(&mut events).await.2["ticket_id"], "t4");
    drop(events);

    // From the beginning, across a restart.
    let store = store.restart().await;
    let mut events = watch(&store.till, Some("0.0")).await;
    for ticket in ["t1", "t2", "t3", "t4"] {
        assert_eq!(next(&mut events).await.2["ticket_id"], ticket);
    }
}

#[tokio::test]
async fn a_burst_reaches_a_watcher_whole_and_in_order() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let mut events = watch(&store.till, None).await;
    let tickets: Vec<String> = (0..300).map(|n| format!("t{n}")).collect();
    for burst in tickets.chunks(50) {
        futures::future::join_all(burst.iter().map(|ticket| store.till.sell(ticket, &session)))
            .await;
    }
    let mut seen = Vec::new();
    let mut place = SIGNED_IN + 1;
    for _ in &tickets {
        let (_, id, data) = next(&mut events).await;
        let seq: u64 = id.split_once('.').unwrap().0.parse().unwrap();
        assert_eq!(seq, place + 1, "in the order of the journal");
        place = seq;
        seen.push(data["ticket_id"].as_str().unwrap().to_owned());
    }
    seen.sort();
    let mut all = tickets;
    all.sort();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn an_edge_that_stops_ends_its_streams() {
    let store = Store::with_menu().await;
    let mut events = watch(&store.till, None).await;
    events.next().await.unwrap();
    store.stop().await;
    let rest = tokio::time::timeout(BOUND, events.collect::<Vec<_>>()).await.unwrap();
    assert!(rest.iter().all(|(name, ..)| name == "sync_changed"));
}

#[tokio::test]
async fn a_watcher_sees_orders_voids_and_sessions_live_and_later() {
    let shift = Shift::begin().await;
    let from = format!("{}.0", shift.store.journal.head().borrow().seq);
    let mut live = watch(&shift.sokha.till, None).await;
    let order = shift.sell("t1").await;
    shift.sokha.move_order(&order, "READY", "m").await.ok(200);
    let handed = online(1);
    shift.store.journal.accept_order(handed.clone()).await.unwrap();
    shift.sokha.move_order(&handed.order_id.to_string(), "READY", "o").await.ok(200);
    let first = shift.sokha.asked_void("t1").await;
    shift.maly.reject(&first, "r").await.ok(200);
    let second = shift.sokha.ask_void("t1", "v2").await.ok(201)["void_request_id"].clone();
    shift.maly.approve(second.as_str().unwrap(), "a").await.ok(200);
    shift.sell("t2").await;
    let third = shift.sokha.asked_void("t2").await;
    let movement = json!({ "kind": "PAID_IN", "currency": "USD", "amount": "1", "reason": "x" });
    let path = format!("/v1/cash-sessions/{}/movements", shift.session);
    shift.sokha.post(&path, "in", &movement).await.ok(201);
    shift.sokha.close(&shift.session, "close").await.ok(200);

    let session = json!(shift.session);
    let expected = [
        ("sale_captured", "ticket_id", json!("t1")),
        ("order_changed", "order_id", json!(order)),
        ("order_accepted", "order_id", json!(handed.order_id)),
        ("order_changed", "order_id", json!(handed.order_id)),
        ("void_requested", "void_request_id", json!(first)),
        ("void_rejected", "void_request_id", json!(first)),
        ("void_requested", "void_request_id", second.clone()),
        ("void_approved", "void_request_id", second),
        ("sale_captured", "ticket_id", json!("t2")),
        ("void_requested", "ticket_id", json!("t2")),
        ("cash_moved", "cash_session_id", session.clone()),
        ("session_closed", "cash_session_id", session),
    ];
    let mut seen = Vec::new();
    for (name, field, value) in &expected {
        let event = next(&mut live).await;
        assert_eq!(
            (event.0.as_str(), &event.2[field], &event.2["event"]),
            (*name, value, &json!(name))
        );
        seen.push(event);
    }
    assert_eq!(seen.last().unwrap().2["rejected_voids"], json!([third]));
    drop(live);
    // A watcher that was away gets the same from the journal.
    let shift = shift.restart().await;
    let mut later = watch(&shift.sokha.till, Some(&from)).await;
    for event in seen {
        assert_eq!(next(&mut later).await, event);
    }
}
