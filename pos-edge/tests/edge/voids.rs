//! Voids: request, approval, rejection, and what stands against each.

use pos_edge::journal::NewSale;
use rust_decimal::Decimal;
use schemas::{
    Currency, InvoiceId, Khr, OrderId, SaleId, SeriesId, Sha256Hash, TicketId, Usd,
    events::TenderMethod, facts::InvoiceAssignedV1,
};
use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::{
    hands::{Hand, Shift, nobody},
    store::OPENING,
};

async fn beans(shift: &Shift) -> String {
    let stock = shift.sokha.get("/v1/stock").await.ok(200);
    let items = stock["items"].as_array().unwrap();
    let beans = items.iter().find(|item| item["name"] == "beans").unwrap();
    beans["level"].as_str().unwrap().to_owned()
}

fn stands(sale: &str, order: &str) -> (String, String) {
    (sale.to_owned(), order.to_owned())
}

#[tokio::test]
async fn an_approved_void_undoes_sale_order_cash_and_stock_once() {
    let shift = Shift::begin().await;
    shift.sell("kept").await;
    shift.sell("t1").await;
    assert_eq!(beans(&shift).await, "-36");
    let receipt = shift.sokha.get("/v1/sales/t1").await.body;
    let asked = shift.sokha.ask_void("t1", "v1").await;
    let request = asked.ok(201)["void_request_id"].as_str().unwrap().to_owned();
    assert_eq!(shift.sokha.ask_void("t1", "v1").await.body, asked.body, "a retry");
    assert_eq!(shift.sokha.stands("t1").await, stands("VOID_PENDING", "IN_PREP"));
    let x = shift.sokha.get(&format!("/v1/cash-sessions/{}/x", shift.session)).await.ok(200);
    assert_eq!((&x["pending_voids"], &x["void_count"]), (&json!(1), &json!(0)));

    let approved = shift.maly.approve(&request, "a1").await;
    let answer = approved.ok(200);
    assert_eq!(
        (&answer["refund_amount"], &answer["refund_currency"], &answer["note"]),
        (&json!("5.74"), &json!("USD"), &json!("seen"))
    );
    for _ in 0..3 {
        assert_eq!(shift.maly.approve(&request, "a1").await.body, approved.body, "a retry");
    }
    let shift = shift.restart().await;
    assert_eq!(shift.maly.approve(&request, "a1").await.body, approved.body);
    assert_eq!(shift.maly.approve(&request, "a2").await.problem(409), "void_already_decided");
    assert_eq!(shift.sokha.stands("t1").await, stands("VOIDED", "VOIDED"));
    assert_eq!(shift.sokha.stands("kept").await, stands("FINALIZED", "IN_PREP"));
    assert_eq!(beans(&shift).await, "-18");
    let drawer = shift.drawer("USD").await;
    assert_eq!(
        (&drawer["sales"], &drawer["refunds"], &drawer["expected"]),
        (&json!("11.48"), &json!("5.74"), &json!("55.74"))
    );
    let told = shift.told("void.approved").await;
    assert_eq!(told.len(), 1);
    let sale = &shift.told("sale.finalized").await[1];
    assert_eq!(told[0]["restored"], sale["deductions"]);
    assert_eq!(told[0]["command_id"], Value::Null);
    assert_eq!(shift.sokha.get("/v1/sales/t1").await.body, receipt, "the receipt stays");
    let z = shift.sokha.close(&shift.session, "close").await.ok(200);
    assert_eq!((&z["z"]["void_count"], &z["z"]["voids_usd"]), (&json!(1), &json!("5.74")));
    assert_eq!((&z["z"]["sale_count"], &z["z"]["sales_usd"]), (&json!(2), &json!("11.48")));
}

#[tokio::test]
async fn a_refund_is_in_the_currency_of_the_tender() {
    let shift = Shift::begin().await;
    shift.sokha.sell_for_riel("t1", &shift.session).await.ok(201);
    let request = shift.sokha.asked_void("t1").await;
    let answer = shift.maly.approve(&request, "a").await.ok(200);
    assert_eq!(
        (&answer["refund_amount"], &answer["refund_currency"]),
        (&json!("23500"), &json!("KHR"))
    );
    assert_eq!(shift.drawer("KHR").await["refunds"], "23500");
    assert_eq!(shift.drawer("USD").await["refunds"], "0");
}

