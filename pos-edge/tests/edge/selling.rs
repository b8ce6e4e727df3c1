//! Quotes, sales, retries.

use schemas::{TicketId, edge_api::SaleReceipt, events::SaleFinalizedV1};
use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::store::{SIGNED_IN, Store, cart, sale_in};

#[tokio::test]
async fn a_retry_gets_the_first_answer_with_the_same_bytes() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let first = store.till.sell("pos-1-a", &session).await;
    let body = first.ok(201);
    assert_eq!(body["ticketId"], "pos-1-a");
    // (2.50 + 0.50) + 2 × 1.75 × 0.8 = 5.80; − 10 % = 5.22; + 10 % VAT = 5.74
    assert_eq!(body["subtotal_usd"], "5.80");
    assert_eq!(body["grand_total_usd"], "5.74");
    assert_eq!(body["tender"]["change"], "14.26");
    assert!(!first.headers.contains_key("idempotent-replayed"));

    let quoted = store.till.sell("\"pos-1-a\"", &session).await;
    assert_eq!((quoted.status, &quoted.body), (first.status, &first.body));
    assert_eq!(quoted.headers["idempotent-replayed"], "true");

    // The same meaning in other bytes: another order of fields, and spaces.
    let sent = sale_in(&session);
    let text = format!(
        "{{ \"tender\": {}, \"cart\": {},\n \"customer_id\": null, \"cash_session_id\": {}, \"device_id\": {} }}",
        sent["tender"], sent["cart"], sent["cash_session_id"], sent["device_id"]
    );
    let request = store
        .till
        .request(reqwest::Method::POST, "/v1/sales")
        .header("Idempotency-Key", "pos-1-a")
        .header("Content-Type", "application/json; charset=utf-8")
        .body(text);
    assert_eq!(store.till.send(request).await.body, first.body);

    let receipt = store.till.get("/v1/sales/pos-1-a").await;
    assert_eq!((receipt.status.as_u16(), &receipt.body), (200, &first.body));
    assert_eq!(store.till.get("/v1/sync").await.ok(200)["captured"], 1);
}

#[tokio::test]
async fn the_answer_is_the_receipt_of_what_the_journal_keeps() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let reply = store.till.sell("pos-1-a", &session).await;
    let receipt: SaleReceipt = serde_json::from_slice(&reply.body).unwrap();
    let ticket = TicketId::parse("pos-1-a").unwrap();
    let (_, payload) = store.journal.sale(ticket).await.unwrap().unwrap();
    let sale: SaleFinalizedV1 = serde_json::from_slice(&payload).unwrap();
    assert_eq!(serde_json::to_vec(&receipt).unwrap(), reply.body);
    assert_eq!(receipt.sale_id, sale.sale_id);
    assert_eq!(receipt.totals.lines, sale.lines);
    assert_eq!(receipt.tender, sale.tender);
    assert_eq!(sale.cashier_name, "Sokha");
    let catalogue = store.journal.catalogue().borrow().clone().unwrap();
    assert!(domain::reprice::compare(&catalogue.index, &sale).is_empty());
    let entries = store.journal.entries_after(0, 10, 1 << 20).await.unwrap();
    let sold = &entries[usize::try_from(SIGNED_IN).unwrap()..];
    assert_eq!(sold.len(), 2, "a session and a sale");
    assert_eq!(sold[1].payload, payload);
}

#[tokio::test]
async fn another_sale_under_a_ticket_is_refused() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    store.till.sell("pos-1-a", &session).await.ok(201);
    let mut other = sale_in(&session);
    other["tender"]["received"]["amount"] = json!("50.00");
    let refused = store.till.post("/v1/sales", "pos-1-a", &other).await;
    assert_eq!(refused.problem(422), "ticket_conflict");
    // Also one that could not be sold at all.
    other["cart"]["lines"] = json!([]);
    let refused = store.till.post("/v1/sales", "pos-1-a", &other).await;
    assert_eq!(refused.problem(422), "ticket_conflict");
    assert_eq!(store.till.get("/v1/sync").await.ok(200)["captured"], 1);
}

#[tokio::test]
async fn captures_of_one_ticket_at_once_make_one_sale() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let attempts = (0..24).map(|_| store.till.sell("pos-1-a", &session));
    let replies = futures::future::join_all(attempts).await;
    for reply in &replies {
        assert_eq!((reply.status.as_u16(), &reply.body), (201, &replies[0].body));
    }
    let fresh =
        replies.iter().filter(|reply| !reply.headers.contains_key("idempotent-replayed")).count();
    assert_eq!(fresh, 1);
    assert_eq!(store.journal.head().borrow().seq, SIGNED_IN + 2);
}

#[tokio::test]
async fn nothing_is_sold_without_an_open_session() {
    let store = Store::with_menu().await;
    let nowhere = Uuid::now_v7().to_string();
    let refused = store.till.sell("pos-1-a", &nowhere).await;
    assert_eq!(refused.problem(409), "no_open_session");
    let session = store.till.open_session().await;
    let mut elsewhere = sale_in(&session);
    elsewhere["device_id"] = json!(sample_id::<Uuid>("Counter 2"));
    let refused = store.till.post("/v1/sales", "pos-1-a", &elsewhere).await;
    assert_eq!(refused.problem(403), "not_yours");
    let other_till = store.at("Counter 2", "Sokha").await;
    let refused = other_till.post("/v1/sales", "pos-1-a", &elsewhere).await;
    assert_eq!(refused.problem(409), "no_open_session");
    store.till.sell("pos-1-a", &session).await.ok(201);
}

