//! Every POST of the edge under its key: without one it is refused, the same again is
//! answered the same, another body under it is refused, and the books have one deed.

use std::collections::BTreeSet;

use pos_edge::api::access::RULES;
use reqwest::StatusCode;
use schemas::{
    Currency, DeviceId, MenuItemId, StaffId,
    edge_api::{KhqrCode, SaleReceipt, VoidRequested},
};
use serde_json::{Value, json};
use testkit::{BOUND, Payment, sample_code, sample_id, sample_pin, wait_until};
use tests::{Answer, Till, World, new_ticket};
use tokio::{io::AsyncReadExt, net::TcpListener, sync::watch};

/// Posts that make nothing (a price, a fresh ticket), or that say which token and no
/// more: they have no key, or may do without. An import's entries are their own keys
/// (`tests/tests/replaced`).
const WITHOUT: [&str; 4] = ["/v1/quotes", "/v1/tickets/mint", "/v1/logout", "/v1/import"];

/// Routes that were tried.
#[derive(Default)]
struct Tried(BTreeSet<&'static str>);

impl Tried {
    /// Tries a route with a body, and with another one under the same key.
    async fn post(
        &mut self,
        till: &Till,
        (route, path): (&'static str, &str),
        body: &Value,
        other: Option<&Value>,
    ) -> Answer {
        assert!(self.0.insert(route), "{route} was tried");
        let keyless = till.ask_without_key(path, body).await;
        assert_eq!(keyless.refusal(), (400, "missing_idempotency_key".to_owned()), "{route}");
        let key = format!("key-{}", new_ticket());
        let first = till.ask(path, &key, body).await;
        first.ok();
        assert_eq!(till.ask(path, &key, body).await, first, "{route}: the same again");
        if let Some(other) = other {
            let refused = till.ask(path, &key, other).await.refusal();
            let code = match route {
                "/v1/sales" => "ticket_conflict",
                _ => "idempotency_key_conflict",
            };
            assert_eq!(refused, (422, code.to_owned()), "{route}: another body");
        }
        assert_eq!(till.ask(path, &key, body).await, first, "{route}: and again");
        first
    }
}

fn cart(waters: u32) -> Value {
    json!({ "sale_type": "TAKEAWAY", "lines": [
        { "menu_item_id": sample_id::<MenuItemId>("latte"), "quantity": 1 },
        { "menu_item_id": sample_id::<MenuItemId>("water"), "quantity": waters },
    ]})
}

fn sale(till: &Till, waters: u32) -> Value {
    json!({ "device_id": sample_id::<DeviceId>("Counter 1"), "cash_session_id": till.session_id(),
        "cart": cart(waters),
        "tender": { "method": "CASH", "received": { "amount": "20", "currency": "USD" } } })
}

async fn pair_and_open(tried: &mut Tried, stranger: &Till) -> Till {
    let device = sample_id::<DeviceId>("Counter 2");
    let pair = |code: &str| json!({ "deviceId": device, "code": code });
    let right = pair(sample_code("Counter 2"));
    let route = ("/v1/devices/pair", "/v1/devices/pair");
    // Another code is a guess at one, whatever the key.
    let paired = tried.post(stranger, route, &right, None).await;
    let till = stranger.beside(&token(&paired));
    let log_in =
        |name: &str| json!({ "staffId": sample_id::<StaffId>(name), "pin": sample_pin(name) });
    let (dara, vanna) = (log_in("Dara"), log_in("Vanna"));
    let logged_in = tried.post(&till, ("/v1/login", "/v1/login"), &dara, Some(&vanna)).await;
    let till = till.beside(&token(&logged_in));
    let open = |usd: &str| {
        json!({ "device_id": device, "staff_id": sample_id::<StaffId>("Dara"),
            "opening_float_usd": usd, "opening_float_khr": "0" })
    };
    let route = ("/v1/cash-sessions", "/v1/cash-sessions");
    let opened = tried.post(&till, route, &open("5"), Some(&open("6"))).await;
    let session = opened.json::<schemas::edge_api::CashSession>();
    till.in_session(session.cash_session_id)
}

fn token(answer: &Answer) -> String {
    answer.json::<Value>()["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn every_post_of_an_edge_is_one_deed_for_each_key() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let sokha = &shop.till;
    let mut tried = Tried::default();
    let dara = pair_and_open(&mut tried, &shop.another_till("Counter 2", "Dara")).await;

    let route = ("/v1/sales", "/v1/sales");
    let sold = tried.post(sokha, route, &sale(sokha, 2), Some(&sale(sokha, 1))).await;
    let sold = sold.json::<SaleReceipt>();
    let drawer = format!("/v1/cash-sessions/{}", sokha.session_id());
    let ice = |amount: &str| json!({ "kind": "PAID_OUT", "currency": "USD", "amount": amount, "reason": "ice" });
    let movements = format!("{drawer}/movements");
    let route = ("/v1/cash-sessions/{id}/movements", movements.as_str());
    tried.post(sokha, route, &ice("4"), Some(&ice("5"))).await;
    let moves = format!("/v1/orders/{}/status", sold.order_id);
    let route = ("/v1/orders/{id}/status", moves.as_str());
    let (ready, delivered) = (json!({ "to": "READY" }), json!({ "to": "DELIVERED" }));
    tried.post(sokha, route, &ready, Some(&delivered)).await;
    print(&mut tried, sokha, &sold).await;
    decide(&mut tried, sokha, &dara, &sold).await;
    hold(&mut tried, sokha, &dara).await;
    pay(&mut tried, &world, sokha).await;
    let close = |usd: &str| json!({ "counted_usd": usd, "counted_khr": "100000" });
    let path = format!("{drawer}/close");
    let route = ("/v1/cash-sessions/{id}/close", path.as_str());
    tried.post(sokha, route, &close("46"), Some(&close("47"))).await;
    sokha.all_numbered().await;

    let keyed: BTreeSet<_> = RULES
        .iter()
        .filter(|rule| rule.method == "POST" && !WITHOUT.contains(&rule.path))
        .map(|rule| rule.path)
        .collect();
    assert_eq!(tried.0, keyed, "every POST is tried");
    let entries = "SELECT kind, count(*) FROM edge_entry WHERE kind <> 'audit.recorded'
        GROUP BY kind ORDER BY kind";
    let deed = |kind: &str, count: u64| json!({ "kind": kind, "count": count });
    let expected = [
        deed("cash.moved", 1),
        deed("cash.session_closed", 1),
        deed("cash.session_opened", 2),
        deed("order.status_changed", 1),
        deed("sale.finalized", 2),
        deed("void.approved", 1),
        deed("void.rejected", 1),
        deed("void.requested", 2),
    ];
    assert_eq!(world.rows(entries).await, expected);
    let once =
        "SELECT (SELECT count(*) FROM sale) AS sales, (SELECT count(*) FROM khqr_intent) AS codes,
        (SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH') AS refunds,
        (SELECT count(*) FROM audit_log WHERE action = 'DEVICE_PAIRED') AS tills,
        (SELECT count(*) FROM audit_log WHERE action = 'LOGGED_IN') AS logins";
    let expected = json!({ "sales": 2, "codes": 1, "refunds": 1, "tills": 2, "logins": 2 });
    assert_eq!(world.rows(once).await, [expected]);
    assert_eq!(world.centre.bakong.checks(), 1);
    world.books_are_right().await;
}

/// A receipt, which comes out once.
async fn print(tried: &mut Tried, till: &Till, sold: &SaleReceipt) {
    let printer = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = printer.local_addr().expect("it is bound").to_string();
    let (counted, mut prints) = watch::channel(0_u32);
    let printing = tokio::spawn(async move {
        while let Ok((mut line, _)) = printer.accept().await {
            let mut receipt = Vec::new();
            line.read_to_end(&mut receipt).await.expect("a receipt");
            counted.send_modify(|prints| *prints += 1);
        }
    });
    let path = format!("/v1/sales/{}/print", sold.ticket_id);
    let (body, other) =
        (json!({ "printer": address }), json!({ "printer": address, "paper": "58" }));
    tried.post(till, ("/v1/sales/{ticket}/print", path.as_str()), &body, Some(&other)).await;
    let out = tokio::time::timeout(BOUND, prints.wait_for(|prints| *prints > 0)).await;
    assert_eq!(*out.expect("it comes out").expect("the printer is on"), 1);
    printing.abort();
}

/// A request that is rejected and one that is approved.
async fn decide(tried: &mut Tried, sokha: &Till, dara: &Till, sold: &SaleReceipt) {
    let request = |why: &str| json!({ "reason": why });
    let path = format!("/v1/sales/{}/void-requests", sold.ticket_id);
    let route = ("/v1/sales/{ticket}/void-requests", path.as_str());
    let asked = tried.post(sokha, route, &request("cold"), Some(&request("late"))).await;
    let id = asked.json::<VoidRequested>().void_request_id;
    let path = format!("/v1/void-requests/{id}/reject");
    let route = ("/v1/void-requests/{id}/reject", path.as_str());
    tried.post(dara, route, &request("no"), Some(&request("never"))).await;
    let id = sokha.void(&sold.ticket_id).await;
    let path = format!("/v1/void-requests/{id}/approve");
    let route = ("/v1/void-requests/{id}/approve", path.as_str());
    tried.post(dara, route, &json!({ "note": "seen" }), Some(&json!({ "note": null }))).await;
}

/// Sales that a stranger brings: one is accepted, one rejected.
async fn hold(tried: &mut Tried, sokha: &Till, dara: &Till) {
    let (sale, stranger) = (sokha.shown_sale().await, sokha.beside("till_0000"));
    let (accepted, rejected) = (new_ticket(), new_ticket());
    for ticket in [&accepted, &rejected] {
        assert_eq!(stranger.bring(ticket, &sale).await.status, StatusCode::ACCEPTED);
    }
    let path = format!("/v1/held-sales/{accepted}/accept");
    let drawer = |named: Option<schemas::CashSessionId>| json!({ "cash_session_id": named });
    let route = ("/v1/held-sales/{ticket}/accept", path.as_str());
    tried.post(dara, route, &drawer(None), Some(&drawer(Some(dara.session_id())))).await;
    let path = format!("/v1/held-sales/{rejected}/reject");
    let reason = |why: &str| json!({ "reason": why });
    let route = ("/v1/held-sales/{ticket}/reject", path.as_str());
    tried.post(dara, route, &reason("no such sale"), Some(&reason("nobody was there"))).await;
}

/// A code and a tap.
async fn pay(tried: &mut Tried, world: &World, till: &Till) {
    let ticket = new_ticket();
    let code = |waters: u32| {
        json!({ "ticket_id": ticket, "device_id": sample_id::<DeviceId>("Counter 1"),
            "cash_session_id": till.session_id(), "cart": cart(waters),
            "currency": Currency::Usd })
    };
    wait_until("the edge has its line", BOUND, async || {
        let state = till.sync().await?.link;
        (state == schemas::edge_api::LinkState::Up).then_some(())
    })
    .await;
    let made = tried.post(till, ("/v1/khqr", "/v1/khqr"), &code(2), Some(&code(1))).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let md5 = made.json::<KhqrCode>().md5;
    world.centre.bakong.pay(&md5, Payment::default());
    let path = format!("/v1/khqr/{md5}/check");
    tried.post(till, ("/v1/khqr/{md5}/check", path.as_str()), &Value::Null, None).await;
}
