//! Deliveries and counts, through the door into the ledgers.

use reqwest::{Method, Response};
use schemas::{
    StockItemId,
    facts::{StockMovedLine, StockMovedV2},
};
use serde_json::{Value, json};
use store::verify;
use testkit::{sample_id, sqlx};

use super::shop::{self, Shop};

impl Shop {
    async fn shelve(&self, what: &str, key: &str, body: &Value) -> Response {
        let path = self.at(0, &format!("stock/{what}"));
        self.send(Method::POST, &path, &[("Idempotency-Key", key)], body).await
    }

    async fn level(&self, item: &str) -> Value {
        let id = sample_id::<StockItemId>(item).to_string();
        let levels = self.all(&self.at(0, "stock"), 50).await;
        let row = levels.iter().find(|row| row["stock_item_id"] == id).cloned();
        row.map_or(Value::Null, |row| row["level"].clone())
    }
}

async fn refused(response: Response, status: u16, code: &str) {
    assert_eq!(response.status(), status, "{code}");
    assert_eq!(shop::json(response).await["code"], code);
}

#[tokio::test]
async fn what_came_and_what_was_counted_is_in_the_ledgers_once() {
    let mut shop = Shop::open(1).await;
    let (milk, water) =
        (sample_id::<StockItemId>("milk"), sample_id::<StockItemId>("bottled water"));
    let receipt = json!({ "note": "note 17", "lines": [
        { "stock_item_id": milk, "quantity": "1000.5" },
        { "stock_item_id": water, "quantity": "24" },
    ] });
    let first = shop.shelve("receipts", "r1", &receipt).await;
    assert_eq!(first.status(), 201);
    let first = shop::json(first).await;
    assert_eq!(shop::json(shop.shelve("receipts", "r1", &receipt).await).await, first);
    shop.sell(0, 3).await;
    // A latte takes 200 ml of milk.
    assert_eq!(
        (shop.level("milk").await, shop.level("bottled water").await),
        (json!("400.5"), json!("21"))
    );
    let count = json!({ "lines": [
        { "stock_item_id": water, "counted": "20" }, { "stock_item_id": milk, "counted": "400.5" },
    ] });
    let counted = shop::json(shop.shelve("counts", "c1", &count).await).await;
    let lines: Vec<StockMovedLine> = serde_json::from_value(counted["lines"].clone()).unwrap();
    let water_line = lines.iter().find(|line| line.stock_item_id == water).unwrap();
    assert_eq!((water_line.delta, water_line.stock_no), ((-1).into(), 5));
    assert_eq!(
        (shop.level("milk").await, shop.level("bottled water").await),
        (json!("400.5"), json!("20"))
    );
    shop.sell(0, 1).await;
    assert_eq!(shop.level("bottled water").await, json!("19"));
    let journal = shop.all(&shop.at(0, &format!("stock/{water}/journal")), 2).await;
    let reasons: Vec<_> = journal.iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["SALE", "COUNT", "SALE", "SALE", "SALE", "RECEIPT"]);

    // Each is told by one fact, and by one row of the audit log.
    let told: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT unnest(bodies) FROM outbox WHERE kinds = ARRAY['stock.moved'] ORDER BY outbox_id",
    )
    .fetch_all(&shop.door.books.pool)
    .await
    .unwrap();
    let told: Vec<StockMovedV2> =
        told.iter().map(|body| serde_json::from_slice(body).unwrap()).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(json!(told[0].document_id), first["document_id"]);
    assert_eq!((told[1].lines.clone(), told[1].moved_at), (lines, crate::setup::NOW));
    let audit = shop.all(&shop.at(0, "audit"), 50).await;
    let done: Vec<_> = audit.iter().filter(|row| row["edge_id"].is_null()).collect();
    assert_eq!(done.len(), 2);
    assert_eq!(
        (&done[1]["action"], &done[1]["meta"]["note"]),
        (&json!("STOCK_RECEIVED"), &json!("note 17"))
    );
    assert_eq!(done[0]["target_id"], counted["document_id"]);

    // The books are whole with them.
    shop.number().await;
    for check in verify::books(&shop.door.books.pool).await.unwrap() {
        assert!(check.ok, "{check:?}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_moves_nothing() {
    let shop = Shop::open(1).await;
    let milk = sample_id::<StockItemId>("milk");
    let line = |quantity: &str| json!({ "stock_item_id": milk, "quantity": quantity });
    for lines in [
        json!([]),
        json!([line("0")]),
        json!([line("-1")]),
        json!([line("0.0001")]),
        json!([line("1000000001")]),
        json!([line("1"), line("2")]),
    ] {
        let body = json!({ "lines": lines });
        refused(shop.shelve("receipts", "k", &body).await, 422, "bad_text").await;
    }
    let counted = json!({ "lines": [{ "stock_item_id": milk, "counted": "-1" }] });
    refused(shop.shelve("counts", "k", &counted).await, 422, "bad_text").await;
    let unknown = json!({ "lines": [
        line("1"), { "stock_item_id": sample_id::<StockItemId>("gold"), "quantity": "1" },
    ] });
    refused(shop.shelve("receipts", "k", &unknown).await, 404, "not_in_catalogue").await;
    assert_eq!(shop.count("SELECT count(*) FROM stock_journal").await, 0);
    assert_eq!(shop.count("SELECT count(*) FROM stock_level").await, 0);
    assert_eq!(shop.count("SELECT count(*) FROM outbox WHERE kinds[1] = 'stock.moved'").await, 0);
}

#[tokio::test]
async fn counts_and_sales_at_once_lose_nothing() {
    let mut shop = Shop::open(1).await;
    let water = sample_id::<StockItemId>("bottled water");
    let entries = shop.journals[0].sell_many(40);
    let receipts = async {
        for n in 0..20 {
            let body = json!({ "lines": [{ "stock_item_id": water, "quantity": "2" }] });
            let done = shop.shelve("receipts", &format!("r{n}"), &body).await;
            assert_eq!(done.status(), 201);
        }
    };
    let sales = async {
        for entries in entries.chunks(4) {
            shop.book(0, entries).await;
        }
    };
    tokio::join!(receipts, sales);
    assert_eq!(shop.level("bottled water").await, json!("0"));
    assert_eq!(shop.count("SELECT count(*) FROM stock_journal WHERE reason = 'RECEIPT'").await, 20);
}

#[tokio::test]
async fn the_same_delivery_posted_many_times_at_once_came_once() {
    let shop = Shop::open(1).await;
    let milk = sample_id::<StockItemId>("milk");
    let receipt = json!({ "note": null, "lines": [{ "stock_item_id": milk, "quantity": "7" }] });
    let posts = (0..8).map(|_| shop.shelve("receipts", "at-once", &receipt));
    let mut answers = Vec::new();
    for answer in futures::future::join_all(posts).await {
        assert_eq!(answer.status(), 201);
        answers.push(answer.text().await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(shop.level("milk").await, json!("7"));
    let rows = "SELECT count(*) FROM stock_journal WHERE reason = 'RECEIPT'";
    assert_eq!(shop.count(rows).await, 1);
    let deeds = "SELECT count(*) FROM audit_log WHERE action LIKE 'STOCK%'";
    assert_eq!(shop.count(deeds).await, 1);
}