#[tokio::test]
async fn a_rejected_request_leaves_the_sale_and_a_later_one_is_new() {
    let shift = Shift::begin().await;
    let order = shift.sell("t1").await;
    shift.sokha.move_order(&order, "READY", "m").await.ok(200);
    let request = shift.sokha.asked_void("t1").await;
    let rejected = shift.maly.reject(&request, "r1").await;
    assert_eq!(rejected.ok(200)["reason"], "it was drunk");
    assert_eq!(shift.maly.reject(&request, "r1").await.body, rejected.body);
    assert_eq!(shift.maly.approve(&request, "a1").await.problem(409), "void_already_decided");
    assert_eq!(shift.sokha.stands("t1").await, stands("FINALIZED", "READY"));
    let second = shift.sokha.ask_void("t1", "again").await.ok(201);
    let second = second["void_request_id"].as_str().unwrap();
    assert_ne!(second, request);
    assert_eq!(shift.maly.reject(&request, "r2").await.problem(409), "void_already_decided");
    shift.maly.approve(second, "a2").await.ok(200);
    assert_eq!(shift.sokha.stands("t1").await, stands("VOIDED", "VOIDED"));

    let page = shift.sokha.get("/v1/void-requests").await.ok(200);
    let rows = page["void_requests"].as_array().unwrap();
    let states: Vec<_> = rows.iter().map(|row| &row["status"]).collect();
    assert_eq!(states, ["APPROVED", "REJECTED"]);
    assert_eq!(rows[1]["decision"]["remark"], "it was drunk");
    assert_eq!(rows[1]["decision"]["by_close"], false);
    assert_eq!(rows[0]["requested_by"], json!(sample_id::<Uuid>("Sokha")));
    let shown = shift.maly.get("/v1/void-requests?status=REJECTED&limit=1").await.ok(200);
    assert_eq!(shown["void_requests"][0]["void_request_id"], json!(request));
    let refused = shift.maly.get("/v1/void-requests?limit=999").await;
    assert_eq!(refused.problem(400), "invalid_query");
}

/// A sale by KHQR, as the journal keeps one.
async fn sell_by_khqr(shift: &Shift, ticket: &str) {
    let sale = NewSale {
        draft_id: None,
        ticket_id: TicketId::parse(ticket).unwrap(),
        request_hash: Sha256Hash::ZERO,
        device_id: sample_id("Counter 1"),
        cash_session_id: shift.session.parse().unwrap(),
        sale_id: SaleId::from_uuid(Uuid::now_v7()),
        order_id: OrderId::from_uuid(Uuid::now_v7()),
        finalized_at: OPENING,
        method: TenderMethod::Khqr,
        currency: Currency::Usd,
        kept: Decimal::new(574, 2),
        grand_total_usd: Usd(Decimal::new(574, 2)),
        vat_usd: Usd(Decimal::new(52, 2)),
        stock: Vec::new(),
        payload: b"{}".to_vec(),
    };
    shift.store.journal.capture_sale(sale).await.unwrap();
}

