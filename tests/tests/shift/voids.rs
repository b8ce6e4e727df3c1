//! Sales that are undone at the tills of a store, as the books have them then.

use schemas::{
    edge_api::VoidRequested,
    events::{OrderStatus, SaleStatus},
};
use serde_json::json;
use tests::World;

use crate::{khr, usd};

/// Sales with the kind and figures of their movements of cash.
const MONEY: &str = "SELECT s.status, o.status AS order_status, s.voided_at IS NOT NULL AS voided,
        m.kind, m.currency, trim_scale(m.amount)::text AS amount,
        m.cash_session_id = s.cash_session_id AS same_drawer
    FROM sale s JOIN sale_order o USING (sale_id) JOIN cash_movement m USING (sale_id)
    ORDER BY s.entry_seq, m.kind DESC";

#[tokio::test]
async fn an_approved_void_gives_back_money_and_stock_and_keeps_its_number() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let (sokha, dara) = (&shop.till, shop.second_till("Counter 2", "Dara").await);
    let sales = [sokha.sell_for(2, usd(20)).await, sokha.sell_for(2, khr(50_000)).await];
    let mut numbers = Vec::new();
    for sale in &sales {
        numbers.push(sokha.number_of(&sale.ticket_id).await);
    }
    assert_eq!(numbers, [1, 2]);
    let taken = "SELECT count(*) FROM stock_journal WHERE reason = 'SALE' AND delta < 0";
    assert_eq!(world.count(taken).await, 6, "beans, milk and bottles, twice");

    for sale in &sales {
        let key = format!("void-{}", sale.ticket_id);
        let asked = sokha.ask_void(&sale.ticket_id, &key).await;
        let request = asked.json::<VoidRequested>();
        assert_eq!((request.sale_id, request.requested_by), (sale.sale_id, sokha.staff_id()));
        assert_eq!(sokha.ask_void(&sale.ticket_id, &key).await.ok(), asked.ok(), "a replay");
        let twice = sokha.ask_void(&sale.ticket_id, "another-request").await;
        assert_eq!(twice.refusal(), (409, "void_already_pending".to_owned()));
        let row = sokha.ticket(&sale.ticket_id).await.expect("it is listed");
        assert_eq!(row.sale_status, SaleStatus::VoidPending);
        let by_cashier = sokha.approve(request.void_request_id, "no").await;
        assert_eq!(by_cashier.refusal().0, 403);
        sokha.booked().await;
        world.becomes("SELECT count(*) FROM sale WHERE status = 'VOID_PENDING'", 1).await;

        let key = format!("yes-{}", sale.ticket_id);
        let done = dara.approve(request.void_request_id, &key).await;
        assert_eq!(dara.approve(request.void_request_id, &key).await.ok(), done.ok(), "a replay");
        let again = dara.approve(request.void_request_id, "yes-again").await;
        assert_eq!(again.refusal(), (409, "void_already_decided".to_owned()));
        let row = sokha.ticket(&sale.ticket_id).await.expect("it is listed");
        let stands = (row.sale_status, row.order_status, row.invoice_no);
        let number = Some(sokha.number_of(&sale.ticket_id).await);
        assert_eq!(stands, (SaleStatus::Voided, OrderStatus::Voided, number));
        sokha.booked().await;
    }

    let row = |kind: &str, currency: &str, amount: &str| {
        json!({ "status": "VOIDED", "order_status": "VOIDED", "voided": true, "kind": kind,
                "currency": currency, "amount": amount, "same_drawer": true })
    };
    let expected = [
        row("SALE_CASH", "USD", "4.46"),
        row("REFUND_CASH", "USD", "-4.46"),
        row("SALE_CASH", "KHR", "18300"),
        row("REFUND_CASH", "KHR", "-18300"),
    ];
    assert_eq!(world.rows(MONEY).await, expected);
    let back = "SELECT count(*) FROM stock_journal WHERE reason = 'VOID' AND delta > 0";
    assert_eq!(world.count(back).await, 6);
    let left = "SELECT (SELECT count(*) FROM stock_level WHERE level <> 0)
        + (SELECT count(*) FROM (SELECT sale_id, stock_item_id FROM stock_journal
            GROUP BY sale_id, stock_item_id HAVING sum(delta) <> 0) AS uneven)";
    assert_eq!(world.count(left).await, 0, "each sale gave back what it took");
    let kept = "SELECT i.no, s.ticket_id FROM invoice i JOIN sale s USING (sale_id) ORDER BY i.no";
    let kept_numbers = world.rows(kept).await;
    let expected = [1, 2].map(|no| json!({ "no": no, "ticket_id": sales[no - 1].ticket_id }));
    assert_eq!(kept_numbers, expected);
    let decided = "SELECT status, requested_by, reason, decided_by, decision_note, command_id
        FROM void_request";
    let expected = json!({ "status": "APPROVED", "requested_by": sokha.staff_id(),
        "reason": "a mistake", "decided_by": dara.staff_id(), "decision_note": "seen",
        "command_id": null });
    assert_eq!(world.rows(decided).await, [expected.clone(), expected]);
    assert_eq!(
        world.count("SELECT count(*) FROM exception WHERE kind <> 'STOCK_NEGATIVE'").await,
        0
    );
    world.books_are_right().await;
}

