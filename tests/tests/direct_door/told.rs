//! What is told of a sale at the door: to who asks at its address, and in the log.

use schemas::CustomerId;
use serde_json::json;
use testkit::{BOUND, wait_until};
use uuid::Uuid;

use crate::stage::Stage;

#[tokio::test]
async fn who_asks_later_is_told_of_the_refusal_at_the_same_address() {
    let mut stage = Stage::without_edge().await;
    stage.world.centre.workers.kill();
    let stranger = CustomerId::from_uuid(Uuid::now_v7());
    let request = stage.app.on_account(1, stranger);
    let kept = stage.app.sell("refused-later", &request).await;
    assert_eq!(kept.status, 202, "{kept:?}");
    let address = kept.location.expect("an address");
    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    let refused = wait_until("the sale has its outcome", BOUND, async || {
        Some(stage.app.get(&address).await).filter(|answer| answer.status != 202)
    })
    .await;
    assert_eq!(refused.refusal(), (409, "no_account"));
    assert!(refused.json["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    // Asked again, or posted again, it is the same.
    assert_eq!(stage.app.get(&address).await, refused);
    let again = stage.app.sell("refused-later", &request).await;
    assert_eq!(again.refusal(), refused.refusal());
    assert_eq!(stage.count("SELECT count(*) FROM sale").await, 0);
    let told = "SELECT count(*) FROM audit_log WHERE activity = 'pos.sale.refused'";
    assert_eq!(stage.count(told).await, 1);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn an_invoice_is_logged_as_the_customers() {
    let stage = Stage::without_edge().await;
    let sold = stage.app.sell("for-vanna", &stage.app.on_account(2, stage.customer)).await;
    assert_eq!(sold.status, 200, "{sold:?}");
    let invoice = &sold.json["invoice"];
    let meta = json!({ "ticketId": "for-vanna", "invoiceNo": 1,
                       "totalCents": invoice["total_cents"] });
    let expected =
        json!({ "subject_id": stage.customer, "target_id": invoice["id"], "meta": meta });
    let synced = "SELECT subject_id, target_id, meta FROM audit_log
        WHERE activity = 'pos.sale.synced'";
    assert_eq!(stage.world.rows(synced).await, [expected]);
    stage.world.books_are_right().await;
}