#[tokio::test]
async fn each_rule_blocks_a_request_by_its_own_code() {
    let shift = Shift::begin().await;
    let delivered = shift.sell("delivered").await;
    shift.sokha.move_order(&delivered, "READY", "m1").await.ok(200);
    shift.sokha.move_order(&delivered, "DELIVERED", "m2").await.ok(200);
    sell_by_khqr(&shift, "khqr").await;
    shift.sell("pending").await;
    shift.sokha.asked_void("pending").await;
    shift.sell("voided").await;
    let request = shift.sokha.asked_void("voided").await;
    shift.maly.approve(&request, "a").await.ok(200);
    let before = shift.store.journal.head().borrow().seq;
    let mut messages = std::collections::HashSet::new();
    for (ticket, code) in [
        ("delivered", "void_order_delivered"),
        ("khqr", "void_not_cash"),
        ("pending", "void_already_pending"),
        ("voided", "void_already_voided"),
    ] {
        for hand in [&shift.sokha, &shift.maly] {
            let refused = hand.ask_void(ticket, &format!("again-{ticket}")).await;
            assert_eq!(refused.problem(409), code);
            messages.insert(refused.json()["detail"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(shift.store.journal.head().borrow().seq, before, "nothing was written");
    assert_eq!(shift.sokha.ask_void("nothing", "n").await.problem(404), "ticket_not_found");
    shift.sell("closed").await;
    shift.sokha.close(&shift.session, "close").await.ok(200);
    let refused = shift.maly.ask_void("closed", "c").await;
    assert_eq!(refused.problem(409), "void_session_closed");
    messages.insert(refused.json()["detail"].as_str().unwrap().to_owned());
    assert_eq!(messages.len(), 5, "each has its own message");
}

#[tokio::test]
async fn who_may_ask_and_who_may_decide() {
    let shift = Shift::begin().await;
    let dara = Hand::at(&shift.store.till, "Dara", "Counter 1").await;
    let vibol = Hand::at(&shift.store.till, "Vibol", "Counter 1").await;
    shift.sell("t1").await;
    assert_eq!(dara.ask_void("t1", "d").await.problem(403), "not_yours");
    let request = shift.sokha.asked_void("t1").await;
    for cashier in [&shift.sokha, &dara] {
        assert_eq!(cashier.approve(&request, "c").await.problem(403), "approver_required");
        assert_eq!(cashier.reject(&request, "c").await.problem(403), "approver_required");
    }
    assert_eq!(dara.get("/v1/void-requests").await.ok(200)["void_requests"], json!([]));
    vibol.reject(&request, "v").await.ok(200);
    let request = shift.maly.ask_void("t1", "m").await.ok(201)["void_request_id"].clone();
    shift.maly.approve(request.as_str().unwrap(), "m2").await.ok(200);
    for hand in [&shift.maly, &vibol] {
        assert_eq!(hand.approve(&nobody(), "n").await.problem(404), "void_not_found");
        assert_eq!(hand.reject(&nobody(), "n").await.problem(404), "void_not_found");
    }
}

#[tokio::test]
async fn a_reason_is_needed_and_a_note_is_not() {
    let shift = Shift::begin().await;
    shift.sell("t1").await;
    let path = "/v1/sales/t1/void-requests";
    for reason in [String::new(), "   ".to_owned(), "x".repeat(501)] {
        let refused = shift.sokha.post(path, "v", &json!({ "reason": reason })).await;
        assert_eq!(refused.problem(422), "invalid_text");
    }
    assert_eq!(shift.sokha.post(path, "v", &json!({})).await.problem(422), "invalid_request");
    let request = shift.sokha.asked_void("t1").await;
    let reject = format!("/v1/void-requests/{request}/reject");
    let refused = shift.maly.post(&reject, "r", &json!({ "reason": " " })).await;
    assert_eq!(refused.problem(422), "invalid_text");
    let approve = format!("/v1/void-requests/{request}/approve");
    let long = json!({ "note": "x".repeat(501) });
    assert_eq!(shift.maly.post(&approve, "a", &long).await.problem(422), "invalid_text");
    let approved = shift.maly.post(&approve, "a", &json!({})).await.ok(200);
    assert_eq!(approved["note"], Value::Null);
    let other = shift.maly.approve(&request, "a").await;
    assert_eq!(other.problem(422), "idempotency_key_conflict");
}

#[tokio::test]
async fn a_close_rejects_what_is_undecided_in_the_same_entry() {
    let shift = Shift::begin().await;
    for ticket in ["t1", "t2", "t3"] {
        shift.sell(ticket).await;
    }
    let first = shift.sokha.asked_void("t1").await;
    let second = shift.sokha.asked_void("t2").await;
    let z = shift.sokha.close(&shift.session, "close").await.ok(200);
    let rejected: Vec<_> =
        z["rejected_voids"].as_array().unwrap().iter().map(|r| &r["void_request_id"]).collect();
    assert_eq!(rejected, [&json!(first), &json!(second)]);
    let entries = shift.entries().await;
    assert_eq!(entries.get("void.rejected"), None, "the close itself rejects them");
    let shift = shift.restart().await;
    for (ticket, request) in [("t1", &first), ("t2", &second)] {
        assert_eq!(shift.sokha.stands(ticket).await, stands("FINALIZED", "IN_PREP"));
        let refused = shift.maly.approve(request, &format!("a-{ticket}")).await;
        assert_eq!(refused.problem(409), "void_already_decided");
        assert!(refused.json()["detail"].as_str().unwrap().contains("REJECTED"));
    }
    let page = shift.maly.get("/v1/void-requests").await.ok(200);
    for row in page["void_requests"].as_array().unwrap() {
        assert_eq!(
            (&row["status"], &row["decision"]["by_close"]),
            (&json!("REJECTED"), &json!(true))
        );
    }
    let notices = shift.sokha.get("/v1/notifications").await.ok(200);
    assert_eq!(notices["notifications"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_voided_sale_still_gets_its_number() {
    let shift = Shift::begin().await;
    shift.sell("t1").await;
    let sold = *shift.store.journal.head().borrow();
    let request = shift.sokha.asked_void("t1").await;
    shift.maly.approve(&request, "a").await.ok(200);
    let identity = shift.store.identity;
    let row = InvoiceAssignedV1 {
        series_id: SeriesId::from_uuid(Uuid::from_u128(9)),
        no: 41,
        printed: "41".to_owned(),
        invoice_id: InvoiceId::from_uuid(Uuid::from_u128(1)),
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        mapping_seq: 1,
        sale_id: SaleId::from_uuid(Uuid::nil()),
        ticket_id: TicketId::parse("t1").unwrap(),
        edge_id: identity.edge_id,
        entry_seq: sold.seq,
        entry_hash: sold.hash,
        grand_total_usd: Usd(Decimal::new(574, 2)),
        vat_usd: Usd(Decimal::new(52, 2)),
        grand_total_khr: Khr(Decimal::from(23_534)),
        issued_at: OPENING,
        prev_hash: Sha256Hash::ZERO,
        hash: Sha256Hash::ZERO,
    };
    shift.store.journal.record_invoices(&[row]).await.unwrap();
    let ticket = shift.sokha.ticket("t1").await;
    assert_eq!((&ticket["invoiceNo"], &ticket["status"]), (&json!(41), &json!("synced")));
    assert_eq!(ticket["saleStatus"], "VOIDED");
    // The receipt says so, whatever form it has, and keeps its number.
    let receipt = shift.sokha.get("/v1/sales/t1/receipt").await.ok(200);
    assert_eq!((&receipt["status"], &receipt["invoice"]["no"]), (&json!("VOIDED"), &json!(41)));
}