#[tokio::test]
async fn a_rejected_void_changes_nothing_and_a_later_request_is_a_new_one() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let (sokha, dara) = (&shop.till, shop.second_till("Counter 2", "Dara").await);
    let sale = sokha.sell().await;
    let first = sokha.void(&sale.ticket_id).await;
    let no = dara.reject(first, "no").await;
    assert_eq!(dara.reject(first, "no").await.ok(), no.ok(), "a replay");
    let late = dara.approve(first, "yes").await;
    assert_eq!(late.refusal(), (409, "void_already_decided".to_owned()));
    sokha.booked().await;
    let stands = "SELECT s.status, o.status AS order_status, r.status AS request, r.decision_note
        FROM sale s JOIN sale_order o USING (sale_id) JOIN void_request r USING (sale_id)
        ORDER BY r.entry_seq";
    let rejected = json!({ "status": "FINALIZED", "order_status": "IN_PREP", "request": "REJECTED",
        "decision_note": "it was drunk" });
    assert_eq!(world.rows(stands).await, [rejected]);
    let undone = "SELECT (SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH')
        + (SELECT count(*) FROM stock_journal WHERE reason = 'VOID')";
    assert_eq!(world.count(undone).await, 0);

    let second = sokha.void(&sale.ticket_id).await;
    assert_ne!(first, second);
    dara.approve(second, "yes-2").await.ok();
    sokha.booked().await;
    let row = |request: &str, note: &str| {
        json!({ "status": "VOIDED", "order_status": "VOIDED", "request": request,
                "decision_note": note })
    };
    let expected = [row("REJECTED", "it was drunk"), row("APPROVED", "seen")];
    assert_eq!(world.rows(stands).await, expected);
    assert_eq!(world.count(undone).await, 1 + 3);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_void_without_a_line_is_booked_when_the_line_is_back() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let (sokha, dara) = (&shop.till, shop.second_till("Counter 2", "Dara").await);
    let before = sokha.sell().await;
    sokha.all_numbered().await;
    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    let during = sokha.sell().await;
    for (sale, key) in [(&before, "yes-1"), (&during, "yes-2")] {
        let request = sokha.void(&sale.ticket_id).await;
        dara.approve(request, key).await.ok();
    }
    let undone = "SELECT count(*) FROM sale WHERE status = 'VOIDED'";
    assert_eq!(world.count(undone).await, 0, "the books cannot know yet");
    shop.line.restore();
    world.becomes(undone, 2).await;
    assert_eq!(sokha.number_of(&during.ticket_id).await, 2, "voided, and numbered all the same");
    let refunds = "SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH'";
    assert_eq!(world.count(refunds).await, 2);
    world.books_are_right().await;
}
