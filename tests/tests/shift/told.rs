//! What is told of a day: the audit log, and notifications as facts.

use reqwest::StatusCode;
use schemas::{
    CustomerId, DraftId,
    back_office::Scope,
    edge_api::{NotificationPage, TenderOffer},
    events::{OrderStatus, PaidKind, TenderMethod},
    requests::FactsReplyV1,
};
use serde_json::{Value, json};
use testkit::{sample_id, sample_pin, sqlx};
use tests::{Till, World, new_ticket};
use uuid::Uuid;

use crate::usd;

/// The audit log of entries, in the order of the journal.
const LOG: &str =
    "SELECT a.action, a.activity, a.actor_id, a.subject_id, a.target_id, a.meta, e.kind,
        a.tenant_id = b.tenant_id AND a.branch_id = b.branch_id AS of_store
    FROM audit_log a JOIN edge_entry e ON e.edge_id = a.edge_id AND e.seq = a.entry_seq
    CROSS JOIN branch b
    WHERE a.action <> 'INVOICE_ASSIGNED' ORDER BY a.entry_seq, a.audit_id";

fn names(log: &[Value]) -> Vec<&str> {
    log.iter().filter_map(|row| row["action"].as_str()).collect()
}

/// The only row of an action, without what every row has: actor, subject, target.
fn only<'a>(log: &'a [Value], action: &str) -> (&'a Value, &'a Value, &'a Value) {
    let mut found = log.iter().filter(|row| row["action"] == action);
    let row = found.next().unwrap_or_else(|| panic!("{action} is logged"));
    assert!(found.next().is_none(), "{action} is logged once");
    assert_eq!(row["of_store"], true, "{action}");
    (&row["actor_id"], &row["subject_id"], &row["target_id"])
}

