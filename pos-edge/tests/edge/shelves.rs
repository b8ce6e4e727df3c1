//! Stock as the store sees it.

use pos_edge::journal::NewestLevels;
use rust_decimal::Decimal;
use schemas::{
    EdgeId, SaleId, StockItemId, Timestamp,
    facts::{StockMovedLine, StockMovedV1},
    requests::{StockLevel, StockSnapshotV1},
};
use testkit::sample_id;
use uuid::Uuid;

use crate::store::{OPENING, SIGNED_IN, Store};

async fn level(store: &Store, name: &str) -> (String, serde_json::Value) {
    let view = store.till.get("/v1/stock").await.ok(200);
    let items = view["items"].as_array().unwrap();
    let row = items.iter().find(|row| row["name"] == name).unwrap();
    (row["level"].as_str().unwrap().to_owned(), row["asOf"].clone())
}

fn moved(edge: EdgeId, edge_seq: u64, stock_no: u64, left: i64) -> StockMovedV1 {
    StockMovedV1 {
        branch_id: schemas::BranchId::from_uuid(Uuid::nil()),
        edge_id: edge,
        edge_seq: SIGNED_IN + edge_seq,
        sale_id: SaleId::from_uuid(Uuid::nil()),
        moved_at: Timestamp::from_unix_micros(
            OPENING.unix_micros() + i64::try_from(stock_no).unwrap(),
        ),
        lines: vec![StockMovedLine {
            stock_item_id: sample_id("beans"),
            stock_no,
            delta: Decimal::from(-18),
            level_after: Decimal::from(left),
            unit: "g".to_owned(),
        }],
    }
}

async fn record(store: &Store, moves: &[StockMovedV1]) {
    let mut newest = NewestLevels::default();
    for moved in moves {
        newest.add_sale(moved, store.identity.edge_id);
    }
    store.journal.record_stock_moved(newest).await.unwrap();
}

#[tokio::test]
async fn stock_goes_down_with_each_sale_and_is_set_right_by_the_books() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    assert_eq!(level(&store, "beans").await, ("0".to_owned(), serde_json::Value::Null));
    for n in 2..=5 {
        store.till.sell(&format!("t{n}"), &session).await.ok(201);
    }
    // Never heard of the books: four lattes of 18 g below nothing.
    assert_eq!(level(&store, "beans").await.0, "-72");
    assert_eq!(level(&store, "oat drink").await.0, "-800");

    // The books had 1,000 g and took entries 2 and 3.
    let beans: StockItemId = sample_id("beans");
    let snapshot = StockSnapshotV1 {
        as_of: OPENING,
        edge_seq: SIGNED_IN + 3,
        levels: vec![StockLevel { stock_item_id: beans, stock_no: 2, level: Decimal::from(964) }],
    };
    store.journal.record_stock_snapshot(&snapshot).await.unwrap();
    let (left, as_of) = level(&store, "beans").await;
    assert_eq!((left.as_str(), as_of), ("928", OPENING.to_string().into()));

    // Entry 4 was booked, and somebody else's sale besides.
    let edge = store.identity.edge_id;
    let other = EdgeId::from_uuid(Uuid::nil());
    let moves = [moved(edge, 4, 3, 946), moved(other, 77, 4, 928)];
    record(&store, &moves).await;
    assert_eq!(level(&store, "beans").await.0, "910");
    // The same again, and an older one, change nothing.
    record(&store, &moves).await;
    record(&store, &moves[..1]).await;
    assert_eq!(level(&store, "beans").await.0, "910");

    let store = store.restart().await;
    assert_eq!(level(&store, "beans").await.0, "910");
    // Everything is booked.
    record(&store, &[moved(edge, 5, 5, 910)]).await;
    store.journal.record_stock_snapshot(&snapshot).await.unwrap();
    assert_eq!(level(&store, "beans").await.0, "910");
    store.till.sell("t6", &session).await.ok(201);
    assert_eq!(level(&store, "beans").await.0, "892");
}