#[tokio::test]
async fn a_ticket_is_needed_and_can_be_minted() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let bare = store.till.request(reqwest::Method::POST, "/v1/sales").json(&sale_in(&session));
    let refused = store.till.send(bare).await;
    assert_eq!(refused.problem(400), "missing_idempotency_key");
    assert!(refused.json()["detail"].as_str().unwrap().contains("/v1/tickets/mint"));
    for key in ["", "\"\"", "two words", &"x".repeat(129)] {
        let refused = store.till.post("/v1/sales", key, &sale_in(&session)).await;
        assert_eq!(refused.problem(400), "invalid_idempotency_key", "{key:?}");
    }
    let mint = store.till.request(reqwest::Method::POST, "/v1/tickets/mint");
    let minted = store.till.send(mint).await.ok(201);
    let ticket = minted["ticketId"].as_str().unwrap();
    let random = ticket.strip_prefix("pos-1767574800000-").unwrap();
    assert!(random.len() == 20 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{ticket}");
    store.till.sell(ticket, &session).await.ok(201);
}

#[tokio::test]
async fn a_quote_has_the_figures_of_the_sale() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let quote =
        store.till.send(store.till.request(reqwest::Method::POST, "/v1/quotes").json(&cart()));
    let quote = quote.await.ok(200);
    let sale = store.till.sell("pos-1-a", &session).await.ok(201);
    for figure in ["lines", "discounts", "vat", "grand_total_usd", "payable_khr", "catalogue"] {
        assert_eq!(quote[figure], sale[figure], "{figure}");
    }
}

#[tokio::test]
async fn what_cannot_be_sold_is_refused_with_the_field_and_the_reason() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let line = |change: fn(&mut Value)| {
        let mut sale = sale_in(&session);
        change(&mut sale);
        sale
    };
    let table: [(Value, &str, &str); 8] = [
        (line(|s| s["cart"]["lines"] = json!([])), "invalid_cart", "cart.lines: "),
        (
            line(|s| s["cart"]["lines"][1]["menu_item_id"] = json!(Uuid::nil())),
            "invalid_cart",
            "cart.lines[1].menu_item_id: ",
        ),
        (
            line(|s| s["cart"]["lines"][0]["add_on_ids"] = json!([Uuid::nil()])),
            "invalid_cart",
            "cart.lines[0].add_on_ids: ",
        ),
        (line(|s| s["cart"]["lines"][0]["quantity"] = json!(0)), "invalid_request", "quantity"),
        (line(|s| s["extra"] = json!(1)), "invalid_request", "extra"),
        (
            line(|s| s["tender"]["received"]["amount"] = json!("5.73")),
            "not_enough_received",
            "5.74",
        ),
        (
            line(|s| s["tender"]["received"]["amount"] = json!("5.745")),
            "invalid_tender",
            "decimals",
        ),
        (line(|s| s["tender"]["received"]["amount"] = json!("much")), "invalid_request", ""),
    ];
    for (sale, code, detail) in table {
        let refused = store.till.post("/v1/sales", "pos-1-a", &sale).await;
        assert_eq!(refused.problem(422), code, "{sale}");
        let said = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(said.contains(detail), "{said:?} does not tell {detail:?}");
    }
    let by_khqr = line(|s| s["tender"]["method"] = json!("KHQR"));
    let refused = store.till.post("/v1/sales", "pos-1-a", &by_khqr).await;
    assert_eq!(refused.problem(409), "khqr_not_confirmed");
    assert_eq!(store.journal.head().borrow().seq, SIGNED_IN + 1, "only the session");
}

#[tokio::test]
async fn a_restarted_edge_prices_offline_and_knows_its_tickets() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let first = store.till.sell("pos-1-a", &session).await;
    let store = store.restart().await;
    assert_eq!(store.till.sell("pos-1-a", &session).await.body, first.body);
    let second = store.till.sell("pos-2-b", &session).await.ok(201);
    assert_eq!(second["grand_total_usd"], "5.74");
    // The menu changes; the first ticket's retry is still the first answer.
    let without_croissants = |menu: &mut schemas::catalogue::CatalogueV1| {
        menu.items.retain(|item| item.name != "Croissant");
        menu.discounts.clear();
    };
    store.publish(2, without_croissants).await;
    assert_eq!(store.till.sell("pos-1-a", &session).await.body, first.body);
    let refused = store.till.sell("pos-3-c", &session).await;
    assert_eq!(refused.problem(422), "invalid_cart");
    let used = store.till.get("/v1/catalogue").await;
    assert_eq!(used.ok(200)["version"], 2);
    assert!(used.headers.contains_key("etag"));
}

#[tokio::test]
async fn an_edge_that_the_books_are_ahead_of_sells_no_more_but_answers_retries() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let first = store.till.sell("pos-1-a", &session).await;

    store.journal.set_held(Some("a forked entry".to_owned())).await.unwrap();
    // That is between the books and whoever runs them: the cashier sells on.
    store.till.sell("pos-2-b", &session).await.ok(201);
    assert_eq!(store.till.get("/v1/sync").await.ok(200)["held"], "a forked entry");

    let mut cursor = *store.journal.head().borrow();
    cursor.seq += 1;
    store.journal.confirm(cursor).await.unwrap_err();
    let store = store.restart().await;
    let refused = store.till.sell("pos-3-c", &session).await;
    assert_eq!(refused.problem(503), "journal_rolled_back");
    assert_eq!(store.till.sell("pos-1-a", &session).await.body, first.body);
    assert_eq!(store.till.get("/v1/tickets").await.ok(200)["tickets"].as_array().unwrap().len(), 2);
}