#[tokio::test]
async fn each_deed_is_in_the_audit_log_with_who_did_it_and_to_what() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let (sokha, dara) = (&shop.till, shop.second_till("Counter 2", "Dara").await);
    let (by_sokha, by_dara) = (json!(sokha.staff_id()), json!(dara.staff_id()));
    let customer = CustomerId::from_uuid(Uuid::now_v7());
    let tender = TenderOffer { method: TenderMethod::Cash, received: usd(20) };
    let mut sale = sokha.sale(Till::cart(2), tender);
    sale.customer_id = Some(customer);
    let sold = sokha.ask("/v1/sales", new_ticket().as_str(), &sale).await;
    let sold = sold.json::<schemas::edge_api::SaleReceipt>();
    sokha.move_order(sold.order_id, "ready", OrderStatus::Ready).await.ok();
    let rejected = sokha.void(&sold.ticket_id).await;
    dara.reject(rejected, "no").await.ok();
    let approved = sokha.void(&sold.ticket_id).await;
    dara.approve(approved, "yes").await.ok();
    sokha.move_cash("in", PaidKind::PaidIn, usd(10), "change").await.ok();
    sokha.move_cash("out", PaidKind::PaidOut, usd(4), "ice").await.ok();
    let usd_left = rust_decimal::Decimal::from(56);
    sokha.close("close", usd_left, rust_decimal::Decimal::from(100_000)).await.ok();
    for _ in 0..5 {
        assert_eq!(dara.try_log_in(sokha.staff_id(), "0000").await.refusal().0, 401);
    }
    let paused = dara.try_log_in(sokha.staff_id(), sample_pin("Sokha")).await;
    assert_eq!(paused.refusal(), (429, "login_locked".to_owned()));
    sokha.ask("/v1/logout", "out-she-goes", &()).await.ok();
    sokha.booked().await;

    let log = world.rows(LOG).await;
    let mut expected = ["DEVICE_PAIRED", "LOGGED_IN", "CASH_SESSION_OPENED"].repeat(2);
    expected.extend(["SALE_FINALIZED", "ORDER_STATUS_UPDATED", "VOID_REQUESTED", "VOID_REJECTED"]);
    expected.extend(["VOID_REQUESTED", "VOID_APPROVED", "CASH_PAID_IN", "CASH_PAID_OUT"]);
    expected.push("CASH_SESSION_CLOSED");
    expected.extend(["LOGIN_FAILED"; 5]);
    expected.extend(["LOGIN_LOCKED", "LOGGED_OUT"]);
    assert_eq!(names(&log), expected);

    let (sale_id, order_id) = (json!(sold.sale_id), json!(sold.order_id));
    let session = json!(sokha.session_id());
    assert_eq!(only(&log, "SALE_FINALIZED"), (&by_sokha, &sale_id, &Value::Null));
    assert_eq!(only(&log, "ORDER_STATUS_UPDATED"), (&by_sokha, &order_id, &sale_id));
    assert_eq!(only(&log, "VOID_REJECTED"), (&by_dara, &sale_id, &json!(rejected)));
    assert_eq!(only(&log, "VOID_APPROVED"), (&by_dara, &sale_id, &json!(approved)));
    let (actor, subject, _) = only(&log, "CASH_PAID_OUT");
    assert_eq!((actor, subject), (&by_sokha, &session));
    assert_eq!(only(&log, "CASH_SESSION_CLOSED"), (&by_sokha, &session, &Value::Null));
    let requested = log.iter().filter(|row| row["action"] == "VOID_REQUESTED");
    let requested: Vec<_> = requested.map(|row| (&row["actor_id"], &row["target_id"])).collect();
    assert_eq!(requested, [(&by_sokha, &json!(rejected)), (&by_sokha, &json!(approved))]);
    let opened = log.iter().filter(|row| row["action"] == "CASH_SESSION_OPENED");
    let opened: Vec<_> = opened.map(|row| (&row["actor_id"], &row["subject_id"])).collect();
    assert_eq!(opened, [(&by_sokha, &session), (&by_dara, &json!(dara.session_id()))]);
    let tries = log.iter().filter(|row| row["action"] == "LOGIN_FAILED");
    for row in tries {
        assert_eq!(row["meta"]["deviceId"], json!(sample_id::<schemas::DeviceId>("Counter 2")));
    }
    let activities: Vec<_> = log.iter().filter_map(|row| row["activity"].as_str()).collect();
    assert_eq!(activities, ["pos.sale.created"]);

    assert_eq!(dara.number_of(&sold.ticket_id).await, 1);
    let synced = "SELECT a.subject_id, a.target_id = i.invoice_id AS of_invoice, a.meta
        FROM audit_log a CROSS JOIN invoice i WHERE a.activity = 'pos.sale.synced'";
    let meta = json!({ "ticketId": sold.ticket_id, "invoiceNo": 1, "totalCents": 446 });
    let expected = json!({ "subject_id": customer, "of_invoice": true, "meta": meta });
    assert_eq!(world.rows(synced).await, [expected]);
    world.books_are_right().await;
}

#[tokio::test]
async fn of_a_draft_the_books_hear_counts_and_sums_and_nothing_else() {
    let world = World::with_shops(1).await;
    let sokha = &world.shops[0].till;
    let (thrown, sold) = (DraftId::from_uuid(Uuid::now_v7()), DraftId::from_uuid(Uuid::now_v7()));
    for waters in 1..=3 {
        sokha.keep_draft(thrown, u64::from(waters), Till::cart(waters)).await;
    }
    sokha.discard_draft(thrown).await;
    sokha.keep_draft(sold, 1, Till::cart(1)).await;
    sokha.keep_draft(sold, 2, Till::cart(2)).await;
    let tender = TenderOffer { method: TenderMethod::Cash, received: usd(20) };
    let mut sale = sokha.sale(Till::cart(2), tender);
    sale.draft_id = Some(sold);
    sokha.ask("/v1/sales", new_ticket().as_str(), &sale).await.ok();
    sokha.all_numbered().await;

    let log = world.rows(LOG).await;
    let of_carts: Vec<_> = log
        .iter()
        .filter(|row| row["action"].as_str().is_some_and(|action| action.starts_with("CART")))
        .map(|row| {
            let (subject, meta) = (&row["subject_id"], &row["meta"]);
            json!([row["action"], subject, meta["itemCount"], meta["subtotalUsd"], row["kind"]])
        })
        .collect();
    let row = |action: &str, draft: DraftId, items: u32, sum: &str| {
        json!([action, draft, items, sum, "audit.recorded"])
    };
    let expected = [
        row("CART_CREATED", thrown, 2, "3.50"),
        row("CART_UPDATED", thrown, 4, "5.50"),
        row("CART_DISCARDED", thrown, 4, "5.50"),
        row("CART_CREATED", sold, 2, "3.50"),
        row("CART_UPDATED", sold, 3, "4.50"),
    ];
    assert_eq!(of_carts, expected);
    for row in log.iter().filter(|row| row["action"] == "CART_UPDATED") {
        assert_eq!(row["actor_id"], json!(sokha.staff_id()));
        assert_eq!(row["target_id"], json!(sokha.session_id()));
    }
    let latte = sample_id::<schemas::MenuItemId>("latte").to_string();
    let named: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM edge_entry WHERE
            (kind <> 'audit.recorded' AND strpos(convert_from(payload, 'UTF8'), $1) > 0)
            OR (kind <> 'sale.finalized' AND strpos(convert_from(payload, 'UTF8'), $2) > 0)",
    )
    .bind(thrown.to_string())
    .bind(&latte)
    .fetch_one(&world.books.pool)
    .await
    .expect("the books answer");
    assert_eq!(named, 0, "an entry tells what is in a draft");
    world.books_are_right().await;
}

#[tokio::test]
async fn notifications_are_facts_each_told_once_to_whom_it_concerns() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let (sokha, dara) = (&shop.till, shop.second_till("Counter 2", "Dara").await);
    let (undone, kept) = (sokha.sell().await, sokha.sell().await);
    let mut expected = Vec::new();
    let branch = world.company.stores[0].branch_id;
    for (sale, approved) in [(&undone, true), (&kept, false)] {
        let key = format!("ask-{}", sale.ticket_id);
        let asked = sokha.ask_void(&sale.ticket_id, &key).await;
        assert_eq!(sokha.ask_void(&sale.ticket_id, &key).await.ok(), asked.ok());
        let id = asked.json::<schemas::edge_api::VoidRequested>().void_request_id;
        let key = format!("decide-{}", sale.ticket_id);
        for _ in 0..2 {
            let decided =
                if approved { dara.approve(id, &key).await } else { dara.reject(id, &key).await };
            decided.ok();
        }
        let what = if approved { "VOID_APPROVED" } else { "VOID_REJECTED" };
        for (what, to) in [("VOID_APPROVAL_NEEDED", None), (what, Some(sokha.staff_id()))] {
            let key = format!("{what}:{branch}:{}", sale.sale_id);
            expected.push(json!([key, to, id, sale.sale_id, sale.ticket_id]));
        }
    }
    sokha.all_numbered().await;
    world.books_are_right().await;

    let client = world.client(0, &[Scope::BooksRead]).await;
    let answer = client.get(&format!("/v1/branches/{branch}/facts")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let reply: FactsReplyV1 = serde_json::from_value(answer.json).expect("facts");
    let raised: Vec<_> = reply.facts.iter().filter(|f| f.kind == "notification.raised").collect();
    let bodies: Vec<Value> = raised
        .iter()
        .map(|fact| serde_json::from_str(fact.body.get()).expect("a body is JSON"))
        .collect();
    let told: Vec<_> = bodies
        .iter()
        .map(|body| {
            let about = (&body["void_request_id"], &body["sale_id"], &body["ticket_id"]);
            json!([body["key"], body["staff_id"], about.0, about.1, about.2])
        })
        .collect();
    assert_eq!(told, expected);
    // The tills show the same ones, by the same ids.
    let page = |answer: tests::Answer| answer.json::<NotificationPage>().notifications;
    let to_dara = page(dara.read("/v1/notifications").await);
    let to_sokha = page(sokha.read("/v1/notifications").await);
    let mut shown: Vec<_> = to_dara.iter().chain(&to_sokha).map(|n| n.notification_id).collect();
    shown.sort_unstable();
    let mut ids: Vec<schemas::NotificationId> = bodies
        .iter()
        .map(|body| serde_json::from_value(body["notification_id"].clone()).expect("an id"))
        .collect();
    ids.sort_unstable();
    assert_eq!(shown, ids);
}
